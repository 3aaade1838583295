"""What every search takes and gives: its settings, the free first step, and what it found at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prover.policy import Proposal
from prover.search.budget import Ended
from prover.search.graph import ProofStep, SearchGraph, TemplateStatistics

INTROS = Proposal("intros", 0.0, "intros")


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """The knobs of the search; defaults as measured on library theorems with a network of one million parameters.

    alpha: exponent of the length normalisation, 0 for none.
    edges_per_state: only the best so many proposals of a state enter the queue.
    batch: at most so many tactics go to Lean in one call (1-4), all of one state and from the head of the queue, and
        the states that they open are asked about in one policy call: for models to which that matters. The order is
        strictly best-first only with 1, since a tactic may open a state that would have gone before the batch's rest.
    noise: scale of the Gumbel noise on a proposal's log p (0 for none). It decides which edges are kept and when they
        run (Gumbel top-k), not the cost of what lies behind them; noise in the choice alone hardly explores.
    max_depth, max_state_chars, max_goals: states beyond are not searched from.
    """

    alpha: float = 0.5
    edges_per_state: int = 40
    batch: int = 1
    noise: float = 0.0
    max_depth: int = 12
    max_state_chars: int = 6000
    max_goals: int = 12


@dataclass(frozen=True, slots=True)
class Times:
    """Where an attempt's time went, in seconds.

    lean, model, other: wall-clock, waiting for a core or for a shared model included.
    cpu: what the attempt cost by itself: milliseconds inside Lean, time inside the model, and this thread's own
        processor time outside both. The axis on which arms are compared. The first two are wall-clock too, so it is
        processor time only while no more runs than there are cores: compare arms that ran on an otherwise idle machine.
    """

    lean: float = 0.0
    model: float = 0.0
    other: float = 0.0
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
