"""A state as the ranker learns it: its prompt, its actions, and which of them are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prover.actions.space import Candidates
from prover.policies.ranker.prompt import Prompt, PromptEncoder
from training.data.dataset import TrainingState


@dataclass(frozen=True, slots=True)
class Lesson:
    """`targets`, `weight` and `steps_left` are those of the TrainingState. Small beside it, so it travels well."""

    prompt: Prompt
    candidates: Candidates
    targets: Mapping[int, float]
    weight: float
    steps_left: int

    @classmethod
    def of(cls, state: TrainingState, encoder: PromptEncoder) -> Lesson:
        prompt = encoder.encode(state.situation)
        return cls(prompt, state.situation.candidates, dict(state.targets), state.weight, state.steps_left)
