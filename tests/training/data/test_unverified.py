"""What an experiment without a verifier learns: the model's favourites, whatever Lean said of them."""

from __future__ import annotations

import math

from corpus.records import SearchTree, TreeState, TreeStep
from training.data.unverified import sure_steps


def step(source: int, target: int | None, tactic: str, probability: float, outcome: str) -> TreeStep:
    return TreeStep(0, source, target, tactic, "", math.log(probability), outcome, "", target is not None, 0.0, 0)


STATES = tuple(TreeState(text, 1, 0) for text in ("⊢ p → p", "h : p ⊢ p", "h : p ⊢ q"))
TREE = SearchTree(
    "policy",
    "proved",
    STATES,
    (
        step(0, 1, "intros", 1.0, "advanced"),
        step(1, None, "exact h", 0.3, "proved"),
        step(1, None, "constructor", 0.6, "failed"),
        step(2, None, "trivial", 0.4, "failed"),
    ),
    (0, 1),
)


def test_the_likeliest_tactic_of_a_state_counts_and_not_the_one_that_proved() -> None:
    assert [(one.state, one.tactic) for one in sure_steps(TREE, 0.5)] == [("h : p ⊢ p", "constructor")]


def test_less_sureness_asked_for_gives_more_and_the_free_intros_never() -> None:
    assert [one.tactic for one in sure_steps(TREE, 0.4)] == ["constructor", "trivial"]
    assert sure_steps(TREE, 0.7) == []
