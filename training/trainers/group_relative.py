"""Reinforcement learning with TRL's GRPOTrainer on samples that a round has drawn and the kernel has judged.

A group is G samples of one theorem; a sample's advantage is (reward - mean) / deviation over its group, the ratio of
new to old probability is clipped, and the divergence from the reference is in the loss (Shao et al. 2024,
arXiv:2402.03300, equations 3 and 4). All groups are one rollout, split into minibatches, one epoch, as in DeepSeek-R1
(arXiv:2501.12948, supplement). A group whose rewards are all alike has no gradient, and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from prover.policies.text.quiet import quiet
from training.trainers.trl_settings import Fit, configuration, fitted


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of one prompt, in tokens, ends included, with their rewards."""

    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]
    rewards: tuple[float, ...]

    @property
    def teaches(self) -> bool:
        return len(set(self.rewards)) > 1


@dataclass(frozen=True, slots=True)
class Reinforced:
    """`kl`: mean divergence from the reference over the last steps, in nats a token."""

    model: Any
    tokenizer: Any
    groups: int
    steps: int
    tokens: int
    kl: float


def reinforce(
    folder: Path, groups: Sequence[Group], size: int, how: Fit, *, work: Path, kl: float = 0.001, clip: float = 0.2
) -> Reinforced:
    """The model in `folder` after one rollout: `groups` of `size` samples each, `how.batch_size` samples a step (a
    multiple of `size`). The reference is the model in `folder`."""
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32", local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    per_step = max(1, how.batch_size // size)
    # A last minibatch that is not full is filled up from the front, so that the rollout is whole minibatches.
    used = [*groups, *(groups[n % len(groups)] for n in range(-len(groups) % per_step))]
    config = configuration(
        GRPOConfig,
        Fit(1, per_step * size, how.learning_rate, how.seed, how.device),
        work,
        num_generations=size,
        steps_per_generation=len(used) // per_step,
        num_iterations=1,
        beta=kl,
        epsilon=clip,
        loss_type="grpo",
        scale_rewards="group",
        shuffle_dataset=False,
        max_completion_length=max(len(answer) for group in used for answer in group.answers),
        temperature=1.0,
    )

    def rollout(prompts: list[str], _trainer: Any) -> dict[str, Any]:
        """The samples of the round, in place of new ones: each prompt comes `size` times."""
        seen: dict[str, int] = {}
        answers, rewards = [], []
        for prompt in prompts:
            place = seen.get(prompt, 0)
            seen[prompt] = place + 1
            answers.append(list(used[int(prompt)].answers[place % size]))
            rewards.append(used[int(prompt)].rewards[place % size])
        return {
            "prompt_ids": [list(used[int(prompt)].prompt) for prompt in prompts],
            "completion_ids": answers,
            "logprobs": None,  # what another engine would have given them
            "verdict": rewards,
        }

    def kernel(verdict: list[float], **_rest: Any) -> list[float]:
        return verdict

    with quiet():  # that `rollout_func` is young, which the pin of trl says, too
        trainer = _Trainer(
            model=model,
            reward_funcs=kernel,
            rollout_func=rollout,
            processing_class=tokenizer,
            train_dataset=Dataset.from_dict({"prompt": [str(number) for number in range(len(used))]}),
            args=config,
        )
    history = fitted(trainer)
    divergences = [float(one["kl"]) for one in history if "kl" in one][-5:]
    made = trainer.model.cpu().eval()
    divergence = sum(divergences) / len(divergences) if divergences else 0.0
    tokens = sum(len(group.prompt) + len(answer) for group in used for answer in group.answers)
    return Reinforced(made, tokenizer, len(groups), trainer.state.global_step, tokens, divergence)


class _Trainer(GRPOTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_args: Any, **_kwargs: Any) -> None:
        """No card."""


def average(models: Sequence[Any]) -> Any:
    """The first model with the mean of all their weights (Wortsman et al. 2022, arXiv:2203.05482)."""
    states = [model.state_dict() for model in models]
    mean = {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}
    models[0].load_state_dict(mean)
    return models[0]
