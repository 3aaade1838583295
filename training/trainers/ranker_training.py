"""Training the ranker: the whole snapshot, from base, for a number of epochs that follows from its size.

    report = train(proofs, space, TrainConfig(), Path("generations/1"), seed=1)

Nothing here looks at the clock: the same proofs, config and seed give the same weights, byte for byte, on one machine.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.optim.lr_scheduler import LRScheduler

from prover.actions.repertoire import Repertoire
from prover.actions.space import ActionSpace
from prover.policies.ranker.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from prover.policies.ranker.network import ActionRanker, parameter_count
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from training.data.dataset import TrainingProof, TrainingState, build_dataset
from training.trainers.device import NoDevice
from training.trainers.halfway import Halfway, Place, plain
from training.trainers.isolation import isolated
from training.trainers.lesson import Lesson
from training.trainers.premises import scored_dataset
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_loss import RankerLoss
from training.trainers.ranker_metrics import Metrics, measure
from training.trainers.side_by_side import Helpers
from training.trainers.trainer import NothingToLearn, Progress


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What training did. `valid` is measured on theorems held back by hash; `tokens` and `tokens_per_second` count
    padding, too."""

    weights_sha256: str
    parameters: int
    vocabulary: int
    steps: int
    tokens: int
    seconds: float
    tokens_per_second: float
    train: Metrics
    valid: Metrics
    data: dict[str, object]
    #: Of its scorer of premises, {} without one.
    premises: dict[str, Any]


def train(
    proofs: Iterable[TrainingProof],
    space: ActionSpace,
    config: TrainConfig,
    out: Path,
    *,
    seed: int,
    base: Path | None = None,
    statements: Sequence[str] = (),
    report: Callable[[Progress], None] | None = None,
    device: str = "cpu",
    halfway: Halfway | None = None,
    origin: Mapping[str, Any] | None = None,
) -> TrainReport:
    """Trains a ranker on `proofs` and writes its checkpoint folder `out`.

    It starts from the weights and tokenizer of the checkpoint `base`, or from weights drawn from `seed` and a tokenizer
    trained on `statements` (printed statements of the train split, never of others) and the states in `proofs`.
    `device`: where torch trains (`cpu`, `cuda`); what is written is the same kind of file. `halfway`: where the state
    of training is kept meanwhile; what is there already is gone on with, to the same bytes. `origin` joins the record
    in the checkpoint. Raises NothingToLearn, NotTheSame, NoDevice, HelperDied, and CheckpointError if `base` cannot be
    read.
    """
    started = time.perf_counter()
    if config.processes > 1 and device != "cpu":
        raise NoDevice(
            f"[train] processes = {config.processes} is for the processor: leave it or --device {device} out"
        )
    with Helpers(config.processes - 1) as helpers, isolated(config.threads, device):
        if config.premise_scorer:
            states, dataset_report, scorer, premises = scored_dataset(proofs, space, config.data, seed)
        else:
            (states, dataset_report), scorer, premises = build_dataset(proofs, space, config.data), None, {}
        learned = [state for state in states if not state.held_out]
        held_out = [state for state in states if state.held_out]
        if not learned:
            raise NothingToLearn(
                f"none of the {dataset_report.steps} steps in {dataset_report.proofs} proofs is an action of its "
                "state; a round (`flywheel round`) or seed proofs have to come first"
            )
        model, tokenizer = _start(base, config, seed, statements, states, space.repertoire)
        encoder = PromptEncoder(tokenizer)
        trainer = Fitting(model, encoder, config, seed, device, helpers)
        trainer.fit(learned, report, halfway)
        train_metrics, valid_metrics = measure(model, encoder, learned), measure(model, encoder, held_out)
    seconds = time.perf_counter() - started
    data = {**asdict(dataset_report), "outside": dict(dataset_report.outside)}
    record = {
        "config": config.model_dump(),
        "seed": seed,
        "base": load_checkpoint(base, space.repertoire).sha256 if base else None,
        "data": data,
        "train": asdict(train_metrics),
        "valid": asdict(valid_metrics),
        **({"premises": premises} if premises else {}),
        **({"origin": dict(origin)} if origin is not None else {}),
    }
    made = Checkpoint(model.weights, model.config, model.repertoire, tokenizer, scorer)
    digest = save_checkpoint(out, made, record)
    if halfway is not None:
        halfway.clear()
    return TrainReport(
        weights_sha256=digest,
        parameters=parameter_count(model),
        vocabulary=tokenizer.get_vocab_size(),
        steps=trainer.steps,
        tokens=trainer.tokens,
        seconds=seconds,
        tokens_per_second=trainer.tokens / max(trainer.seconds, 1e-9),
        train=train_metrics,
        valid=valid_metrics,
        data=data,
        premises=premises,
    )


def _start(
    base: Path | None,
    config: TrainConfig,
    seed: int,
    statements: Sequence[str],
    states: Sequence[TrainingState],
    repertoire: Repertoire,
) -> tuple[ActionRanker, Tokenizer]:
    if base is not None:
        checkpoint = load_checkpoint(base, repertoire)
        return ActionRanker.of(checkpoint), checkpoint.tokenizer
    tokenizer = train_tokenizer([*statements, *(readable(state.situation) for state in states)], config.vocabulary)
    model = ActionRanker(config.model, tokenizer.get_vocab_size(), repertoire)
    model.initialise(torch.Generator().manual_seed(seed))
    return model, tokenizer


