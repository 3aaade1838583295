"""What the coordinator of a round and its search processes say to each other, and how policies travel.

Both ends are this program, so messages are pickles over a socket pair, each with its length before it. What Lean said
arrives in them as plain strings and numbers, which the searcher has read as JSON.

A policy whose class says `portable = True` goes to every search process as its own pickle. Its action space stays
behind: it holds the library's index, 120 MB, and each process opens its own; what ranks its premises goes along. Any
other policy (a model on a GPU, a server) stays with the coordinator and is asked over the same socket.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lean_env.embedded.pool import PoolCounters
from lean_env.theorem import Theorem
from prover.actions.premise_scorer import PremiseScorer
from prover.actions.repertoire import Repertoire
from prover.actions.space import ActionSpace
from prover.policy import Policy, PolicyQuery, Proposal
from prover.rounds.attempt import Searched
from prover.search.budget import Budget
from prover.search.contract import Search
from prover.search.graph import ProofStep

# --- to a search process ---


@dataclass(frozen=True, slots=True)
class Keep:
    """A policy for the searches to come, by number. No `pickled`: it is asked by `Ask`."""

    policy: int
    pickled: bytes | None


@dataclass(frozen=True, slots=True)
class Forget:
    """These policies are not used any more."""

    policies: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One search to make; the process answers with `Done`."""

    theorem: Theorem
    policy: int
    budget: Budget
    search: Search
    source: str
    seed: int
    minimize_steps: int
    closers: tuple[ProofStep, ...]
    keep_trees: bool
    closed_goals: int


@dataclass(frozen=True, slots=True)
class Answer:
    """To an `Ask`: proposals for each query and the seconds that they took; None where the policy failed."""

    proposals: Sequence[Sequence[Proposal]] | None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """The search under way is to end before its next tactic."""


# --- from a search process ---


@dataclass(frozen=True, slots=True)
class Ready:
    """It can search."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The search under way goes on."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What does the policy propose here?"""

    policy: int
    queries: Sequence[PolicyQuery]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a search; None when it was stopped. Counters are of the process's whole life, its workers by what
    they do; `cpu_seconds` its own processor time."""

    searched: Searched | None
    counters: Mapping[str, PoolCounters]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """The program is at fault, not the theorem. `error` is None where it cannot be pickled."""

    error: BaseException | None
    trace: str


# --- policies ---


def pack_policy(policy: Policy) -> bytes | None:
    """A portable policy without its action space; None for one that stays here."""
    if not getattr(policy, "portable", False):
        return None
    buffer = io.BytesIO()
    _WithoutSpace(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(policy)
    return buffer.getvalue()


def unpack_policy(pickled: bytes, space: Callable[[Repertoire], ActionSpace]) -> Policy:
    """The policy, over the action space that is made here."""
    policy: Policy = _WithSpace(io.BytesIO(pickled), space).load()
    return policy


class _WithoutSpace(pickle.Pickler):
    def persistent_id(self, obj: Any) -> tuple[Literal["space"], Repertoire, PremiseScorer | None] | None:
        return ("space", obj.repertoire, obj.scorer) if isinstance(obj, ActionSpace) else None


class _WithSpace(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, space: Callable[[Repertoire], ActionSpace]) -> None:
        super().__init__(file)
        self._space = space

    def persistent_load(self, pid: tuple[str, Repertoire, PremiseScorer | None]) -> ActionSpace:
        return self._space(pid[1]).with_scorer(pid[2])
