"""The settings of a ranker's training: `[train]`. Nothing here needs torch, which takes seconds to import."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from prover.policies.ranker.config import ModelConfig
from training.data.dataset import DatasetConfig


class TrainConfig(BaseModel):
    """Everything that decides what comes out, apart from the proofs and the seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Not among what is stored: that is what it was before there was another kind.
    kind: Literal["ranker"] = Field(default="ranker", exclude=True)
    model: ModelConfig = ModelConfig()
    data: DatasetConfig = DatasetConfig()
    vocabulary: int = Field(default=1536, gt=100)
    epochs: int = Field(default=12, gt=0)
    #: More epochs where these would be fewer batches: 5 epochs of M_0's 150 states end within the warm-up. Stored only
    #: where it is in use.
    least_batches: int = Field(default=0, ge=0, exclude_if=lambda least: not least)
    batch_size: int = Field(default=32, gt=0)
    learning_rate: float = Field(default=1.5e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    warmup_steps: int = Field(default=30, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
    #: Share of prompt tokens that read as unknown in training, against learning states by heart.
    token_dropout: float = Field(default=0.1, ge=0, lt=1)
    #: Share of each target moved to all candidates evenly.
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    #: How much the value head's loss counts beside the policy's (AlphaProof's value is learned by cross-entropy, too).
    value_loss: float = Field(default=0.1, gt=0, exclude_if=lambda weight: weight == 0.1)
    #: A scorer of goal and premise, trained beside the ranker (premises.py), ranks all visible premises in place of
    #: BM25's best 48. Stored only where it is in use.
    premise_scorer: bool = Field(default=False, exclude_if=lambda on: not on)
    #: A second thread waits for the first by spinning: on a machine with other work, 36 s an epoch instead of 6.
    threads: int = Field(default=1, gt=0)
    #: Each makes the gradients of its share of a batch (side_by_side.py). The same number gives the same bytes. Stored
    #: only where it is in use.
    processes: int = Field(default=1, gt=0, exclude_if=lambda processes: processes == 1)
