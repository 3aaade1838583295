"""The wheel on lean-logic in rungs, on the real Lean: the frontier's rounds, heights, what no proof uses."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.climb import climb
from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import outcomes
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus
from corpus.template_use import template_use
from lean_env.benchmark.lean_logic.rungs import RungConfig, Rungs
from prover.benchmarks.lean_logic import rungs_benchmark
from prover.evaluation.height import heights
from prover.evaluation.report import comparisons
from prover.lean import Lean
from training.config import ConfigError, FlywheelConfig
from training.events import Event
from training.experiments.run_report import train_rates, write_report
from training.flywheel import Flywheel

pytestmark = pytest.mark.timeout(900)


def not_again(_config: object) -> Rungs:
    raise AssertionError("made again")


def test_a_round_probes_each_rung_and_says_where_its_steps_went(tmp_path: Path) -> None:
    config = FlywheelConfig.load(
        None,
        benchmark="lean-logic-rungs",
        name="rungs",
        generations=1,
        workers=2,
        grammar_theorems=25,
        grammar_steps=32,
        round__theorems=16,
        round__steps=8,
        round__steps_per_effort=2,
        round__closed_goals=4,
        round__frontier=2,
        round__template_floor=0.2,
        round__disproofs=0,
        round__canaries=2,
        evaluation__theorems=8,
        evaluation__steps=8,
        evaluation__steps_per_effort=1.5,
        train__epochs=1,
    )
    with Lean(2, config.limits) as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        benchmark = rungs_benchmark(RungConfig(train=60, held_out=1, non_theorems=3, rungs=4))
        registered = benchmark.register(corpus, lean)
        # What is stored is not made again, but by another generator.
        assert replace(benchmark, load=not_again).register(corpus, lean) == registered
        with pytest.raises(AssertionError, match="again"):
            replace(benchmark, load=not_again, generator=0).register(corpus, lean)
        unsplit = config.model_copy(update={"name": "unsplit", "search": config.search.changed({"kind": "best-first"})})
        with pytest.raises(ConfigError, match="closed_goals: only AND/OR search"):
            Flywheel(unsplit, lean, corpus, tmp_path / "unsplit")
        low = Flywheel(config.model_copy(update={"name": "low", "rungs": 2}), lean, corpus, tmp_path / "low").rounds
        names = {name[:6] for name in [*low.first("graded", 60), *low.held_out("valid", "", 60)]}
        assert names == {"rung00", "rung01"} and len(low.first("non-theorem", 60)) == 3
        events: list[Event] = []
        flywheel = Flywheel(config, lean, corpus, tmp_path / "models", events.append)
        flywheel.run()
        said = [event.note for event in events if event.lasting]
        assert "claimed by failed attempts" in said.pop(1)
        assert len(said) == 2 and all("M_0 solves" in note and ", height " in note for note in said)
        assert said[1].startswith("all valid: M_1 solves ")
        rounds = {round.arm: round for round in corpus.rounds("rungs", RoundKind.TRAIN)}
        assert rounds.keys() == {"grammar", "probe", "policy", "goals"}
        assert {one.status for one in outcomes(corpus, rounds["goals"])} == {AttemptStatus.PROVED}
        taught = Counter(
            proof.source for proof in snapshot_proofs(corpus, corpus.generations("rungs")[1].snapshot_hash)
        )
        assert taught["goal"] == rounds["goals"].selected and set(taught) == {"grammar", "policy", "goal"}
        words = rounds["policy"].config["why"]
        assert [word.split(":")[0] for word in words] == [f"rung {rung}" for rung in range(4)]
        assert all("2 attempts are too few to go by" in word for word in words)
        steps = climb(corpus, "rungs")
        theorems = corpus.theorems("lean-logic-rungs")
        graded = {one.name: int(one.extra.get("effort", 0)) for one in theorems}
        allowed = {name: max(8, 2 * effort) for name, effort in graded.items()}
        tried = [one for arm in ("probe", "policy") for one in outcomes(corpus, rounds[arm])]
        assert all(one.steps <= allowed[one.theorem] for one in tried), "a theorem's steps follow its effort"
        assert max(one.steps for one in tried) > 8
        assert set(steps[1].tried) == set(range(4))
        # The same again finds everything done, its words too.
        Flywheel(config, lean, corpus, tmp_path / "models").run()
        assert len(corpus.rounds("rungs", RoundKind.TRAIN)) == 4
        assert template_use(corpus, "rungs")["intro"].tried
        evaluations = flywheel.evaluate(0, 1, searches=[config.search.changed({"kind": "best-first"}), config.search])
        for arm in evaluations[0].arms[1:]:  # all but portfolio-1, which tries six tactics
            given = {name: max(8, math.ceil(1.5 * graded[name])) for name in arm.outcomes}
            assert {name: arm.steps_of(name) for name in arm.outcomes} == given
            assert all(outcome.steps <= given[name] for name, outcome in arm.outcomes.items())
        whole = flywheel.evaluate(0, 1, last=True)[0]
        more = whole.arm("M_0 at the whole budget")
        extra = more.budget.steps - 8
        assert extra > 0
        assert all(more.steps_of(name) - whole.arm("M_0").steps_of(name) == extra for name in more.outcomes)
        assert [one.arm for one in heights(evaluations[0])][-3:] == ["M_0", "M_1", "M_1 by best-first"]
        assert {("M_1 by best-first", "M_0"), ("M_1 by best-first", "M_1")} <= {
            (pair.arm, pair.other) for pair in comparisons(evaluations[0], ["M_0"])
        }
        assert train_rates(steps) == [one.rate for one in (steps[0], steps[-1])], "no disproofs here, and two models"
        report = write_report(evaluations, {}, "t", tmp_path / "report", climbed=steps)
        table = (tmp_path / "report" / "table.txt").read_text(encoding="utf-8")
        assert any(line.split()[:1] == ["M_1"] and line.count("[") == 2 for line in table.splitlines())
        assert {"curve.svg", "curve.png"} <= {file.name for file in report.files}
        assert "Train statements solved so far" in (tmp_path / "report" / "table.txt").read_text(encoding="utf-8")
