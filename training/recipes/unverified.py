"""Filters without a verifier, for contrast: learn what the model is surest of, or what a judge finds likely.

Both accept the `SHARE` of a round's samples with the highest mean log-probability a token: under the model that wrote
them (`confidence`), or under a larger one (`judge`). The kernel's verdict on each sample is stored and is not looked
at. So generations after M_0 learn from M_0's snapshot and from samples that nothing has certified. These are rows of
`filter_verdict` (corpus/samples.py), never proofs: no later snapshot has them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from corpus.samples import FilterVerdict, StoredSample, store_verdicts, verdicts_of
from corpus.snapshot import Snapshot, find_snapshot
from corpus.store import Corpus
from prover.policies.text.checkpoint import digest_of, load_base, load_tokenizer, pieces_of
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.recipes.recipe import Learning, Recipe, RecipeRefused, require_group, require_writer
from training.recipes.writing import Tokens, as_proof, newest_samples, samples_so_far, trainer_of
from training.trainers.isolation import isolated
from training.trainers.text import TextTrainer, measure_each
from training.trainers.text_config import TextConfig
from training.trainers.text_data import Row
from training.trainers.trainer import Trained

#: Of a round's distinct samples, what is accepted.
SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Unverified(Recipe):
    """For models that write proofs."""

    def require(self, config: FlywheelConfig) -> None:
        """A writer, with several samples a theorem."""
        require_writer(config, self.name)
        require_group(config, self.name, "it accepts the surest of several")

    def freeze(self, corpus: Corpus, config: FlywheelConfig, number: int) -> Snapshot:
        """M_0's, for all of them: what the kernel accepted later is not looked at."""
        first = next((one for one in corpus.generations(config.name) if one.number == 0 and one.finished_at), None)
        if number and first is not None and first.snapshot_hash:
            return find_snapshot(corpus, first.snapshot_hash)
        # super() needs the class by name where slots make it anew
        return Recipe.freeze(self, corpus, config, number)

    def update(self, learning: Learning) -> Trained:
        """From base, on M_0's proofs and every sample that was accepted so far."""
        self._accept(learning)
        said = verdicts_of(learning.corpus, learning.config.name, self.name)
        accepted = [one for one in samples_so_far(learning) if said.get(one.key, (False, None))[0]]
        made = learning.trainer.train(
            self._learned(learning, accepted),
            learning.folder,
            seed=learning.seed,
            statements=learning.statements,
            report=learning.report,
        )
        false = sum(one.refused for one in accepted)
        return Trained(made.weights_sha256, {**made.metrics, "unverified": len(accepted), "of_these_false": false})

    def _learned(self, learning: Learning, accepted: list[StoredSample]) -> Iterator[TrainingProof]:
        yield from learning.proofs()
        for one in accepted:
            yield as_proof(one, "unverified")

    def _accept(self, learning: Learning) -> None:
        """Judges the newest samples, and stores what is said of each."""
        samples = newest_samples(learning)
        if not samples:
            return
        scores = self.scores(learning, samples)
        ranked = sorted(range(len(samples)), key=lambda place: -scores[place])
        taken = set(ranked[: max(1, round(SHARE * len(samples)))])
        verdicts = [FilterVerdict(one, place in taken, scores[place]) for place, one in enumerate(samples)]
        store_verdicts(learning.corpus, self.name, verdicts)

    @abstractmethod
    def scores(self, learning: Learning, samples: list[StoredSample]) -> list[float]:
        """What it thinks of each sample, the more the better."""


@dataclass(frozen=True, slots=True)
class Confidence(Unverified):
    """The model's own mean log-probability a token, as it was when it wrote."""

    name: ClassVar[str] = "confidence"
    about: ClassVar[str] = "for contrast, without the kernel: what the model is surest of"

    def scores(self, learning: Learning, samples: list[StoredSample]) -> list[float]:
        """See the class."""
        assert learning.parent is not None
        tokens = Tokens(pieces_of(load_tokenizer(learning.parent.model_path or "")), trainer_of(learning))
        return [one.log_prob / len(tokens.answer(one)) for one in samples]


@dataclass(frozen=True, slots=True)
class Judge(Unverified):
    """The same under a larger model: `[train] judge`, or one twice as wide with one layer more, trained on what M_0
    was."""

    name: ClassVar[str] = "judge"
    about: ClassVar[str] = "for contrast, without the kernel: what a larger model finds likely"

    def require(self, config: FlywheelConfig) -> None:
        """Beside a base, which a larger decoder from scratch would know nothing of, a judge that is there already."""
        Unverified.require(self, config)
        train = config.train
        assert isinstance(train, TextConfig)
        if train.base and not train.judge:
            raise RecipeRefused(
                "recipe judge needs a larger model beside a base: [train] judge = FOLDER, or no base, and one from "
                "scratch is trained"
            )

    def update(self, learning: Learning) -> Trained:
        """See `Unverified`; the metrics have the SHA-256 of the judge's weights, where there was anything to judge."""
        made = Unverified.update(self, learning)
        own = learning.folder.with_name("judge")
        judge = trainer_of(learning).config.judge or (str(own) if own.exists() else "")
        return replace(made, metrics={**made.metrics, "judge": digest_of(judge)}) if judge else made

    def scores(self, learning: Learning, samples: list[StoredSample]) -> list[float]:
        """See the class."""
        trainer = trainer_of(learning)
        model, tokenizer = load_base(trainer.config.judge or str(self._trained(learning, trainer)))
        tokens = Tokens(pieces_of(tokenizer), trainer)
        rows = []
        for one in samples:
            prompt, answer = tokens.prompt(one), tokens.answer(one)
            rows.append(Row((*prompt, *answer), len(prompt)))
        with isolated(trainer.config.threads, trainer.device):
            return [
                -loss / (len(row.tokens) - row.read) for loss, row in zip(measure_each(model, rows), rows, strict=True)
            ]

    @staticmethod
    def _trained(learning: Learning, trainer: TextTrainer) -> Path:
        """The folder of a judge of this run's own, which is trained when it is first asked."""
        folder = learning.folder.with_name("judge")
        if not folder.exists():
            sizes = trainer.config.model
            larger = sizes.model_copy(
                update={
                    "hidden": 2 * sizes.hidden,
                    "heads": 2 * sizes.heads,
                    "feed_forward": 2 * sizes.feed_forward,
                    "layers": sizes.layers + 1,
                }
            )
            config = trainer.config.model_copy(update={"model": larger})
            replace(trainer, config=config, halfway=None).train(
                learning.proofs(), folder, seed=learning.seed + 1, statements=learning.statements
            )
        return folder
