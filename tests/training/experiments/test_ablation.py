"""Arms times seeds: what a file may say, differences that are paired by seed, and the floor of noise under them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from countdown import FixedPolicy
from rich.console import Console

from corpus.health import Health
from corpus.learned import Learned
from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.search.budget import Budget
from training.config import ConfigError
from training.experiments.ablation import Ablation, VariantRun
from training.experiments.ablation_report import as_json, render, write_ablation
from training.experiments.experiment import SeedRun
from training.experiments.variants import Variant, variants_of

ROOT = Path(__file__).parents[3]
FILE = """
benchmark = "lean-logic-rungs"
name = "try"
[round]
theorems = 11
[[arm]]
name = "flywheel"
[[arm]]
name = "frozen"
retrain = false
[[arm]]
name = "floor"
seeds = 1
round = { template_floor = 0.1 }
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> list[Variant]:
        file = tmp_path / "arms.toml"
        file.write_text(text, encoding="utf-8")
        return variants_of(file, 2, generations=1)

    return write


def test_an_arm_is_the_files_settings_with_its_own_laid_over(written) -> None:
    first, frozen, floor = written(FILE)
    assert [one.config.round.theorems for one in (first, frozen, floor)] == [11, 11, 11]
    assert (frozen.config.retrain, floor.config.retrain, floor.config.round.template_floor) == (False, True, 0.1)
    assert (first.seeds, floor.seeds, floor.changes) == (2, 1, {"round": {"template_floor": 0.1}})
    assert (floor.run(1).name, floor.run(1).seed, floor.run(1).generations) == ("try-floor-s1", 1, 1)
    # The benchmark's preset is below all of it.
    assert first.config.search.max_depth == 160
    assert written('benchmark = "lean-logic"\n') == []


