"""Direct preference optimisation with TRL's DPOTrainer, as Llama 3's post-training uses it (arXiv:2407.21783, 4.1.4).

L = -E[log sigmoid(beta (r(y+) - r(y-)))] - nll E[log pi(y+)], r(y) = log pi(y) - log pi_ref(y): Rafailov et al. 2023
(arXiv:2305.18290) with a likelihood term on what is chosen. The token that ends a text is masked out of both answers,
since it stands in both, and would be pushed up and down at once.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from training.trainers.trl_settings import Fit, configuration, fitted


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt in tokens, the better one first, ends included."""

    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preferred:
    """What came of it. `tokens`: of both answers, the prompt counted with each. `accuracy`: share of pairs whose better
    answer gained more, in the last batches."""

    model: Any
    pairs: int
    steps: int
    tokens: int
    accuracy: float


def prefer(
    model: Any,
    tokenizer: Any,
    pairs: Sequence[Pair],
    how: Fit,
    *,
    work: Path,
    beta: float = 0.1,
    nll: float = 0.2,
) -> Preferred:
    """Trains `model` in place; the reference is what it is now. The defaults are Llama 3's."""
    config = configuration(
        DPOConfig,
        how,
        work,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, nll],
        beta=beta,
        max_length=None,
    )
    trainer = _Trainer(
        model=model,
        ref_model=copy.deepcopy(model),
        args=config,
        train_dataset=Dataset.from_dict(
            {
                "prompt_ids": [list(pair.prompt) for pair in pairs],
                "chosen_ids": [list(pair.chosen) for pair in pairs],
                "rejected_ids": [list(pair.rejected) for pair in pairs],
            }
        ),
        processing_class=tokenizer,
        data_collator=_WithoutEnd(pad_token_id=tokenizer.pad_token_id, max_length=None),
    )
    history = fitted(trainer)
    accuracies = [float(one["rewards/accuracies"]) for one in history if "rewards/accuracies" in one][-5:]
    accuracy = sum(accuracies) / len(accuracies) if accuracies else 0.0
    tokens = how.epochs * sum(2 * len(pair.prompt) + len(pair.chosen) + len(pair.rejected) for pair in pairs)
    return Preferred(trainer.model.cpu().eval(), len(pairs), trainer.state.global_step, tokens, accuracy)


class _Trainer(DPOTrainer):  # type: ignore[misc]
    def _prepare_dataset(self, dataset: Any, *_args: Any, **_kwargs: Any) -> Any:
        """It is in tokens already, as search makes them."""
        return dataset

    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_args: Any, **_kwargs: Any) -> None:
        """No card."""


class _WithoutEnd(DataCollatorForPreference):  # type: ignore[misc]
    """Masks the last token of each answer, its end."""

    def torch_call(self, examples: list[Mapping[str, Any]]) -> Any:
        batch = super().torch_call(examples)
        for side, key in enumerate(("chosen_ids", "rejected_ids")):
            for row, example in enumerate(examples):
                end = len(example["prompt_ids"]) + len(example[key]) - 1
                batch["completion_mask"][side * len(examples) + row, end] = 0
        return batch
