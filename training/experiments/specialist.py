"""Learning at test time: variants of one theorem that search does not prove, the wheel turned on them alone, and the
theorem tried again.

    found = Specialist(config, lean, corpus, home / "models", generalist).turn()   # flywheel prove ... --variants 40

The specialist is a run like any other, in a corpus of its own whose train theorems are the variants and their denials
and whose held-out theorem is the target (prover/benchmarks/variants.py). It goes on from the generalist's weights where
there is one, as AlphaProof's does (Hubert et al., Nature 2025, methods), or from what the grammar finds. All attempts
end once the target is proved. What is done is stored, so that a killed specialist goes on.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.climb import climb
from corpus.records import AttemptStatus, GenerationRecord, RoundKind
from corpus.round_results import outcomes, searched_steps
from corpus.store import Corpus
from prover.benchmarks.variants import DENIAL, TARGET, VARIANT
from prover.lean import Lean
from prover.policies.folder import read_meta
from training.config import EvaluationSettings, FlywheelConfig
from training.events import Event, Report, say_nothing
from training.experiments.experiment import evaluation_proofs
from training.flywheel import Flywheel, versions
from training.trainers.trainer import NothingToLearn

NAME = "specialist"
#: Steps of an attempt at a variant, at most: they are as long as the target, and there are many.
_STEPS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What a specialist came to. `proof`: the target's as Lean text, '' without one; `generation`: that proved it.
    `proved`, `denied`: variants whose proof, or whose denial's, was certified. `steps`: tactic steps on variants."""

    proof: str
    length: int
    generation: int | None
    generations: int
    variants: int
    proved: int
    denied: int
    steps: int


def settings_for(
    benchmark: str, variants: int, steps: int, turns: int, seed: int, workers: int | None
) -> FlywheelConfig:
    """The settings of a specialist's run over `variants` variants, whose target gets `steps` tactic steps."""
    like = "lean-logic" if benchmark.endswith("elementary") else "lean-core"
    config = FlywheelConfig.load(None, benchmark=like, name=NAME, seed=seed, workers=workers, generations=turns)
    round = config.round.model_copy(
        update={
            "theorems": variants,
            "disproofs": max(1, variants // 2),
            "steps": min(steps, _STEPS),
            "canaries": 0,
            "portfolio_share": 0.0,
        }
    )
    evaluation = EvaluationSettings(strata=(TARGET,), theorems=1, steps=steps)
    update = {
        "benchmark": benchmark,
        "seed_proofs": False,
        "easy_theorems": 0,
        "grammar_theorems": variants,
        "grammar_steps": min(steps, _STEPS),
        "continued": True,
        "round": round,
        "evaluation": evaluation,
        "health": config.health.model_copy(update={"share": 0.0}),
        "train": config.train.model_copy(update={"epochs": 4, "least_batches": 60}),
    }
    return config.model_copy(update=update)


@dataclass(slots=True)
class Specialist:
    """`generalist`: the folder of a ranker that its M_0 is, None for one from the grammar's proofs of variants. That a
    generalist did not prove the target is what variants are made for (first_try.py), so it is not tried again."""

    config: FlywheelConfig
    lean: Lean
    corpus: Corpus
    models: Path
    generalist: Path | None = None
    report: Report = say_nothing
    stop: threading.Event = field(default_factory=threading.Event)

    def turn(self) -> Found:
        """Turns the wheel until the target is proved or all generations have tried. Raises what Flywheel.run raises."""
        flywheel = Flywheel(self.config, self.lean, self.corpus, self.models, self.report, self.stop, baselines=False)
        flywheel.begin()
        if self.generalist is not None:
            self._adopt(flywheel, self.generalist)
        for number in range(self.config.generations + 1):
            try:
                flywheel.learn(number)
            except NothingToLearn:
                self.report(Event(NAME, "no variant was proved, so there is nothing to learn from", lasting=True))
                break
            if number > 0 or self.generalist is None:
                (evaluation,) = flywheel.evaluate(number)
                if evaluation.arm(f"M_{number}").solved:
                    return self._found(number)
                self.report(Event(NAME, f"M_{number} does not prove it: {self._standing()}", lasting=True))
            if number < self.config.generations:
                flywheel.search(number)
        return self._found(None)

    def _adopt(self, flywheel: Flywheel, folder: Path) -> GenerationRecord:
        """The generalist as M_0. What it learned from is not known here; its weights' hash is."""
        known = {one.number: one for one in self.corpus.generations(self.config.name)}
        if 0 in known and known[0].finished_at is not None:
            return known[0]
        own = self.models / "M_0"
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(folder, own)
        hash = str(read_meta(own)["weights_sha256"])
        identifier = self.corpus.start_generation(
            run=self.config.name,
            number=0,
            parent=None,
            recipe="generalist",
            config={},
            config_hash=self.config.digest(),
            seeds={},
            versions=versions(self.lean),
            snapshot_hash=None,
        )
        self.corpus.finish_generation(identifier, model_path=str(own), model_hash=hash, metrics={})
        return flywheel.generation(0)

    def _found(self, number: int | None) -> Found:
        run = self.config.name
        proofs = evaluation_proofs(self.corpus, run).get(f"M_{number}", {})
        length, text = next(iter(proofs.values()), (0, ""))
        return Found(
            proof=text,
            length=length,
            generation=number,
            generations=sum(one.finished_at is not None for one in self.corpus.generations(run)),
            variants=len(self.corpus.theorems(self.config.benchmark, "train", VARIANT)),
            proved=len(self._certified(VARIANT)),
            denied=len(self._certified(DENIAL)),
            steps=climbed[-1].steps if (climbed := climb(self.corpus, run)) else 0,
        )

    def _standing(self) -> str:
        return (
            f"{len(self._certified(VARIANT))} variants are proved so far, {len(self._certified(DENIAL))} denied, in "
            f"{searched_steps(self.corpus, self.config.name)} steps of the model"
        )

    def _certified(self, stratum: str) -> set[str]:
        rounds = self.corpus.rounds(self.config.name, RoundKind.TRAIN)
        own: Sequence[str] = [one.name for one in self.corpus.theorems(self.config.benchmark, "train", stratum)]
        found = (one for round in rounds for one in outcomes(self.corpus, round))
        return {one.theorem for one in found if one.status is AttemptStatus.PROVED} & set(own)
