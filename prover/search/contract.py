"""What every search takes and gives: `Search` is the protocol, `SearchResult` what it found and at what cost.

best_first.py is the search that everything uses unless another one is asked for; and_or.py is such another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy, Proposal
from prover.search.budget import Budget, Ended, never
from prover.search.closed import ClosedGoal
from prover.search.graph import ProofStep, SearchGraph, TemplateStatistics
from prover.search.samples import Sample

#: The first step of every search. It is free.
INTROS = Proposal("intros", 0.0, "intros")


@dataclass(frozen=True, slots=True)
class Times:
    """Where an attempt's time went, in seconds."""

    #: Wall-clock of each part, waiting for a core or for a shared model included.
    lean: float = 0.0
    model: float = 0.0
    other: float = 0.0
    #: What the attempt cost by itself: the axis on which arms are compared. It is the time inside Lean and this
    #: thread's processor time, a portable model's among it; of any other model it is the time inside. Lean's and such a
    #: model's are wall-clock, so compare arms that ran on an otherwise idle machine.
    cpu: float = 0.0

    def __add__(self, more: Times) -> Times:
        return Times(self.lean + more.lean, self.model + more.model, self.other + more.other, self.cpu + more.cpu)

    @property
    def wall(self) -> float:
        return self.lean + self.model + self.other


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found and what it cost. `heartbeats` in thousands; `steps_to_proof` is None without a proof."""

    ended: Ended
    proof: tuple[ProofStep, ...] | None
    steps: int
    heartbeats: int
    times: Times
    wall_limit_hits: int
    graph: SearchGraph = field(repr=False)
    #: Which of the graph's steps the proof is made of, in its order.
    solved: tuple[int, ...] = ()
    #: The proofs that a policy wrote as a whole, in its order, where they are asked for.
    samples: tuple[Sample, ...] = ()
    #: Goals that it closed, where it found no proof and searches goals by themselves.
    closed: tuple[ClosedGoal, ...] = ()

    @property
    def tactics(self) -> tuple[str, ...]:
        """The proof's tactics, () without a proof."""
        return tuple(step.tactic for step in self.proof or ())

    @property
    def steps_to_proof(self) -> int | None:
        return self.steps if self.proof is not None else None

    @property
    def nodes(self) -> int:
        return self.graph.states

    @property
    def templates(self) -> Mapping[str, TemplateStatistics]:
        return self.graph.template_statistics()

    @property
    def pruned(self) -> Mapping[str, int]:
        return self.graph.prune_counters()


class Search(Protocol):
    """A way to look for a proof. Its settings are its fields, and threads may share it."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it finds, besides policy, budget and seed. It is stored with a round."""
        ...

    def prove(
        self,
        session: ProofSession,
        root: TacticState,
        theorem: Theorem,
        policy: Policy,
        budget: Budget,
        *,
        seed: int = 0,
        stopped: Callable[[], bool] = never,
    ) -> SearchResult:
        """Looks for a proof of `root`, the open `theorem`, until it is found, the budget is spent or nothing is left.

        A proof found is a claim: only the gate makes it a proof. It is a list of tactics that run one after the other
        from `root`. `seed` is the round's: with it, order and result depend on theorem, policy and budget alone, never
        on the clock or on what else runs. All states that the search made are dropped before it returns; `root` stays
        the caller's. A dead worker ends it as CRASHED, a true `stopped()` (asked before each step) as STOPPED.
        """
        ...
