"""What TRL's trainers of preferences, rewards and policies are told here, and how they are run: on one thread of the
processor, in float32, without a word to the outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import transformers

from prover.policies.text.quiet import quiet

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Fit:
    """How long and how fast. `batch_size`: pairs, or samples, a gradient step."""

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    device: str = "cpu"


def configuration(kind: type[_Kind], how: Fit, work: Path, **more: Any) -> _Kind:
    """TRL's configuration of this kind, with what all of them take here. TRL turns bfloat16 on by default; processors
    do not train in it."""
    shared: dict[str, Any] = {
        "output_dir": str(work),
        "num_train_epochs": how.epochs,
        "per_device_train_batch_size": how.batch_size,
        "learning_rate": how.learning_rate,
        "lr_scheduler_type": "linear",
        "max_grad_norm": 1.0,
        "optim": "adamw_torch",
        "seed": how.seed % 2**32,
        "use_cpu": how.device == "cpu",
        "bf16": False,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
        "report_to": "none",
    }
    with quiet():  # of settings that transformers has renamed and TRL has not
        return kind(**shared, **more)


def fitted(trainer: Any) -> list[dict[str, Any]]:
    """Trains; returns what the trainer logged."""
    with quiet():
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    history: list[dict[str, Any]] = trainer.state.log_history
    return history
