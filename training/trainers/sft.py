"""Supervised fine-tuning with TRL's SFTTrainer, so that a kill costs at most the seconds since the last checkpoint.

TRL and transformers would each say something to the outside: TRL counts its users over the network when a trainer is
made, and looks a model up when it writes its card. Both are switched off here, and a test has no network.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from prover.policies.text.quiet import quiet
from training.trainers.halfway import Halfway, NotTheSame
from training.trainers.text_config import TextConfig
from training.trainers.text_data import Row, order
from training.trainers.trainer import Progress

#: What labels a token that is read and not learned.
_IGNORED = -100
#: Written last into a checkpoint: one without it was being written when the process was killed.
_WHOLE, _IDENTITY = "whole", "identity"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model with what was learned merged in. `tokens` counts those that this process has trained on, no padding."""

    model: Any
    steps: int
    tokens: int
    seconds: float
    loss: float


def fit(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    config: TextConfig,
    *,
    seed: int,
    device: str,
    work: Path,
    identity: str = "",
    halfway: Halfway | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Fitted:
    """Trains `model` on `rows`, in place where there is no adapter. `work`: a folder for checkpoints; those there of
    the same `identity` are gone on with. Without `halfway` none is written. Raises NotTheSame."""
    ordered = order(rows, config.epochs, config.batch_size, seed)
    resumed = _last_checkpoint(work, identity) if halfway is not None else None
    watch = _Watch(config, len(rows), work, identity, halfway, report)
    with quiet():
        trainer = _Trainer(
            model=model,
            args=_arguments(config, seed, device, work),
            train_dataset=_dataset(rows).select(ordered),
            processing_class=tokenizer,
            peft_config=_adapter(config),
            callbacks=[watch],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    made = trainer.model
    if config.lora is not None:
        made = made.merge_and_unload()
    done = trainer.state.global_step * config.batch_size * config.accumulate
    skipped = watch.first * config.batch_size * config.accumulate
    tokens = sum(len(rows[row].tokens) for row in ordered[skipped:done])
    return Fitted(made.cpu().eval(), trainer.state.global_step, tokens, watch.seconds, watch.loss)


class _Trainer(SFTTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_args: Any, **_kwargs: Any) -> None:
        """No card: meta.json says what the model was made from."""


def _arguments(config: TextConfig, seed: int, device: str, work: Path) -> Any:
    """`ordered` rows are one epoch for transformers, in their own order: what a resumed training does next follows
    from the number of steps alone."""
    on_cuda = device.startswith("cuda")
    if on_cuda:
        torch.cuda.set_device(device)
    arguments = SFTConfig(
        output_dir=str(work),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=config.clip_norm,
        optim="adamw_torch",
        seed=seed % 2**32,
        use_cpu=device == "cpu",
        bf16=config.precision == "auto" and on_cuda and torch.cuda.is_bf16_supported(),
        gradient_checkpointing=False,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=on_cuda,
        logging_strategy="steps",
        logging_steps=10,
        save_strategy="no",
        disable_tqdm=True,
        report_to="none",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several GPUs would change the batch, and what comes out
    return arguments


def _dataset(rows: Sequence[Row]) -> Any:
    return Dataset.from_dict(
        {
            "input_ids": [list(row.tokens) for row in rows],
            "labels": [[_IGNORED] * row.read + list(row.tokens[row.read :]) for row in rows],
        }
    )


def _adapter(config: TextConfig) -> Any:
    if (lora := config.lora) is None:
        return None
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


@dataclass
class _Watch(TrainerCallback):  # type: ignore[misc]
    """Tells how far training is, and has it saved now and then."""

    config: TextConfig
    rows: int
    work: Path
    identity: str
    halfway: Halfway | None
    report: Callable[[Progress], None] | None
    #: The step that this process began with.
    first: int = 0
    loss: float = 0.0
    epoch: int = 0
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.started, self.first = time.perf_counter(), state.global_step
        self.epoch = self._epoch(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        done = self._epoch(state)
        if done > self.epoch:
            self.epoch = done
            control.should_log = True
        if self.halfway is not None and self.halfway.due():
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.loss = float(logs["loss"])
            self._tell(state)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = self.work / f"checkpoint-{state.global_step}"
        (self.work / _IDENTITY).write_text(self.identity, encoding="utf-8")
        (folder / _WHOLE).touch()
        for other in self.work.glob("checkpoint-*"):
            if other != folder:
                shutil.rmtree(other)
        if self.halfway is not None:
            self.halfway.saved()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seconds = time.perf_counter() - self.started

    def _epoch(self, state: Any) -> int:
        """Epochs done."""
        seen = state.global_step * self.config.batch_size * self.config.accumulate
        return min(self.config.epochs, int(seen // self.rows))

    def _tell(self, state: Any) -> None:
        if self.report is not None:
            seconds = time.perf_counter() - self.started
            share = state.global_step / max(1, state.max_steps)
            self.report(Progress(self.epoch, self.config.epochs, self.loss, seconds, share))


def _last_checkpoint(work: Path, identity: str) -> Path | None:
    """The checkpoint to go on from; what was half written is removed. Raises NotTheSame."""
    if not work.exists():
        return None
    found = sorted(work.glob("checkpoint-*"), key=lambda folder: int(folder.name.partition("-")[2]))
    whole = [folder for folder in found if (folder / _WHOLE).is_file()]
    if not whole:
        shutil.rmtree(work, ignore_errors=True)
        return None
    if (work / _IDENTITY).read_text(encoding="utf-8") != identity:
        raise NotTheSame(
            f"{work} is half of another training (other proofs, settings, seed or versions): "
            "give the same ones, or delete it and train without --resume"
        )
    return whole[-1]
