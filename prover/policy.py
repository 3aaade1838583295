"""The policy contract: states in, tactics with log-probabilities out, several states in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lean_env.theorem import Theorem


@dataclass(frozen=True, slots=True)
class PolicyQuery:
    """A printed tactic state to act on. `seed` is the node's own random stream (theorem, node, round): a policy that
    draws must draw from it alone, so that the answer does not depend on what else is in the batch."""

    theorem: Theorem
    state: str
    seed: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One tactic with its natural log-probability; `template` names its form (for costs and statistics, else '');
    `count`: how often it was drawn. A policy that writes whole proofs has one in place of a tactic."""

    tactic: str
    log_prob: float
    template: str = ""
    count: int = 1


@runtime_checkable
class Valuing(Protocol):
    """A policy that can also say how far from done a goal is."""

    def steps_left(self, query: PolicyQuery) -> float:
        """How many steps the longest branch of a proof of the query's first goal is expected to take; 0: not known."""
        ...


class Policy(Protocol):
    """Anything that proposes tactics: a trained network, the grammar, the portfolio.

    A class that says `portable = True` has pickles, and each search process gets its own copy. Any other policy stays
    in the process that started the round and is asked from there (prover/rounds/messages.py)."""

    @property
    def name(self) -> str: ...

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        """For each query its proposals, best first, without duplicates. Deterministic given the queries' seeds."""
        ...