def test_the_arms_that_results_ask_for_are_settings_that_there_are() -> None:
    found = {one.name: one for one in variants_of(ROOT / "results" / "lean_logic_rungs_arms.toml", 2)}
    assert {name for name, one in found.items() if one.seeds == 6} == {"flywheel", "frozen", "closed-goals"}
    assert len({one.config.digest() for one in found.values()}) == len(found) == 11, "each arm changes something"


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ('nmae = "x"', "needs a name"),
        ('name = "a b"', "needs a name of letters"),
        ('name = "flywheel"', "two arms are called 'flywheel'"),
        ('name = "x"\nseeds = 0', "one seed or more, not 0"),
        ('name = "x"\nround = { thoerems = 3 }', "arm 'x': configuration: round.thoerems"),
        ('name = "x"\nevaluation = { steps = 7 }', "same theorems at equal steps"),
        ('name = "x"\nbenchmark = "lean-core"', "same theorems at equal steps"),
        ('name = "x"\nsoft_ms = 7', "limits of a tactic"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(written, arm: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        written(f"{FILE}[[arm]]\n{arm}\n")


def evaluation(rungs: bool, **solved: int) -> Evaluation:
    """Of 40 theorems each arm proves the first so many; they are in two rungs, or in none."""

    def outcome(number: int, proved: bool) -> TheoremOutcome:
        stratum = f"rung-{number // 20:02}" if rungs else "hard"
        status = AttemptStatus.PROVED if proved else AttemptStatus.UNPROVED
        return TheoremOutcome(f"t{number:02}", stratum, status, 3 if proved else None, 3, 0, 0.1, 0.1, 0.3, 0, 0.2)

    arms = [
        (Arm(name, FixedPolicy(), Budget(64)), [outcome(number, number < count) for number in range(40)])
        for name, count in solved.items()
    ]
    about = {"benchmark": "b", "split": "valid", "stratum": "", "seed": 0, "test_evaluations": 0}
    return gather(arms, interrupted=False, **about)


def found(verified: int, base: str = "same") -> Learned:
    figures = {"pass@1": 0.5, "one_opening": None}
    return Learned(
        base, verified, verified // 2, 1000, 600, 2_000_000, 12.0, 34.0, Health(figures, {"theorems": verified // 45})
    )


def ablation(variants: list[Variant], rungs: bool = False) -> Ablation:
    """Seed 1 of every arm proves four more than seed 0; the frozen arm has no M_1."""

    def run(seed: int, train: int, **solved: int) -> VariantRun:
        more = {name: count + 4 * seed for name, count in solved.items()}
        proofs = {"M_1": {f"t{number:02}": (number % 4, "text") for number in range(more.get("M_1", 0))}}
        proofs["M_1"]["of another evaluation"] = (99, "text")
        return VariantRun(SeedRun(seed, (evaluation(rungs, **more),), proofs, {}), train, 1000, found(train))

    runs = {("flywheel", seed): run(seed, 90, portfolio=36, M_0=10, M_1=30) for seed in (0, 1)}
    runs |= {("frozen", seed): run(seed, 50, portfolio=36, M_0=10) for seed in (0, 1)}
    runs |= {("floor", 0): run(0, 95, portfolio=36, M_0=10, M_1=32)}
    return Ablation("try", tuple(variants), runs)


def test_differences_are_paired_by_seed_and_the_floor_is_between_seeds_of_one_arm(written) -> None:
    found = ablation(written(FILE))
    rows = {row.label: row for row in found.rows("")}
    assert list(rows) == ["flywheel", "frozen", "floor", "flywheel: portfolio", "flywheel: M_0"]
    assert rows["flywheel"].solved == (30, 34) and rows["flywheel"].rate.difference is None
    lengths = [number % 4 for count in (30, 34) for number in range(count)]
    assert rows["flywheel"].length == pytest.approx(sum(lengths) / len(lengths))
    assert rows["flywheel"].floor == pytest.approx(0.1) and rows["flywheel"].train_solved == (90, 90)
    frozen, floor = rows["frozen"].rate, rows["floor"].rate
    # 10 and 14 of 40 against 30 and 34: half of them whatever the seed, so that the spread is that of theorems alone.
    assert frozen.difference == pytest.approx(-0.5) and frozen.resolved
    # Seed 0 alone has both: 32 against 30, not 32 against the mean of 30 and 34.
    assert floor.difference == pytest.approx(0.05) and not floor.resolved
    assert rows["flywheel: M_0"].rate == frozen and rows["flywheel: M_0"].train_solved == ()
    assert found.missing == [] and found.curve("frozen", "").keys() == {0} and found.curve("floor", "").keys() == {0, 1}


def test_in_rungs_the_table_compares_heights(written, tmp_path: Path) -> None:
    found = ablation(written(FILE), rungs=True)
    row = next(row for row in found.rows("") if row.label == "frozen")
    # Rung 0 in full and half or 14 of 20 of rung 1, against half or 14 of 20 of rung 0.
    assert row.height is not None and row.height.value == pytest.approx(0.6) and row.height.difference == -1.0
    files = write_ablation(found, "t", tmp_path)
    assert {file.name for file in files} == {"table.txt", "ablation.json", "curve.svg", "curve.png"}
    table = (tmp_path / "table.txt").read_text(encoding="utf-8")
    first, second = re.search(r"arm +r0 +r1 +height.*\n.*\n flywheel +(\d+) +(\d+) ", table).groups()
    assert (first, second) == ("100", "60"), "by rung: all 20 of the lower, 10 and 14 of the upper one"
    assert re.search(r"flywheel +90 +45 +1,000 +600 +2,000 +12 +34 +50 % +– ", table), "what it found and what it took"
    assert "one opening are of 1 to 2 held-out theorems an arm and seed" in table, "so few say little"
    assert "M_0 of one seed has the same weights in all arms." in table
    assert "-1.00 [" in table and "Noise floor" in table and "flywheel 10.0%" in table
    assert 'floor: {"round": {"template_floor": 0.1}}' in table
    assert json.loads((tmp_path / "ablation.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(as_json(found))
    )


def test_an_arm_that_began_from_another_model_is_named(written) -> None:
    whole = ablation(written(FILE))
    run = whole.runs["frozen", 1]
    other = replace(run, learned=found(50, "other"))
    apart = replace(whole, runs={**whole.runs, ("frozen", 1): other})
    assert (whole.other_bases, apart.other_bases) == ([], ["frozen"])
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(render(apart))
    assert "M_0 has other weights than that of flywheel with the same seed: frozen." in console.export_text()


def test_what_is_still_to_run_is_said(written) -> None:
    variants = written(FILE)
    whole = ablation(variants)
    part = Ablation("try", tuple(variants), {("flywheel", 0): whole.runs["flywheel", 0]})
    assert part.missing == [("flywheel", 1), ("frozen", 0), ("frozen", 1), ("floor", 0)]
    (row, *_) = part.rows("")
    assert row.seeds == (0,) and row.floor != row.floor, "one seed has no floor"
