"""What recipes for models that write whole proofs share: texts to tokens, samples to pairs, finished folders."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from corpus.records import StepRecord
from corpus.samples import StoredSample, samples_of
from prover.policies.text.checkpoint import load_base, pieces_of, save_text, text_meta
from prover.policies.text.policy import Pieces
from prover.rounds.plan import theorem_of
from training.data.dataset import TrainingProof
from training.recipes.recipe import Learning
from training.trainers.isolation import isolated
from training.trainers.preferences import Pair, prefer
from training.trainers.text import TextTrainer, text_metrics
from training.trainers.trainer import Trained
from training.trainers.trl_settings import Fit

#: Preference pairs of one theorem: one that is sampled often is not to drown the others.
PAIRS_A_THEOREM = 4
#: DPO's learning rate as a share of the supervised one. At 1 the likelihood of what is chosen collapses here.
DPO_RATE = 0.1


def trainer_of(learning: Learning) -> TextTrainer:
    """The run's trainer, which `require_writer` has seen to be one of text."""
    assert isinstance(learning.trainer, TextTrainer)
    return learning.trainer


def samples_so_far(learning: Learning) -> list[StoredSample]:
    """All samples of the generations before M_`number`."""
    return samples_of(learning.corpus, learning.config.name)


def newest_samples(learning: Learning) -> list[StoredSample]:
    """Those of M_{number-1}: what an update that must stay close to the policy learns from."""
    return samples_of(learning.corpus, learning.config.name, learning.number - 1) if learning.number else []


def as_proof(sample: StoredSample, source: str = "policy") -> TrainingProof:
    """The sample as training takes a proof: its text, as it was written, for the theorem's state."""
    steps = (StepRecord(sample.state, sample.tactics[0] if sample.tactics else "", "no goals"),)
    return TrainingProof(theorem_of(sample.theorem, sample.benchmark), steps, source, text=sample.text)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Samples in the tokens of a model."""

    pieces: Pieces
    trainer: TextTrainer

    def prompt(self, sample: StoredSample) -> tuple[int, ...]:
        theorem = theorem_of(sample.theorem, sample.benchmark)
        return tuple(self.pieces.prompt(self.trainer.options, theorem.environment, theorem.name, sample.state))

    def answer(self, sample: StoredSample) -> tuple[int, ...]:
        return tuple(self.pieces.tactic(sample.text))

    def pair(self, better: StoredSample, worse: StoredSample) -> Pair:
        return Pair(self.prompt(better), self.answer(better), self.answer(worse))


def by_theorem(samples: Iterable[StoredSample]) -> dict[str, list[StoredSample]]:
    """In order of first appearance."""
    found: dict[str, list[StoredSample]] = defaultdict(list)
    for sample in samples:
        found[sample.theorem.name].append(sample)
    return dict(found)


def ranked_pairs(samples: Sequence[StoredSample], seed: int) -> list[tuple[StoredSample, StoredSample]]:
    """Better against worse, for the same theorem: certified against refused, and shorter against longer certified. At
    most PAIRS_A_THEOREM a theorem, drawn by their texts' hashes; the same two texts once."""
    found: list[tuple[StoredSample, StoredSample]] = []
    for own in by_theorem(samples).values():
        good = [one for one in own if one.certified]
        pairs = {(a.text, b.text): (a, b) for a in good for b in own if b.refused}
        pairs |= {(a.text, b.text): (a, b) for a in good for b in good if len(a.tactics) < len(b.tactics)}
        drawn = sorted(pairs, key=lambda key: hashlib.sha256(repr((seed, key)).encode()).digest())
        found += [pairs[key] for key in drawn[:PAIRS_A_THEOREM]]
    return found


def prefer_stage(learning: Learning, start: Path, name: str, rate: float = DPO_RATE, seed: int = 0) -> Path:
    """DPO of the model in `start` on the newest samples, as a stage; `start` itself where there are no pairs."""
    folder, trainer = learning.stage(name), trainer_of(learning)
    if folder.exists():
        return folder
    pairs = ranked_pairs(newest_samples(learning), learning.seed + seed)
    if not pairs:
        return start
    model, tokenizer = load_base(str(start))
    tokens = Tokens(pieces_of(tokenizer), trainer)
    how = Fit(1, trainer.config.batch_size, trainer.config.learning_rate * rate, learning.seed + seed, trainer.device)
    with isolated(trainer.config.threads, trainer.device):
        torch.manual_seed(how.seed)
        work = folder.with_name(f".{name}.work")
        made = prefer(model, tokenizer, [tokens.pair(*pair) for pair in pairs], how, work=work)
        shutil.rmtree(work, ignore_errors=True)
    told = {"pairs": made.pairs, "steps": made.steps, "tokens": made.tokens, "accuracy": made.accuracy}
    save(learning, folder, made.model, tokenizer, start, {name: told})
    return folder


def save(learning: Learning, folder: Path, model: Any, tokenizer: Any, start: Path, told: Mapping[str, Any]) -> str:
    """The model in a folder, with the record of what it started from and what was done since."""
    record = dict(text_meta(start)["training"])
    record["recipe"] = {**record.get("recipe", {}), **told}
    return save_text(folder, model, tokenizer, trainer_of(learning).options, record)


def told_by(folder: Path, *steps: str) -> dict[str, Any]:
    """What the model in `folder` has on record of these steps of a recipe."""
    record = text_meta(folder)["training"].get("recipe", {})
    return {step: record[step] for step in steps if step in record}


def finish(learning: Learning, folder: Path, told: Mapping[str, Any] | None = None) -> Trained:
    """The stage in `folder` becomes M_n."""
    model, tokenizer = load_base(str(folder))
    digest = save(learning, learning.folder, model, tokenizer, folder, told or {})
    record = text_meta(learning.folder)["training"]
    return Trained(digest, {**text_metrics(record), "recipe": record["recipe"]})
