"""A reward model with TRL's RewardTrainer: how good a written proof looks, learned from pairs of them.

L = -E[log sigmoid(r(x, y+) - r(x, y-))] (Bradley-Terry), without a margin, as in Llama 3 (arXiv:2407.21783, 4.1.2). It
starts from the policy's own decoder, with one number read off the last token.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import LlamaForSequenceClassification
from trl import RewardConfig, RewardTrainer

from prover.policies.folder import replacing
from prover.policies.text.quiet import quiet
from training.trainers.preferences import Pair
from training.trainers.trl_settings import Fit, configuration, fitted


class RewardUnsupported(Exception):
    """No reward model can be made of this base. The text says why."""


def train_reward(decoder: Any, tokenizer: Any, pairs: Sequence[Pair], how: Fit, *, work: Path) -> Any:
    """A model of reward from `decoder`, which is not changed. Raises RewardUnsupported."""
    if decoder.config.model_type != "llama":
        raise RewardUnsupported(f"a reward model is made of a llama decoder, not of {decoder.config.model_type!r}")
    config = copy.deepcopy(decoder.config)
    config.num_labels = 1
    torch.manual_seed(how.seed % 2**32)
    model = LlamaForSequenceClassification(config)
    model.model.load_state_dict(decoder.model.state_dict())
    trainer = _Trainer(
        model=model,
        args=configuration(RewardConfig, how, work, max_length=None),
        train_dataset=Dataset.from_dict(
            {
                "chosen_ids": [[*pair.prompt, *pair.chosen] for pair in pairs],
                "rejected_ids": [[*pair.prompt, *pair.rejected] for pair in pairs],
            }
        ),
        processing_class=tokenizer,
    )
    fitted(trainer)
    return trainer.model.cpu().eval()


def save_reward(folder: Path, model: Any) -> None:
    """Writes it, whole or not at all."""
    with replacing(folder) as draft, quiet():
        model.save_pretrained(draft)


def load_reward(folder: Path) -> Any:
    with quiet():
        return LlamaForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()


@torch.inference_mode()
def rewards(model: Any, texts: Sequence[Sequence[int]], batch: int = 32) -> list[float]:
    """The reward of each prompt with its answer, in tokens."""
    found: list[float] = []
    for start in range(0, len(texts), batch):
        chosen = texts[start : start + batch]
        length = max(map(len, chosen))
        tokens = torch.full((len(chosen), length), int(model.config.pad_token_id), dtype=torch.long)
        real = torch.zeros_like(tokens)
        for row, text in enumerate(chosen):
            tokens[row, : len(text)] = torch.tensor(list(text))
            real[row, : len(text)] = 1
        found += model(tokens, attention_mask=real).logits[:, 0].tolist()
    return found


class _Trainer(RewardTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_args: Any, **_kwargs: Any) -> None:
        """No card."""
