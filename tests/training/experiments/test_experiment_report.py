"""What several seeds of one configuration write: a climb where the statements are in rungs, solve rates elsewhere."""

from __future__ import annotations

from pathlib import Path

from countdown import FixedPolicy

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.search.budget import Budget
from training.experiments.experiment import Experiment, SeedRun
from training.experiments.report import write_experiment


def _evaluation(seed: int, solved: dict[str, int], graded: bool) -> Evaluation:
    """Arms that solve so many of ten statements, five a rung."""
    arms = []
    for arm, count in solved.items():
        found = []
        for n in range(10):
            status = AttemptStatus.PROVED if n < count else AttemptStatus.UNPROVED
            stratum, steps = f"rung-{n // 5:02}" if graded else "", 3 if n < count else None
            found.append(TheoremOutcome(f"t{n}", stratum, status, steps, 3, 0, 0.1, 0.1, 0.3, 0, 0.2))
        arms.append((Arm(arm, FixedPolicy(), Budget(16)), found))
    return gather(arms, interrupted=False, benchmark="b", split="valid", stratum="", seed=seed, test_evaluations=0)


def _written(folder: Path, graded: bool) -> tuple[str, str, str]:
    arms = {"grammar": 1, "M_0": 4, "M_1": 8}
    text = "theorem t : True := trivial"
    proofs = {arm: {f"t{n}": (2, text) for n in range(count)} for arm, count in arms.items()}
    seeds = tuple(SeedRun(n, (_evaluation(n, arms, graded),), proofs, {}) for n in range(2))
    write_experiment(Experiment("climb", seeds), "a title", folder)
    return tuple((folder / name).read_text() for name in ("curve.svg", "table.txt", "examples.md"))  # type: ignore[return-value]


def test_statements_in_rungs_are_drawn_as_a_climb_against_the_frozen_model(tmp_path: Path) -> None:
    curve, table, examples = _written(tmp_path, graded=True)
    assert "height: sum of the rungs" in curve and "M_0, frozen" in curve and "solved of each rung" in curve
    assert "climb, all strata: 10 theorems, seeds 0, 1" in table and "height" in table
    assert "## all strata, M_1: 8, 8 not by M_0 with more steps or lemmas" in examples


def test_without_rungs_the_curve_shows_solve_rates(tmp_path: Path) -> None:
    curve, table, _ = _written(tmp_path, graded=False)
    assert "solved, % of theorems" in curve and "height: sum" not in curve and "height" not in table
