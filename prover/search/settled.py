"""Which states are not worth a step any more, because the goal that they work on is settled elsewhere.

Tactics act on a state's first goal; the others wait. Once some way of closing the first goal of a state has led to the
bare rest, every other way leads to that same rest, so whatever is open below the state and does not come after the
first way is obsolete. This is what an AND/OR tree has over a list of whole states (HyperTree Proof Search, Lample et
al. 2022, arXiv:2205.11491, section 3), without splitting states: goals that share metavariables (`?`) are left alone.

Goals are compared by their keys (equivalence.py).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from prover.search.equivalence import weaker

Goals = tuple[Hashable, ...]


@dataclass(slots=True)
class Settled:
    """The tree of states as search grew it. Numbers are the search graph's."""

    parents: dict[int, int | None] = field(default_factory=dict)
    goals: dict[int, Goals] = field(default_factory=dict)
    #: State whose first goal is closed -> the state that has only its other goals.
    rest: dict[int, int] = field(default_factory=dict)
    #: States some goals of which have metavariables.
    shared: set[int] = field(default_factory=set)

    def add(self, number: int, parent: int | None, goals: Goals, *, shared: bool = False) -> None:
        """A new state with the keys of its goals, reached from `parent` (None for the root). `shared`: its goals may
        share metavariables."""
        self.parents[number] = parent
        self.goals[number] = goals
        if shared:
            self.shared.add(number)
        if parent is not None:
            self.reach(number, parent)

    def reach(self, number: int, source: int) -> None:
        """A tactic on `source` led to the state `number`, which may be known from elsewhere."""
        left = self.goals[number]
        above: int | None = source
        while above is not None:
            goals = self.goals[above]
            if len(goals) == len(left) + 1 and goals[1:] == left and above not in self.shared:
                self.rest.setdefault(above, number)
            above = self.parents[above]

    def circular(self, goals: Goals, source: int) -> bool:
        """Whether a tactic on `source` left a goal that asks no less than an open goal above it, from no more: whoever
        closes the new one could have closed the old one that way (the loop check of sequent calculus)."""
        new = goals[: max(0, len(goals) - len(self.goals[source]) + 1)]  # a tactic may close several at once
        above: int | None = source
        lowest = len(goals)
        while above is not None:
            opened = self.goals[above]
            if len(opened) <= lowest and any(weaker(goal, opened[0]) for goal in new):
                return True
            lowest = min(lowest, len(opened))
            above = self.parents[above]
        return False

    def obsolete(self, number: int) -> bool:
        """Whether the first goal of this state, or of one above it that is still being worked on, is closed."""
        seen: set[int] = set()
        above: int | None = number
        while above is not None:
            seen.add(above)
            rest = self.rest.get(above)
            if rest is not None and rest not in seen:
                return True
            above = self.parents[above]
        return False
