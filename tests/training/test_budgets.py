"""Steps by effort: never fewer than anybody gets, and refused where nothing is graded."""

from __future__ import annotations

import pytest

from corpus.records import TheoremRecord
from training.budgets import own_steps
from training.config import ConfigError


def graded(name: str, effort: int | None) -> TheoremRecord:
    extra = {} if effort is None else {"effort": effort, "rung": 0}
    return TheoremRecord(name, ": True", name, "Init", None, "train", "graded", extra=extra)


def test_steps_follow_effort_and_do_not_fall_below_what_all_get() -> None:
    theorems = [graded("low", 4), graded("middle", 17), graded("high", 106), graded("ungraded", None)]
    assert own_steps(theorems, 64, 4.0) == {"low": 64, "middle": 68, "high": 424, "ungraded": 64}
    assert own_steps(theorems, 64, 1.5)["middle"] == 64 and own_steps(theorems[:2], 8, 1.5)["middle"] == 26


def test_without_a_factor_all_get_the_same_and_with_one_something_must_be_graded() -> None:
    assert own_steps([graded("a", 106), graded("b", None)], 64, 0.0) == {"a": 64, "b": 64}
    with pytest.raises(ConfigError, match="lean-logic-rungs has such"):
        own_steps([graded("b", None)], 64, 4.0)
