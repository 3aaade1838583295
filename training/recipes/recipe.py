"""What a recipe is: how M_{n+1} is made of what M_n sampled and a filter accepted.

The loop (training/flywheel.py) is the same for all of them: freeze, sample, gate, store, snapshot, update, evaluate. A
recipe says what of that it does its own way, and adds no second loop. docs/RECIPES.md has the family and its formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from corpus.records import GenerationRecord, RoundKind
from corpus.snapshot import Snapshot, SnapshotFilter, take_snapshot
from corpus.store import Corpus
from prover.rounds.plan import Plan
from training.arms import Model
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.rounds import Rounds
from training.trainers.trainer import Progress, Trained, Trainer


class RecipeRefused(Exception):
    """These settings and this recipe do not go together. The text says why and what would."""


@dataclass(frozen=True, slots=True)
class Learning:
    """What an update has to make M_`number` of, in `folder`: all of it, or nothing.

    `proofs()` streams the snapshot, anew at each call. `seed` is the same for every generation of a run. `base`: the
    weights to start from, None for fresh ones. `parent` is M_{number-1}, None for M_0. Steps of an update that take
    long leave what they made in `stages`, whole or not at all, so that an update that was killed does none of them
    twice; the loop removes the folder afterwards.
    """

    config: FlywheelConfig
    corpus: Corpus
    number: int
    parent: GenerationRecord | None
    snapshot: Snapshot
    folder: Path
    stages: Path
    seed: int
    base: Path | None
    statements: tuple[str, ...]
    trainer: Trainer
    proofs: Callable[[], Iterator[TrainingProof]]
    report: Callable[[Progress], None]

    def stage(self, name: str) -> Path:
        """A folder for what a step makes, of this snapshot alone; it is there if and only if the step is done."""
        return self.stages / self.snapshot.hash[:16] / name

    def supervised(self) -> Trained:
        """The update that most recipes have: from base, on the whole snapshot, into `folder`."""
        return self.trainer.train(
            self.proofs(),
            self.folder,
            seed=self.seed,
            base=self.base,
            statements=self.statements,
            report=self.report,
        )


@dataclass(frozen=True, slots=True)
class Sampling:
    """The round that M_`number` has just searched, for a recipe that samples more with it."""

    config: FlywheelConfig
    corpus: Corpus
    rounds: Rounds
    stratum: str
    number: int
    plan: Plan
    model: Model

    def search(self, arm: str, theorems: list[str], plan: Plan) -> None:
        """A further round of this run's engine; what is stored is not run again. Raises Interrupted, RoundFailed."""
        model = self.model.generation_id
        self.rounds.run(arm, self.stratum, theorems, plan, {"arm": arm}, model, self.number + 1)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One member of the family, as the loop asks it. The defaults are expert iteration's.

    `without`: the steps that are left out, of its `parts`, its characteristic ones. `about`: one line.
    """

    without: frozenset[str] = frozenset()
    name: ClassVar[str]
    about: ClassVar[str]
    parts: ClassVar[frozenset[str]] = frozenset()
    #: What a comparison leaves out of it, an arm each (training/experiments/recipe_arms.py).
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = ()
    #: Whether its M_0 is another than expert iteration's.
    own_first: ClassVar[bool] = False
    #: Of a round's attempts those that are the loop's; the others, at most so many, are what it samples more.
    loops_share: ClassVar[float] = 1.0

    def has(self, part: str) -> bool:
        """Whether the step is part of it here."""
        return part in self.parts - self.without

    def require(self, config: FlywheelConfig) -> None:
        """Before anything runs. Raises RecipeRefused."""

    def freeze(self, corpus: Corpus, config: FlywheelConfig, number: int) -> Snapshot:
        """The proofs that M_`number` may learn from: all that the kernel has accepted in this run, and the steps of
        people that it reads; from M_1 on as `sources` and `last_round` narrow it."""
        sources = config.sources if number else ()
        since = _first_round_of(corpus, config.name, number - 1) if number and config.last_round else None
        filter = SnapshotFilter(run=config.name, human=config.human, sources=sources, from_round=since)
        return take_snapshot(corpus, filter)

    def sampler(self, folder: Path) -> Path:
        """The model that samples in rounds, by the folder of the generation. Evaluations ask the generation itself."""
        return folder

    def sample_more(self, sampling: Sampling) -> None:
        """After each round: whatever else is to be sampled."""

    def update(self, learning: Learning) -> Trained:
        """Makes M_{n+1}. The same proofs, samples, settings and seed give the same weights on one machine."""
        return learning.supervised()


def require_writer(config: FlywheelConfig, recipe: str) -> None:
    """Raises RecipeRefused where models do not write whole proofs."""
    if not config.writes_proofs:
        raise RecipeRefused(
            f'recipe {recipe} needs a model that writes proofs: [train] kind = "text" and writes = "proof"'
        )


def require_group(config: FlywheelConfig, recipe: str, why: str) -> None:
    """Raises RecipeRefused where a theorem has one sample."""
    samples = getattr(config.train, "samples", 0)
    if samples < 2:
        raise RecipeRefused(f"recipe {recipe} needs [train] samples of 2 or more: {why}")


def _first_round_of(corpus: Corpus, run: str, number: int) -> int | None:
    """The id of the first training round that searched with M_number; None where there is none."""
    generation = next(one.id for one in corpus.generations(run) if one.number == number)
    rounds = corpus.rounds(run, RoundKind.TRAIN)
    return min((round.id for round in rounds if round.generation_id == generation), default=None)
