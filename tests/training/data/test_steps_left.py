"""How many steps a goal of a proof still takes."""

import pytest

from training.data.steps_left import steps_left


def state(*goals: str) -> str:
    return "\n\n".join(f"⊢ {goal}" for goal in goals)


@pytest.mark.parametrize(
    ("states", "left"),
    [
        ([], []),
        ([state("a")], [1]),
        ([state("a"), state("b"), state("c")], [3, 2, 1]),
        # Two goals side by side: the longer one counts.
        ([state("a"), state("b", "c"), state("c"), state("d")], [3, 1, 2, 1]),
        ([state("a"), state("b", "c"), state("d", "c"), state("e", "c"), state("c")], [4, 3, 2, 1, 1]),
        # A goal below a goal, then what waited.
        ([state("a", "z"), state("b", "c", "z"), state("c", "z"), state("z"), state("y")], [2, 1, 1, 2, 1]),
        # The second step closes the goal that waited, too, by a metavariable.
        ([state("a"), state("b", "?m", "z"), state("z"), state("y")], [3, 1, 2, 1]),
        ([state("a"), state("b", "?m")], [2, 1]),
    ],
)
def test_the_longest_branch_counts(states: list[str], left: list[int]):
    assert steps_left(states) == left
