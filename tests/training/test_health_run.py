"""Remedies of a run that goes on from its own weights, on the real Lean: averaged with M_0, with more of round 0."""

from __future__ import annotations

from pathlib import Path

import pytest
from health_loop import LOGIC

from corpus.store import Corpus
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from prover.policies.ranker.checkpoint import load_checkpoint
from training.config import FlywheelConfig
from training.flywheel import Flywheel

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def test_alarms_lead_to_other_weights_and_say_so(tmp_path: Path) -> None:
    config = FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="mended",
        generations=2,
        workers=1,
        continued=True,
        grammar_theorems=100,
        grammar_steps=32,
        round__theorems=8,
        round__steps=8,
        round__disproofs=0,
        round__canaries=0,
        evaluation__strata=("same-size",),
        evaluation__theorems=16,
        evaluation__steps=32,
        evaluation__whole_budget=False,
        train__epochs=6,
        health__share=0,
        # Whatever M_1 is, it is no copy of M_0.
        health__alarms__drift=0,
        health__alarms__entropy=1,
        health__remedies__drift="average",
        health__remedies__collapse="seeds",
    )
    with Lean(1, config.limits) as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        LogicBenchmark(LOGIC.model_copy(update={"train": 120, "held_out": 16})).register(corpus, lean)
        turns = Flywheel(config, lean, corpus, tmp_path / "models").run()
        assert [turn.generation.number for turn in turns] == [0, 1, 2]
        assert {alarm.failure for alarm in turns[1].health.alarms} >= {"drift"} and turns[0].health.remedies == ()
        repertoire = lean.space(Flywheel(config, lean, corpus, tmp_path / "models").benchmark.repertoire).repertoire
        first, second, third = (load_checkpoint(tmp_path / "models" / f"M_{n}", repertoire) for n in range(3))
        assert second.meta["training"]["base"] == first.sha256 and "averaged" not in second.meta["training"]
        assert third.meta["training"]["base"] == second.sha256
        assert third.meta["training"]["averaged"] == {"with": first.sha256, "share": config.health.average}
        assert turns[2].generation.model_hash == third.sha256
        words = turns[2].generation.metrics["remedies"]
        assert words == list(turns[1].health.remedies) and any("averaged with M_0's" in word for word in words)
        mended = any("round 0's proofs get 30%" in word for word in words)
        assert (turns[2].generation.config["data"]["seed_share"] == 0.3) is mended
        assert turns[1].generation.config["data"]["seed_share"] is None
        again = Flywheel(config, lean, corpus, tmp_path / "models").run()
        assert [turn.generation.model_hash for turn in again] == [turn.generation.model_hash for turn in turns]
