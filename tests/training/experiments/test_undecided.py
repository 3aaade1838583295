"""Statements searched on both sides over several seeds: counts by side and budget, differences to M_0, names."""

from __future__ import annotations

import pytest
from countdown import FixedPolicy
from rich.console import Console

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.decided import Side
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.search.budget import Budget
from training.experiments.experiment import Experiment, SeedRun
from training.experiments.undecided import by_grade, named, undecided, undecided_table

NAMES = tuple(f"s{number:02d}" for number in range(20))
#: By arm, after how many steps each of these is certified. M_1 is ahead on both sides, M_0 at the whole budget late.
SOLVED: dict[str, dict[str, int]] = {
    "portfolio": {"s00": 2},
    "M_0": {f"s{n:02d}": 4 for n in range(4)} | {f"not.s{n:02d}": 12 for n in range(10, 12)},
    "M_1": {f"s{n:02d}": 4 for n in range(8)} | {f"not.s{n:02d}": 6 for n in range(10, 16)},
    "M_0 at the whole budget": {f"s{n:02d}": 30 for n in range(7)} | {f"not.s{n:02d}": 90 for n in range(10, 15)},
}


def _evaluation(seed: int, solved: dict[str, dict[str, int]]) -> Evaluation:
    arms = []
    for arm, steps in solved.items():
        found = []
        for name in (*NAMES, *(f"not.{name}" for name in NAMES)):
            status = AttemptStatus.PROVED if name in steps else AttemptStatus.UNPROVED
            found.append(TheoremOutcome(name, "", status, steps.get(name), 3, 0, 0.1, 0.1, 0.3, 0, 0.2))
        budget = Budget(100 if arm.endswith("budget") else 16)
        arms.append((Arm(arm, FixedPolicy(), budget), found))
    return gather(arms, interrupted=False, benchmark="b", split="test", stratum="", seed=seed, test_evaluations=0)


def _experiment(**changes: dict[str, int]) -> Experiment:
    other = {**SOLVED, **changes}
    seeds = (
        SeedRun(number, (_evaluation(number, solved),), {}, {}) for number, solved in enumerate((SOLVED, other, SOLVED))
    )
    sides = {name: Side(f"not.{name}", "easy" if name < "s05" else "hard") for name in NAMES}
    return Experiment("both", tuple(seeds), sides)


def test_counts_by_side_budget_and_seed() -> None:
    found = {(one.steps, one.arm): one for one in undecided(_experiment(M_1=SOLVED["M_0"]))}
    first = found[8, "M_0"]
    assert (first.true, first.false, first.open) == ((4, 4, 4), (0, 0, 0), (16, 16, 16))
    assert first.difference is None and first.share == pytest.approx(0.8)
    last = found[16, "M_1"]
    assert (last.true, last.false, last.open) == ((8, 4, 8), (6, 2, 6), (6, 14, 6))
    assert last.difference == pytest.approx((6 + 14 + 6 - 3 * 14) / 60) and last.statements == 20
    # A budget of its own is counted once, at its end.
    assert (8, "M_0 at the whole budget") not in found
    assert found[16, "M_0 at the whole budget"].open == (8, 8, 8)


def test_a_difference_is_resolved_only_if_its_interval_leaves_out_zero() -> None:
    (same,) = (one for one in undecided(_experiment(M_1=SOLVED["M_0"])) if (one.steps, one.arm) == (16, "portfolio"))
    assert same.difference is not None and same.difference > 0 and same.resolved
    (more,) = (one for one in undecided(_experiment()) if (one.steps, one.arm) == (16, "M_1"))
    assert more.difference == pytest.approx(-0.4) and more.interval is not None and more.interval.high < 0
    nothing = {**SOLVED["M_0"]}
    equal = Experiment("e", tuple(SeedRun(n, (_evaluation(n, {**SOLVED, "M_1": nothing}),), {}, {}) for n in range(3)))
    (none,) = (one for one in undecided(equal) if (one.steps, one.arm) == (16, "M_1"))
    assert none.difference == 0 and not none.resolved


def test_statements_by_name_that_only_the_last_generation_decides() -> None:
    found = named(_experiment(M_1=SOLVED["M_0"]), "M_1")
    assert found == {"s07": ["true in seed 0", "true in seed 2"], "s15": ["false in seed 0", "false in seed 2"]}


def test_the_tables_have_every_arm_and_grade() -> None:
    experiment = _experiment()
    graded = {one.arm: one for one in by_grade(experiment)}
    assert graded["M_1"].statements == {"easy": 15, "hard": 45}
    assert graded["M_1"].true == {"easy": 15, "hard": 9} and graded["M_1"].false == {"hard": 18}
    console = Console(width=160, record=True, file=None)
    with console.capture() as capture:
        console.print(undecided_table(undecided(experiment), "both"))
    assert "20 statements" in capture.get() and capture.get().count("M_1") == 2


def test_theorems_without_an_opposite_give_no_table() -> None:
    alone = {"M_0": {"s00": 1}}
    evaluation = _evaluation(0, alone)
    kept = evaluation.without({f"not.{name}" for name in NAMES})
    assert len(kept.arm("M_0").outcomes) == 20 and kept.arm("M_0").solved == {"s00"}
    assert undecided(Experiment("one side", (SeedRun(0, (kept,), {}, {}),))) == []
