"""The loop turns with a trainer and a benchmark that are no part of the product, on the real Lean."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sums import Sums

from corpus.records import RoundKind
from corpus.round_results import outcomes
from corpus.store import Corpus
from prover.benchmarks.registry import BENCHMARKS, register
from prover.evaluation.evaluate import FixedTactics
from prover.lean import Lean
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.flywheel import Flywheel
from training.health_config import HealthSettings
from training.trainers.trainer import Loaded, NothingToLearn, Progress, Trained

pytestmark = pytest.mark.timeout(900)


@dataclass
class Frequencies:
    """Learns which tactics proofs have, and tries them everywhere, the most frequent first."""

    statements: set[str] = field(default_factory=set)
    settings: dict[str, Any] = field(default_factory=lambda: {"trainer": "frequencies"})

    def train(
        self,
        proofs: Iterable[TrainingProof],
        out: Path,
        *,
        seed: int,
        base: Path | None = None,
        statements: Sequence[str] = (),
        report: Callable[[Progress], None] | None = None,
    ) -> Trained:
        counts = Counter(step.tactic for proof in proofs for step in proof.steps)
        if not counts:
            raise NothingToLearn("no step")
        self.statements.update(statements)
        text = json.dumps(counts.most_common())
        out.mkdir(parents=True, exist_ok=True)
        (out / "tactics.json").write_text(text, encoding="utf-8")
        if report is not None:
            report(Progress(1, 1, 0.0, 0.0))
        return Trained(hashlib.sha256(text.encode()).hexdigest(), {"tactics": len(counts)})

    def load(self, folder: Path, name: str, *, prior: float, cost_discount: float, temperature: float = 1.0) -> Loaded:
        counts = json.loads((folder / "tactics.json").read_text(encoding="utf-8"))
        return Loaded(FixedTactics(name, [tactic for tactic, _ in counts]), {"prior": prior})


def test_a_run_with_another_trainer_and_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS, "sums", Sums())
    config = FlywheelConfig(
        name="sums",
        benchmark="sums",
        generations=1,
        seed_proofs=False,
        easy_theorems=0,
        grammar_theorems=6,
        grammar_steps=32,
        round={"theorems": 3, "steps": 8, "portfolio_share": 0, "canaries": 2},
        evaluation={"strata": ("true",), "theorems": 2, "steps": 8},
        workers=2,
    )
    trainer, told = Frequencies(), []
    with Lean(config.workers, config.limits) as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        register(corpus, "sums", lean)
        flywheel = Flywheel(config, lean, corpus, tmp_path / "models", told.append, trainer=trainer)
        turns = flywheel.run()
        assert [turn.generation.number for turn in turns] == [0, 1]
        assert all(turn.generation.config == {"trainer": "frequencies"} for turn in turns)
        assert turns[1].generation.metrics["tactics"] >= 1 and "kept_out" in turns[1].generation.metrics
        assert turns[1].evaluations[0].arm("M_1").solved == {"sums.3_2", "sums.3_3"}
        false = {one.statement for one in corpus.theorems("sums", "train", "false")}
        assert trainer.statements >= false and not any(text.startswith(": 3 +") for text in trainer.statements)
        models = [round for round in corpus.rounds("sums", RoundKind.EVAL) if round.arm == "M_1"]
        assert [round.config["prior"] for round in models] == [config.evaluation.prior]
        (round,) = (round for round in corpus.rounds("sums", RoundKind.TRAIN) if round.arm == "policy")
        assert any(outcome.steps_to_proof for outcome in outcomes(corpus, round))
        assert any(event.phase == "train M_1" and event.done == 1 for event in told)
        health = turns[1].health
        assert [note.split(":")[0] for note in health.notes] == [
            "No repeated attempts",
            "The model has no exact distribution over actions",
        ]
        assert health.counts["solved"] == 2 and health.figures["entropy"] is None and health.figures["proofs"]
        # With patience, the same run ends when it proves no more, and again when it is resumed.
        patient = config.model_copy(update={"name": "patient", "generations": 5, "health": HealthSettings(patience=1)})
        for _ in range(2):
            ended = Flywheel(patient, lean, corpus, tmp_path / "patient", trainer=trainer).run()
            best = max(turn.health.counts["solved"] for turn in ended)
            assert len(ended) < 6 and [turn.health.counts["solved"] for turn in ended][-2:] == [best, best]
            assert "None of the last 1 proved more" in ended[-1].health.remedies[0]
        rounds = [round for round in corpus.rounds("patient", RoundKind.TRAIN) if round.arm == "policy"]
        assert len(rounds) == len(ended) - 1 and corpus.generations("patient")[-1].number == len(ended) - 1
        before = [(g.id, g.model_hash) for g in corpus.generations("sums")]
        Flywheel(config, lean, corpus, tmp_path / "models", trainer=trainer).run()
        assert [(g.id, g.model_hash) for g in corpus.generations("sums")] == before
