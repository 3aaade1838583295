"""What several arms reach together."""

from __future__ import annotations

from countdown import FixedPolicy

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.evaluation.reach import Share, reach
from prover.evaluation.report import report_json, report_text
from prover.search.budget import Budget

POLICY = FixedPolicy(("sub 1", -0.5), name="any")


def evaluation(steps: int = 64, **solved: str) -> Evaluation:
    """Of the theorems a to h, each arm solves the letters of its word, in as many steps as it was given."""
    found = []
    for arm, word in solved.items():
        outcomes = [
            TheoremOutcome(
                name,
                "hard",
                AttemptStatus.PROVED if name in word else AttemptStatus.UNPROVED,
                steps if name in word else None,
                steps,
                0,
                1.0,
                0.0,
                1.0,
                0,
                1.0,
            )
            for name in "abcdefgh"
        ]
        found.append((Arm(arm, POLICY, Budget(steps)), outcomes))
    about = {"benchmark": "b", "split": "valid", "stratum": "", "seed": 0, "test_evaluations": None}
    return gather(found, interrupted=False, **about)


def test_each_arm_has_its_part():
    reached = reach(evaluation(portfolio="abc", M_0="bc", M_1="cde"))
    assert reached.shares == (Share("portfolio", 3, 1, 3), Share("M_0", 2, 0, 3), Share("M_1", 3, 2, 5))
    assert (reached.solved, reached.theorems, reached.rate) == (5, 8, 0.625)
    assert 0.2 < reached.interval.low < 0.625 < reached.interval.high <= 1


def test_no_arm_reaches_nothing():
    nothing = reach(evaluation())
    assert (nothing.shares, nothing.solved, nothing.theorems, nothing.rate) == ((), 0, 0, 0.0)


def test_the_report_has_it():
    one = evaluation(portfolio="abc", M_1="cde")
    assert "What any arm solves: 5 of 8, 62.5% [" in report_text(one, [])
    assert report_json(one, [])["reach"]["solved"] == 5
    assert "What any arm solves" not in report_text(evaluation(portfolio="abc"), [])


def test_long_searches_are_counted_at_more_steps():
    short, long = evaluation(64, portfolio="abc"), evaluation(600, portfolio="abc")
    assert "@128" in report_text(short, []) and "@256" not in report_text(short, [])
    assert "@512" in report_text(long, []) and "@1024" not in report_text(long, [])
    (row,) = long.rows()
    assert row.solved_at == {8: 0, 16: 0, 32: 0, 64: 0, 128: 0, 256: 0, 512: 0} and row.solved == 3
