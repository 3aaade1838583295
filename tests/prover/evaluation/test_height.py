"""Height: the sum of the rungs' solve rates, with its interval, in tables, JSON and pictures."""

from __future__ import annotations

import numpy as np
import pytest
from countdown import FixedPolicy

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.evaluation.height import heights, sum_interval
from prover.evaluation.height_plot import plot_heights
from prover.evaluation.report import report_json, report_text
from prover.evaluation.statistics import two_way_sum_interval
from prover.search.budget import Budget

#: Theorems of each rung: one rung has twice as many, and counts no more for it.
SIZES = {0: 10, 1: 20, 2: 10}


def outcome(rung: int, number: int, proved: bool) -> TheoremOutcome:
    status = AttemptStatus.PROVED if proved else AttemptStatus.UNPROVED
    name = f"r{rung}.{number}"
    return TheoremOutcome(name, f"rung-{rung:02}", status, 3 if proved else None, 3, 0, 0.1, 0.1, 0.3, 0, 0.2)


def evaluation(**solved: tuple[int, int, int]) -> Evaluation:
    """Arms that solve so many of each rung, the first ones."""
    arms = [
        (
            Arm(name, FixedPolicy(), Budget(64)),
            [outcome(rung, n, n < counts[rung]) for rung, size in SIZES.items() for n in range(size)],
        )
        for name, counts in solved.items()
    ]
    about = {"benchmark": "b", "split": "valid", "stratum": "", "seed": 0, "test_evaluations": 0}
    return gather(arms, interrupted=False, **about)


CLIMB = evaluation(grammar=(2, 0, 0), M_0=(5, 2, 0), M_1=(10, 10, 1))


def test_each_rung_counts_alike_whatever_its_size() -> None:
    grammar, m_0, m_1 = heights(CLIMB)
    assert (m_1.height, m_0.height, grammar.height) == pytest.approx((1 + 0.5 + 0.1, 0.5 + 0.1, 0.2))
    assert m_1.interval.low < m_1.height < m_1.interval.high
    assert m_0.difference is None and m_1.difference == pytest.approx(1.0)
    assert m_1.difference_interval is not None and m_1.difference_interval.low > 0.5
    # What the lowest rung gives is sure: all of it is solved, so its share has no spread.
    assert m_1.interval.high - m_1.interval.low < 1.0


def test_the_interval_covers_what_it_should() -> None:
    rng = np.random.default_rng(0)
    rates = (0.9, 0.5, 0.1)
    covered = 0
    for _ in range(60):
        drawn = [list((rng.random(40) < rate).astype(float)) for rate in rates]
        interval = sum_interval(drawn)
        covered += interval.low <= sum(rates) <= interval.high
    assert covered >= 52


def test_seeds_that_differ_widen_the_interval() -> None:
    one = np.array([[1.0] * 5 + [0.0] * 5])
    alike, apart = np.repeat(one, 3, axis=0), np.array([[1.0] * 10, [0.0] * 10, [1.0] * 5 + [0.0] * 5])
    narrow, wide = two_way_sum_interval([alike, alike]), two_way_sum_interval([apart, apart])
    assert wide.high - wide.low > narrow.high - narrow.low


def test_reports_show_rungs_and_height_only_where_there_are_rungs(tmp_path) -> None:
    text = report_text(CLIMB, ["M_0"], 160)
    line = next(line for line in text.splitlines() if line.strip().startswith("M_1"))
    assert "r0" in text and "1.60 [" in line and "+1.00 [" in line
    assert [one["arm"] for one in report_json(CLIMB, [])["heights"]] == ["grammar", "M_0", "M_1"]
    svg, png = plot_heights(heights(CLIMB), "t", tmp_path / "rungs", {"this run": [0.125, 0.25]})
    drawn = svg.read_text(encoding="utf-8")
    assert all(word in drawn for word in ("M_1", "M_0, frozen", "grammar", "this run", ">100<"))
    assert png.stat().st_size > 5_000
    two = plot_heights(heights(CLIMB), "t", tmp_path / "two")[0].read_text(encoding="utf-8")
    assert "this run" not in two and "train statements" not in two
    flat = gather(
        [(Arm("M_0", FixedPolicy(), Budget(8)), [outcome(1, 1, True)])],
        benchmark="b",
        split="valid",
        stratum="hard",
        seed=0,
        test_evaluations=0,
        interrupted=False,
    )
    assert heights(flat) == [] and "height" not in report_text(flat, ["M_0"])
