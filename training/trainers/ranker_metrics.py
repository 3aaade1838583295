"""How well a ranker knows states: on those that it learned from, and on those of theorems held back by hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from prover.policies.ranker.prompt import PromptEncoder
from training.data.dataset import TrainingState
from training.trainers.value import steps_off


@dataclass(frozen=True, slots=True)
class Metrics:
    """Over `states` states: mean cross-entropy (nats) and the share whose likeliest (eight likeliest) actions include a
    target. All 0 for no states. `steps_off`: by how many steps the value head misses the shortest known proof,
    in the mean; None without such a head."""

    states: int
    loss: float
    top_1: float
    top_8: float
    steps_off: float | None = None


def measure(model: ActionRanker, encoder: PromptEncoder, states: Sequence[TrainingState]) -> Metrics:
    """Loss and accuracy without dropout, one state a forward."""
    if not states:
        return Metrics(0, 0.0, 0.0, 0.0)
    loss, top_1, top_8 = 0.0, 0, 0
    off: list[float] = []
    with torch.inference_mode():
        for state in states:
            prompt = PromptBatch.of([encoder.encode(state.situation)], encoder.padding)
            log_probs, values = model.judge(prompt, CandidateBatch.of([state.situation.candidates]))
            scores = log_probs.numpy()
            if values is not None and state.steps_left:
                off.append(steps_off(values[0], state))
            loss -= sum(weight * float(scores[action]) for action, weight in state.targets.items())
            best = np.argsort(-scores, kind="stable")[:8].tolist()
            top_1 += best[0] in state.targets
            top_8 += any(action in state.targets for action in best)
    count = len(states)
    return Metrics(count, loss / count, top_1 / count, top_8 / count, float(np.mean(off)) if off else None)
