"""Llama 3's post-training rounds (Llama team 2024, arXiv:2407.21783, section 4), with the kernel beside its filters.

A round: K whole proofs a theorem; a reward model, trained on the pairs of all rounds before; of what the kernel accepts
the best `KEEP` a theorem by reward are learned, from base; then DPO on pairs of the newest round alone, with a
likelihood term, twice at different rates; and the three models' weights are averaged. The first round has no reward
model, since no pair is there before it, and keeps the shortest.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from corpus.samples import FilterVerdict, StoredSample, samples_of, store_verdicts, verdicts_of
from prover.policies.text.checkpoint import load_base, pieces_of
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.recipes.recipe import Learning, Recipe, RecipeRefused, require_group, require_writer
from training.recipes.writing import (
    DPO_RATE,
    Tokens,
    as_proof,
    by_theorem,
    finish,
    newest_samples,
    prefer_stage,
    ranked_pairs,
    samples_so_far,
    save,
    told_by,
    trainer_of,
)
from training.trainers.group_relative import average
from training.trainers.isolation import isolated
from training.trainers.rewards import load_reward, rewards, save_reward, train_reward
from training.trainers.trainer import Trained
from training.trainers.trl_settings import Fit

#: Certified samples of a theorem in a round that are learned.
KEEP = 2
#: The reward model's epochs over its pairs, and its learning rate as a share of the supervised one.
REWARD_EPOCHS, REWARD_RATE = 3, 0.3
#: Fewer pairs make no reward model.
LEAST_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Llama3(Recipe):
    """For models that write proofs."""

    name: ClassVar[str] = "llama3"
    about: ClassVar[str] = "the best of K by a reward model and the kernel, then preferences, then an average"
    parts: ClassVar[frozenset[str]] = frozenset({"reward", "dpo", "averaging"})
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = (("reward",), ("dpo", "averaging"), ("averaging",))

    def require(self, config: FlywheelConfig) -> None:
        """A writer, with several samples a theorem."""
        require_writer(config, self.name)
        require_group(config, self.name, "a reward model and DPO learn from rejected samples beside accepted ones")
        if self.has("averaging") and not self.has("dpo"):
            raise RecipeRefused("recipe llama3 without dpo has nothing to average: leave averaging out as well")

    def update(self, learning: Learning) -> Trained:
        """SFT, DPO, average. M_0 is supervised alone: there are no samples yet."""
        trainer, told = trainer_of(learning), dict[str, Any]()
        picked = self._pick(learning, told) if learning.number else []
        supervised = learning.stage("sft")
        if not supervised.exists():
            proofs = [*self._first(learning), *map(as_proof, picked)] if learning.number else learning.proofs()
            trainer.train(
                proofs, supervised, seed=learning.seed, statements=learning.statements, report=learning.report
            )
        if not learning.number or not self.has("dpo"):
            return finish(learning, supervised, told)
        preferred = prefer_stage(learning, supervised, "dpo")
        if not self.has("averaging") or preferred == supervised:
            return finish(learning, preferred, told)
        slower = prefer_stage(learning, supervised, "dpo-slower", DPO_RATE / 3, seed=1)
        made = [load_base(str(folder)) for folder in (preferred, slower, supervised)]
        told |= told_by(slower, "dpo-slower")
        averaged = learning.stage("averaged")
        if not averaged.exists():
            save(learning, averaged, average([model for model, _ in made]), made[0][1], preferred, {"averaged": 3})
        return finish(learning, averaged, told)

    def _first(self, learning: Learning) -> Iterator[TrainingProof]:
        """The proofs of the snapshot that no model of this run wrote: round 0's."""
        return (proof for proof in learning.proofs() if proof.source != "policy")

    def _pick(self, learning: Learning, told: dict[str, Any]) -> list[StoredSample]:
        """Of each round so far the best KEEP certified samples a theorem, by the scores that the round was given."""
        newest = newest_samples(learning)
        if self.has("reward") and (scores := self._scores(learning, newest, told)):
            tops = {own[0].key for own in by_theorem(sorted(newest, key=lambda one: -scores[one.key])).values()}
            said = [FilterVerdict(one, one.key in tops, scores[one.key]) for one in newest]
            store_verdicts(learning.corpus, "reward", said)
        told |= {"certified": sum(one.certified for one in newest), "sampled": len(newest)}
        known = verdicts_of(learning.corpus, learning.config.name, "reward") if self.has("reward") else {}
        picked: list[StoredSample] = []
        for number in range(learning.number):
            certified = [one for one in samples_of(learning.corpus, learning.config.name, number) if one.certified]
            for own in by_theorem(certified).values():
                picked += sorted(own, key=lambda one: _rank(one, known))[:KEEP]
        told["picked"] = len(picked)
        return picked

    def _scores(
        self, learning: Learning, newest: list[StoredSample], told: dict[str, Any]
    ) -> dict[tuple[int, int], float] | None:
        """The reward of each of the newest samples; None where the rounds before have too few pairs."""
        known = {one.key for one in newest}
        earlier = [one for one in samples_so_far(learning) if one.key not in known]
        pairs = ranked_pairs(earlier, learning.seed)
        told["reward_pairs"] = len(pairs)
        if len(pairs) < LEAST_PAIRS or learning.parent is None or not newest:
            return None
        trainer, folder = trainer_of(learning), learning.stage("reward")
        decoder, tokenizer = load_base(str(Path(learning.parent.model_path or "")))
        tokens = Tokens(pieces_of(tokenizer), trainer)
        with isolated(trainer.config.threads, trainer.device):
            in_tokens = [tokens.pair(*pair) for pair in pairs]
            told["reward"] = {
                "steps": REWARD_EPOCHS * math.ceil(len(pairs) / trainer.config.batch_size),
                "tokens": REWARD_EPOCHS * sum(2 * len(p.prompt) + len(p.chosen) + len(p.rejected) for p in in_tokens),
            }
            if not folder.exists():
                work, rate = folder.with_name(".reward.work"), trainer.config.learning_rate * REWARD_RATE
                how = Fit(REWARD_EPOCHS, trainer.config.batch_size, rate, learning.seed, trainer.device)
                torch.manual_seed(learning.seed % 2**32)
                save_reward(folder, train_reward(decoder, tokenizer, in_tokens, how, work=work))
                shutil.rmtree(work, ignore_errors=True)
            found = rewards(load_reward(folder), [(*tokens.prompt(one), *tokens.answer(one)) for one in newest])
        told["reward_accuracy"] = _accuracy(newest, found)
        return {one.key: score for one, score in zip(newest, found, strict=True)}


def _rank(sample: StoredSample, known: dict[tuple[int, int], tuple[bool, float | None]]) -> float:
    """The smaller the better: minus its reward, or its length where its round had no reward model."""
    _, score = known.get(sample.key, (False, None))
    return float(len(sample.tactics)) if score is None else -score


def _accuracy(samples: list[StoredSample], scores: list[float]) -> float | None:
    """Of pairs of a certified and a refused sample of one theorem that the model has not learned from: the share that
    it ranks right. None for no pairs."""
    reward = {one.key: score for one, score in zip(samples, scores, strict=True)}
    right = [
        reward[a.key] > reward[b.key]
        for own in by_theorem(samples).values()
        for a in own
        for b in own
        if a.certified and b.refused
    ]
    return sum(right) / len(right) if right else None
