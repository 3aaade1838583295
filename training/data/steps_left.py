"""How many steps a goal still takes: what the value head learns (AlphaProof, Hubert et al. 2025: the longest branch).

    steps_left(["⊢ p ∧ q", "⊢ p\\n\\n⊢ q", "⊢ q"])     # [2, 1, 1]

A proof is a list of tactics, each at the first goal of its state. So it is a tree: what a tactic leaves of its goal are
its children. A goal's count is that of the longest branch below it and not of all steps, because goals that share
nothing can be proved side by side, and the hardest of them says how far the proof is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.goal import goal_texts


@dataclass(slots=True)
class _Goal:
    above: _Goal | None
    #: Steps of its longest branch, known once all below are closed.
    left: int = field(default=0)


def steps_left(states: Sequence[str]) -> list[int]:
    """For each state of a proof, in its order, the steps on the longest branch of the first goal, that state's own step
    included. A tactic that closes other goals, too (by the values of metavariables), ends them where they stand."""
    counts = [len(goal_texts(state)) for state in states]
    open_ = [_Goal(None) for _ in range(counts[0] if counts else 0)]
    worked: list[_Goal] = []
    for now, after in zip(counts, [*counts, 0][1:], strict=True):
        goal = open_.pop() if open_ else _Goal(None)
        worked.append(goal)
        left = after - now + 1
        open_.extend(_Goal(goal) for _ in range(left))
        for _ in range(min(-left, len(open_))):
            open_.pop()
    for goal in reversed(worked):
        goal.left += 1
        if goal.above is not None:
            goal.above.left = max(goal.above.left, goal.left)
    return [goal.left for goal in worked]
