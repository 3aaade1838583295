"""The trainer of rankers, as the loop knows it. A run that trains nothing does not wait for torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prover.actions.space import ActionSpace
from prover.policies.ranker.checkpoint import load_ranker
from prover.policies.ranker.policy import RankerOptions
from training.data.dataset import TrainingProof
from training.trainers.halfway import Halfway
from training.trainers.ranker_config import TrainConfig
from training.trainers.trainer import Loaded, Progress, Trained


@dataclass(frozen=True, slots=True)
class RankerTrainer:
    """The default trainer of the loop: a ranker over the actions of `space`. The other fields are as in `train`."""

    space: ActionSpace
    config: TrainConfig
    device: str = "cpu"
    halfway: Halfway | None = None
    origin: Mapping[str, Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration."""
        return self.config.model_dump(mode="json")

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
        """See `train` in ranker_training.py."""
        from training.trainers.ranker_training import train

        done = train(
            proofs,
            self.space,
            self.config,
            out,
            seed=seed,
            base=base,
            statements=statements,
            report=report,
            device=self.device,
            halfway=self.halfway,
            origin=self.origin,
        )
        record = {"train": asdict(done.train), "valid": asdict(done.valid), "data": done.data}
        record |= {"premises": done.premises} if done.premises else {}
        work = {"updates": done.steps, "tokens": done.tokens, "seconds": done.seconds}
        return Trained(done.weights_sha256, {**ranker_metrics(record), **work})

    def load(self, folder: Path, name: str, *, prior: float, cost_discount: float, temperature: float = 1.0) -> Loaded:
        """The network with these options. Raises CheckpointError."""
        options = RankerOptions(prior_weight=prior, time_discount=cost_discount, temperature=temperature)
        return Loaded(load_ranker(folder, self.space, options, name), options.model_dump())


def ranker_metrics(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the corpus keeps of a training, from the checkpoint's own record of it."""
    return {
        "states": record["train"]["states"],
        "train_loss": record["train"]["loss"],
        "valid_loss": record["valid"]["loss"],
        "valid_top_1": record["valid"]["top_1"],
        "valid_top_8": record["valid"]["top_8"],
        **({"valid_steps_off": off} if (off := record["valid"].get("steps_off")) is not None else {}),
        "data": record["data"],
        **({"premises": record["premises"]} if "premises" in record else {}),
    }
