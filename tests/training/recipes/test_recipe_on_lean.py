"""A recipe in the loop, on the real Lean: STaR's further rounds, their samples, and a run that is gone on with."""

from __future__ import annotations

import threading

import pytest

from corpus.records import RoundKind
from corpus.samples import samples_of
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from training.config import FlywheelConfig
from training.events import Event, Interrupted
from training.flywheel import Flywheel
from training.recipes.star import PLAN

pytestmark = pytest.mark.timeout(900)

LOGIC = LogicConfig(
    train=30,
    held_out=4,
    beyond=2,
    non_theorems=2,
    families={"propositional": 1.0},
    limits={"propositional": {"least": 2, "train_max_size": 5, "beyond_max_size": 8}},
)


def configuration() -> FlywheelConfig:
    return FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="starred",
        recipe="star",
        generations=1,
        workers=1,
        grammar_theorems=20,
        grammar_steps=64,
        round__theorems=8,
        round__steps=60,
        round__disproofs=0,
        round__canaries=1,
        evaluation__theorems=2,
        evaluation__steps=8,
        evaluation__strata=("same-size",),
        evaluation__whole_budget=False,
        train={
            "kind": "text",
            "writes": "proof",
            "model": {"hidden": 32, "layers": 1, "heads": 2, "feed_forward": 64, "vocabulary": 350},
            "epochs": 25,
            "learning_rate": 1e-2,
            "samples": 8,
            "max_tokens": 64,
        },
    )


def test_star_samples_more_with_hints_and_a_stopped_run_goes_on(tmp_path):
    config = configuration()
    with Lean(1, config.limits) as lean, Corpus.open(str(tmp_path / "corpus.db"), create=True) as corpus:
        LogicBenchmark(LOGIC).register(corpus, lean)
        stop = threading.Event()

        def report(event: Event) -> None:
            if event.phase.endswith("hinted"):
                stop.set()

        with pytest.raises(Interrupted):
            Flywheel(config, lean, corpus, tmp_path / "models", report, stop).run()
        (hinted,) = (one for one in corpus.rounds("starred", RoundKind.TRAIN) if one.arm == "hinted")
        assert hinted.finished_at is None
        turns = Flywheel(config, lean, corpus, tmp_path / "models").run()
        assert [one.generation.recipe for one in turns] == ["star", "star"]
        rounds = {one.arm: one for one in corpus.rounds("starred", RoundKind.TRAIN)}
        assert set(rounds) == {"grammar", "policy", "star", "hinted"} and rounds["hinted"].id == hinted.id
        assert rounds["hinted"].selected <= rounds["star"].selected <= 4
        found = samples_of(corpus, "starred", 0)
        assert {one.verdict for one in found} <= {"certified", "rejected", "refused", "open", "unrun"} and found
        assert any(one.text.startswith(PLAN) for one in found), "the policy writes plans"
        for one in found:
            assert one.reason or one.certified or one.verdict == "unrun", "why, for each that was refused"
        arms = {one.arm: one.config for one in corpus.rounds("starred", RoundKind.EVAL)}
        assert arms["M_1"]["search"]["kind"] == "whole-proofs" and arms["M_1"]["whole"] is True
        before = len(corpus.rounds("starred"))
        Flywheel(config, lean, corpus, tmp_path / "models").run()
        assert len(corpus.rounds("starred")) == before, "what is done is not done again"
