"""The figures of the health panel against values worked out by hand, or by counting everything."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.health.statistics import (
    calibration,
    divergence,
    entropy,
    inherited,
    mean_pass_at,
    openings,
    pass_at,
    slope,
)


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_all_draws_of_k_attempts_that_hold_a_solved_one(attempts: int, data) -> None:
    solved, k = data.draw(st.integers(0, attempts)), data.draw(st.integers(1, attempts))
    draws = list(combinations([True] * solved + [False] * (attempts - solved), k))
    assert pass_at(attempts, solved, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_is_unbiased_where_the_plug_in_estimate_is_not() -> None:
    """Over all outcomes of four attempts that each solve with 0.3, the mean of the estimate is 1 - 0.7^2 exactly."""
    estimate = plug_in = 0.0
    for outcome in product([True, False], repeat=4):
        solved = sum(outcome)
        chance = 0.3**solved * 0.7 ** (4 - solved)
        estimate += chance * pass_at(4, solved, 2)
        plug_in += chance * (1 - (1 - solved / 4) ** 2)
    assert estimate == pytest.approx(1 - 0.7**2) and plug_in < estimate - 0.04


@pytest.mark.parametrize(("attempts", "solved", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 5), (4, 2, 0)])
def test_impossible_counts_are_refused(attempts: int, solved: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at(attempts, solved, k)


def test_the_mean_takes_theorems_with_enough_attempts_and_the_slope_is_a_gain_a_doubling() -> None:
    tries = {"a": [True, False, False, False], "b": [False] * 4, "c": [True]}
    assert mean_pass_at(tries, 1) == pytest.approx((0.25 + 0 + 1) / 3)
    assert mean_pass_at(tries, 4) == pytest.approx(0.5)
    assert mean_pass_at(tries, 5) is None
    assert slope({1: 0.2, 8: 0.5, 32: 0.7}) == pytest.approx(0.1)
    assert slope({1: 0.4, 8: 0.4, 32: 0.4}) == pytest.approx(0)
    assert slope({1: 0.4, 8: None}) is None


def test_openings_count_heads_where_there_are_two_proofs() -> None:
    found = openings({"a": ["intro", "intro"], "b": ["intro", "cases", "cases"], "c": ["exact"], "d": []})
    assert found is not None and (found.theorems, found.heads, found.alike) == (2, 1.5, 0.5)
    assert openings({"c": ["exact"], "d": []}) is None


def test_entropy_and_divergence_in_nats() -> None:
    even, sure = np.log(np.full(4, 0.25)), np.log([0.7, 0.1, 0.1, 0.1])
    assert entropy(even) == pytest.approx(math.log(4))
    assert entropy(np.array([0.0, -math.inf])) == 0
    assert divergence(even, even) == 0
    assert divergence(sure, even) == pytest.approx(math.log(4) - entropy(sure))
    assert divergence(np.array([0.0, -math.inf]), np.log([0.5, 0.5])) == pytest.approx(math.log(2))
    assert divergence(np.log([0.5, 0.5]), np.array([0.0, -math.inf])) == math.inf


def test_calibration_by_bins() -> None:
    """Two states at 0.95 of which one is right, two at 0.15 of which none is: (2 * 0.45 + 2 * 0.15) / 4."""
    found = calibration([0.95, 0.95, 0.15, 0.15], [True, False, False, False])
    assert found is not None
    assert found.error == pytest.approx(0.3) and found.confidence == pytest.approx(0.55)
    assert found.accuracy == 0.25 and found.excess == pytest.approx(0.3)
    perfect = calibration([1.0, 1.0], [True, True])
    assert perfect is not None and perfect.error == 0, "the last bin holds 1"
    assert calibration([], []) is None


def test_errors_on_both_sides_do_not_cancel_in_the_calibration_error() -> None:
    found = calibration([0.95, 0.45], [False, True])
    assert found is not None and found.error == pytest.approx((0.95 + 0.55) / 2)
    assert abs(found.excess) == pytest.approx(0.2)


def test_inherited_mistakes_are_those_of_the_teacher_that_the_student_repeats() -> None:
    right = [{0}, {0}, {0, 1}, {3}]
    assert inherited([1, 2, 1, 3], [1, 0, 2, 2], right) == 0.5, "of two mistakes one is repeated"
    assert inherited([0, 0], [1, 1], [{0}, {0}]) is None