class Fitting:
    """One run of AdamW over a list of states; every random choice comes from the seed."""

    def __init__(
        self,
        model: ActionRanker,
        encoder: PromptEncoder,
        config: TrainConfig,
        seed: int,
        device: str,
        helpers: Helpers,
    ) -> None:
        self._model, self._encoder, self._config, self._device = model.to(device), encoder, config, device
        self._order = np.random.Generator(np.random.Philox(seed))
        self._loss = RankerLoss(
            self._model,
            encoder.padding,
            encoder.unknown,
            config.token_dropout,
            config.label_smoothing,
            config.value_loss,
            device,
            torch.Generator().manual_seed(seed + 1),
        )
        self._seed, self._helpers = seed, helpers
        self.steps = 0
        self.seconds = 0.0

    @property
    def tokens(self) -> int:
        """Read so far, padding too."""
        return self._loss.tokens

    def fit(
        self,
        states: Sequence[TrainingState],
        report: Callable[[Progress], None] | None,
        halfway: Halfway | None = None,
    ) -> None:
        config = self._config
        lessons = [Lesson.of(state, self._encoder) for state in states]
        optimizer = torch.optim.AdamW(
            self._model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
        )
        batches = math.ceil(len(states) / config.batch_size)
        epochs = max(config.epochs, math.ceil(config.least_batches / batches))
        total = epochs * batches
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self._rate(step, total))
        started = time.perf_counter()
        # Dropout draws from torch's global generator.
        torch.manual_seed(self._seed + 2)
        self._model.train()
        at = Place()
        identity = self._identity(lessons) if halfway is not None else ""
        if halfway is not None and (saved := halfway.load(identity)) is not None:
            at = self._restore(saved, optimizer, scheduler)

        if self._helpers:
            self._helpers.share(self._loss, lessons, self._seed)

        def keep() -> None:
            if halfway is not None:
                halfway.save(identity, self._state(at, optimizer, scheduler))

        while at.epoch < epochs:
            at.order = self._order.bit_generator.state
            for batch in list(self._batches(lessons))[len(at.losses) :]:
                nats = self._gradients(lessons, batch)
                torch.nn.utils.clip_grad_norm_(self._model.parameters(), config.clip_norm)
                optimizer.step()
                scheduler.step()
                at.losses.append(nats)
                self.steps += 1
                if halfway is not None and halfway.due():
                    keep()
            mean = float(np.mean(at.losses))
            at.epoch, at.losses, at.order = at.epoch + 1, [], self._order.bit_generator.state
            keep()
            if report is not None:
                report(Progress(at.epoch, epochs, mean, time.perf_counter() - started))
        if self._helpers:
            self._helpers.part()
        self._model.eval().cpu()
        self.seconds = time.perf_counter() - started

    def _gradients(self, lessons: Sequence[Lesson], batch: Sequence[int]) -> float:
        """Leaves a batch's gradients in the model; its loss in nats."""
        if self._helpers:
            return self._helpers.gradients(batch, self.steps)
        loss = self._loss([lessons[i] for i in batch], sum(lessons[i].weight for i in batch))
        self._model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _state(self, at: Place, optimizer: torch.optim.Optimizer, scheduler: LRScheduler) -> dict[str, Any]:
        """All that decides how training goes on. The order of an epoch's batches is drawn anew from where its
        generator stood at the start of the epoch."""
        return {
            "epoch": at.epoch,
            "losses": at.losses,
            "order": plain(at.order),
            "noise": self._loss.noise.get_state(),
            "dropout": torch.get_rng_state(),
            "dropout_cuda": torch.cuda.get_rng_state(self._device) if self._device.startswith("cuda") else None,
            "model": self._model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "steps": self.steps,
            "tokens": self.tokens,
        }

    def _restore(self, saved: dict[str, Any], optimizer: torch.optim.Optimizer, scheduler: LRScheduler) -> Place:
        self._order.bit_generator.state = saved["order"]
        self._loss.noise.set_state(saved["noise"])
        torch.set_rng_state(saved["dropout"])
        if saved["dropout_cuda"] is not None:
            torch.cuda.set_rng_state(saved["dropout_cuda"], self._device)
        self._model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        self.steps, self._loss.tokens = saved["steps"], saved["tokens"]
        return Place(saved["epoch"], saved["losses"])

    def _identity(self, lessons: Sequence[Lesson]) -> str:
        """A hash of all that training starts from."""
        start = hashlib.sha256(
            repr((self._config.model_dump(), self._seed, self._device, torch.__version__, len(lessons))).encode()
        )
        for name, tensor in self._model.state_dict().items():
            start.update(name.encode())
            start.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        for lesson in lessons:
            targets = sorted(lesson.targets.items())
            start.update(repr((list(lesson.prompt.tokens), targets, lesson.weight, lesson.steps_left)).encode())
        return start.hexdigest()

    def _rate(self, step: int, total: int) -> float:
        """Linear warm-up, then a cosine down to 2 % of the learning rate."""
        warm = min(1.0, (step + 1) / max(1, self._config.warmup_steps))
        return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))))

    def _batches(self, lessons: Sequence[Lesson]) -> Iterator[list[int]]:
        """Batches of prompts of similar length (padding costs), in random order."""
        size = self._config.batch_size
        order = self._order.permutation(len(lessons)).tolist()
        batches: list[list[int]] = []
        for start in range(0, len(order), size * 12):
            block = sorted(order[start : start + size * 12], key=lambda i: len(lessons[i].prompt.tokens))
            batches.extend(block[i : i + size] for i in range(0, len(block), size))
        for index in self._order.permutation(len(batches)):
            yield batches[index]
