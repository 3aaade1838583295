"""A run in a world that needs no Lean (tests/countdown.py): real models write proofs, and its session judges them.

Theorem `n ↓` is proved by subtractions that end at 0. `begin` makes round 0 and M_0; `sample` makes a round; `learn`
makes the next generation by a recipe. What is stored is what a run stores.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from countdown import open_countdown, theorem, verify_countdown
from small_library import action_space

from corpus.records import GenerationRecord, RoundKind, TheoremRecord
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus
from prover.policies.text.checkpoint import load_text
from prover.policies.text.policy import TextPolicy
from prover.rounds.attempt import Phase, Tools, attempt
from prover.rounds.plan import theorem_of
from prover.search.budget import Budget
from prover.search.graph import ProofStep
from prover.search.whole import WholeProofs
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.recipes.choice import recipe_of
from training.recipes.recipe import Learning
from training.trainers.text import TextTrainer
from training.trainers.trainer import Trained

NUMBERS = range(2, 10)
KEY = "countdown@1"


def config(recipe: str = "expert-iteration", *without: str, **train) -> FlywheelConfig:
    return FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="made",
        recipe=recipe,
        without=without,
        train={
            "kind": "text",
            "writes": "proof",
            "model": {"hidden": 64, "layers": 1, "heads": 2, "feed_forward": 128, "vocabulary": 300},
            "data": {"valid_share": 0},
            "epochs": 50,
            "batch_size": 8,
            "learning_rate": 1e-2,
            "warmup_steps": 5,
            "samples": 16,
            "max_tokens": 40,
            "prompt": "{goal}\n",
            **train,
        },
    )


class Made:
    def __init__(self, home: Path, settings: FlywheelConfig, corpus: Corpus) -> None:
        self.settings, self.corpus, self.models = settings, corpus, home / "models"
        self.recipe = recipe_of(settings)
        self.trainer = TextTrainer(action_space(), settings.train)

    def begin(self) -> None:
        rows = [TheoremRecord(f"down_{n}", f"{n} ↓", f"hash{n}", "Init", None, "train", "") for n in NUMBERS]
        self.corpus.add_benchmark("countdown", "1", "library", rows)
        self.corpus.start_run("made", self.settings.stored())
        round = self._round("grammar", None)
        for n in NUMBERS:
            for first in {1, n // 2}:
                proof = [ProofStep(f"sub {first}"), ProofStep(f"sub {n - first}")]
                record = verify_countdown(theorem(n), proof, "grammar")
                self.corpus.record_attempt(round, _attempt(f"down_{n}", record, first))
        self.learn(0)

    def sample(self, number: int) -> list[str]:
        """M_number's round; the verdicts on its samples."""
        generation = self.generation(number)
        round = self._round("policy", generation.id)
        policy = load_text(self.recipe.sampler(self.models / f"M_{number}"))
        verdicts = []
        for n in NUMBERS:
            record = self.attempt(n, policy, number)
            verdicts += [one["verdict"] for one in record.stats["samples"]]
            self.corpus.record_attempt(round, record)
        self.corpus.finish_round(round)
        return verdicts

    def attempt(self, n: int, policy: TextPolicy, seed: int):
        phase = Phase(policy, Budget(200), WholeProofs(every=True, draws=1))
        record = attempt(theorem(n), phase, seed, Tools(open_countdown, verify_countdown))
        assert record is not None
        return record

    def learning(self, number: int) -> Learning:
        snapshot = self.recipe.freeze(self.corpus, self.settings, number)
        folder = self.models / f"M_{number}"
        return Learning(
            config=self.settings,
            corpus=self.corpus,
            number=number,
            parent=self.generation(number - 1) if number else None,
            snapshot=snapshot,
            folder=folder,
            stages=folder.with_name(f".{folder.name}.stages"),
            seed=1,
            base=None,
            statements=tuple(f"{n} ↓" for n in NUMBERS),
            trainer=self.trainer,
            proofs=lambda: (
                TrainingProof(theorem_of(one.theorem, one.benchmark), one.steps, one.source)
                for one in snapshot_proofs(self.corpus, snapshot.hash)
            ),
            report=lambda _progress: None,
        )

    def learn(self, number: int) -> Trained:
        learning = self.learning(number)
        made = self.recipe.update(learning)
        id = self.corpus.start_generation(
            run="made",
            number=number,
            parent=learning.parent.id if learning.parent else None,
            recipe=self.recipe.name,
            config=self.trainer.settings,
            config_hash=self.settings.digest(),
            seeds={},
            versions={},
            snapshot_hash=learning.snapshot.hash,
        )
        self.corpus.finish_generation(
            id, model_path=str(learning.folder), model_hash=made.weights_sha256, metrics=made.metrics
        )
        return made

    def generation(self, number: int) -> GenerationRecord:
        return next(one for one in self.corpus.generations("made") if one.number == number)

    def _round(self, arm: str, generation: int | None):
        names = [f"down_{n}" for n in NUMBERS]
        return self.corpus.start_round(
            run="made",
            generation_id=generation,
            benchmark=KEY,
            split="train",
            stratum="",
            arm=arm,
            kind=RoundKind.TRAIN,
            seed=0,
            config={},
            selection=names,
        )


def _attempt(name: str, proof, ordinal: int):
    from corpus.records import AttemptRecord, AttemptStatus

    return AttemptRecord(name, AttemptStatus.PROVED, 2, 4, steps_to_proof=2, proof=proof, ordinal=ordinal)


def copied(source: Path, to: Path, settings: FlywheelConfig) -> Made:
    """The run in `source` goes on in `to` with these settings."""
    shutil.copytree(source, to, dirs_exist_ok=True)
    return Made(to, settings, Corpus.open(str(to / "corpus.db")))
