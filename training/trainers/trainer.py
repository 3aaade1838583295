"""What the loop asks of whatever trains its models: `Trainer`. The default is `RankerTrainer` (ranker.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from prover.policy import Policy
from training.data.dataset import TrainingProof


class NothingToLearn(Exception):
    """The snapshot has nothing that this trainer can learn from. The text says why."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training is."""

    #: Epochs done, of `epochs`.
    epoch: int
    epochs: int
    #: Mean training loss over the last epoch, in nats a state.
    loss: float
    #: Wall-clock seconds since the start.
    seconds: float
    #: Share done of all epochs, where the trainer tells more often than once an epoch.
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """What training made."""

    #: SHA-256 of the weights, in hexadecimal.
    weights_sha256: str
    #: What the corpus keeps about it: losses, counts, seconds. JSON.
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that can propose tactics."""

    policy: Policy
    #: The options that it runs with. They are stored with every round, since the result depends on them.
    options: Mapping[str, Any]


class Trainer(Protocol):
    """Makes a model of a snapshot's proofs, and loads it again."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what comes out, apart from the proofs and the seed. Stored with the generation."""
        ...

    def train(
        self,
        proofs: Iterable[TrainingProof],
        out: Path,
        *,
        seed: int,
        base: Path | None = None,
        statements: Sequence[str] = (),
        report: Callable[[Progress], None] | None = None,
    ) -> Trained:
        """Trains on `proofs` and writes the model's folder `out`: all of it, or nothing.

        It starts from the model in `base`, or from scratch. `statements` are printed statements of the train split, for
        a vocabulary; no others are ever given. The same proofs, settings and seed give the same weights on one machine.
        Raises NothingToLearn, and CheckpointError if `base` cannot be read.
        """
        ...

    def load(self, folder: Path, name: str, *, prior: float, cost_discount: float, temperature: float = 1.0) -> Loaded:
        """The model in `folder` as a policy called `name`.

        `prior` in [0, 1): share of the portfolio's hand-set prior mixed into its distribution, so that a round tries
        what the model never would. `cost_discount`: nats that a factor e of a tactic's usual time costs. A model whose
        proposals are free text has neither portfolio prior nor usual times, and ignores both. `temperature` divides the
        model's own log-probabilities; one that samples text has its own. Raises CheckpointError.
        """
        ...
