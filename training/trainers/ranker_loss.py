"""What the ranker's training makes small: cross-entropy with the actions of proofs, and the value head's loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from training.trainers.lesson import Lesson
from training.trainers.value import value_loss


@dataclass(slots=True)
class RankerLoss:
    """The loss of lessons, and a count of the tokens read, padding too. `noise` says which tokens are forgotten;
    dropout draws from torch's global generator."""

    model: ActionRanker
    #: Ids of the tokens for padding and for what is unknown.
    padding: int
    unknown: int
    #: These three are of `TrainConfig`.
    token_dropout: float
    label_smoothing: float
    value_weight: float
    device: str = "cpu"
    noise: torch.Generator = field(default_factory=torch.Generator)
    tokens: int = 0

    def __call__(self, lessons: Sequence[Lesson], whole: float) -> Tensor:
        """Nats, summed by weight and divided by `whole`: the weight of the batch that the lessons are of."""
        batch = PromptBatch.of([lesson.prompt for lesson in lessons], self.padding)
        device = self.device
        self.tokens += batch.tokens.numel()
        if self.token_dropout:
            batch = self._forget(batch)
        candidates = [lesson.candidates for lesson in lessons]
        scores, values = self.model.judge(batch.to(device), CandidateBatch.of(candidates).to(device))
        targets = np.zeros(len(scores), dtype=np.float32)
        start = 0
        smoothing = self.label_smoothing
        for lesson, each in zip(lessons, candidates, strict=True):
            targets[start : start + len(each)] = lesson.weight * smoothing / len(each)
            for action, weight in lesson.targets.items():
                targets[start + action] += lesson.weight * (1 - smoothing) * weight
            start += len(each)
        loss: Tensor = -(torch.from_numpy(targets).to(device) * scores).sum() / whole
        if values is not None:
            loss = loss + self.value_weight * value_loss(values, lessons) / whole
        return loss

    def _forget(self, batch: PromptBatch) -> PromptBatch:
        """The batch with a share of its plain tokens (not markers) replaced by the unknown token."""
        forgotten = torch.rand(batch.tokens.shape, generator=self.noise) < self.token_dropout
        plain = batch.real & (batch.marks[:, :, 0] == 0)
        tokens = batch.tokens.masked_fill(forgotten & plain, self.unknown)
        return PromptBatch(tokens, batch.marks, batch.real, batch.pointers)
