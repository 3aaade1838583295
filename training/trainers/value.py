"""The value head's part of training: which bin a state belongs to, its loss, and how far off its guesses are.

Bin i stands for i + 1 steps left on the longest branch, the last bin for that many or more (AlphaProof, Hubert et al.
2025: a categorical value over 64 bins, learned by cross-entropy).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.data.dataset import TrainingState
from training.trainers.lesson import Lesson


def value_loss(logits: Tensor, states: Sequence[Lesson]) -> Tensor:
    """Sum over the states of cross-entropy (nats) times weight; `logits` (B, bins). States of which no proof is known
    count nothing."""
    bins = logits.shape[1]
    wanted = torch.tensor([max(0, min(state.steps_left, bins) - 1) for state in states], device=logits.device)
    weights = torch.tensor([state.weight * bool(state.steps_left) for state in states], device=logits.device)
    return (torch.nn.functional.cross_entropy(logits, wanted, reduction="none") * weights).sum()


def steps_off(logits: Tensor, state: TrainingState) -> float:
    """How many steps the expected value of one state's `logits` (bins) is away from its shortest known proof."""
    steps = torch.arange(1, len(logits) + 1, dtype=logits.dtype)
    return abs(float(logits.softmax(0) @ steps) - state.steps_left)
