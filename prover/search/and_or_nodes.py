"""The nodes of an AND/OR search: goals, of which one move has to work, and moves, of which all goals have to be proved.

Goals of a state that share no metavariables are independent, and each is a `Problem` of its own; goals that may share
some stay together as one. Problems of one key (equivalence.py) are one, wherever they come up, so this is a graph; it
has no cycles.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from lean_env.session.leandojo import TacticState
from prover.search.equivalence import has_metavariables
from prover.search.graph import ProofStep
from prover.search.proposals import Kept


class Status(Enum):
    """What is known of a problem. DEAD: every move was tried and none is left."""

    OPEN = auto()
    PROVED = auto()
    DEAD = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """Where goals stand in a live state: `size` of its printed `goals` from `offset` on. `number`: of the state in the
    search graph."""

    state: TacticState
    number: int
    goals: tuple[str, ...]
    offset: int
    size: int

    @property
    def text(self) -> str:
        """The goals themselves."""
        return "\n\n".join(self.goals[self.offset : self.offset + self.size])

    @property
    def others(self) -> tuple[str, ...]:
        """The state's other goals, in the order in which they follow these ones when these ones stand first."""
        return self.goals[self.offset + self.size :] + self.goals[: self.offset]


def independent(goals: Sequence[str]) -> list[tuple[int, int]]:
    """The independent parts of printed goals, as (offset, size): each goal by itself, or all together where
    metavariables may join them."""
    if has_metavariables("\n\n".join(goals)):
        return [(0, len(goals))]
    return [(offset, 1) for offset in range(len(goals))]


@dataclass(frozen=True, slots=True)
class Proof:
    """How `size` goals were proved that print as `text`: the tactic at the first one, and the proofs of what that left.
    `order`: the step's number in the search graph."""

    text: str
    size: int
    step: ProofStep
    order: int
    parts: tuple[Proof, ...] = ()

    def script(self) -> Iterator[Proof]:
        """Its steps in the order in which Lean runs them one after the other."""
        pending = [self]
        while pending:
            now = pending.pop()
            yield now
            pending.extend(reversed(now.parts))


@dataclass(slots=True, eq=False)
class Problem:
    """An OR node. g is the cost of the branch that leads to it, L that branch's length; f is the least f of what can be
    tried below it, as in best-first search."""

    place: Place
    key: tuple[Hashable, ...]
    g: float
    L: int
    f: float
    #: The move that first led here, None at the root; all moves that have it among their parts.
    made_by: Move | None
    parents: list[Move] = field(default_factory=list)
    #: The proposals that were not tried, best first; None: the policy was not asked. The first of them, with its f.
    untried: Iterator[Kept] | None = None
    next: Kept | None = None
    next_f: float = 0.0
    #: What its goals are expected to cost, once the policy was asked.
    h: float = 0.0
    #: Moves that may still work.
    moves: list[Move] = field(default_factory=list)
    visits: int = 0
    #: Descents by way of it whose tactic has not run yet.
    waiting: int = 0
    status: Status = Status.OPEN
    proof: Proof | None = None

    @property
    def text(self) -> str:
        return self.place.text

    def above(self) -> set[Problem]:
        """Every problem from which this one can be reached, itself included."""
        found, pending = {self}, [self]
        while pending:
            for move in pending.pop().parents:
                if move.source not in found:
                    found.add(move.source)
                    pending.append(move.source)
        return found

    def branch(self) -> Iterator[Problem]:
        """This problem and those above it by which it was first reached."""
        now: Problem | None = self
        while now is not None:
            yield now
            now = now.made_by.source if now.made_by is not None else None


@dataclass(slots=True, eq=False)
class Part:
    """One of the problems that a move leaves, and where the move left it. The problem's own place is another one if it
    was known before."""

    problem: Problem
    place: Place


@dataclass(slots=True, eq=False)
class Move:
    """An AND node: a tactic that Lean took, and the parts that it left. `order`: the step's number in the search
    graph."""

    source: Problem
    kept: Kept
    order: int
    parts: list[Part] = field(default_factory=list)
    visits: int = 0
    waiting: int = 0

    @property
    def open(self) -> list[Problem]:
        """What is left to prove, in order, each once."""
        return list(dict.fromkeys(p.problem for p in self.parts if p.problem.status is not Status.PROVED))

    def hardest(self) -> Problem:
        """The open part with the highest f: where it fails, the others are work for nothing. While a descent waits
        there, one with none."""
        return max(self.open, key=lambda problem: (-problem.waiting, problem.f))

    @property
    def f(self) -> float:
        """That of its hardest open part."""
        return max((problem.f for problem in self.open), default=0.0)
