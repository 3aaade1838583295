"""What `[train] kind = "text"` may say: a causal language model that is trained on states and tactics.

Apart from the trainer, so that settings are read without torch.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prover.policies.prompt import GOAL_PROMPT


class DecoderSizes(BaseModel):
    """The decoder from scratch. The defaults give 2.9 million weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: int = Field(default=192, gt=0)
    layers: int = Field(default=6, gt=0)
    heads: int = Field(default=6, gt=0)
    feed_forward: int = Field(default=512, gt=0)
    vocabulary: int = Field(default=1024, ge=300, description="256 of them are the bytes")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.hidden % (2 * self.heads):
            raise ValueError(f"hidden ({self.hidden}) has to be an even multiple of heads ({self.heads})")
        return self


class LoraSettings(BaseModel):
    """Low-rank adapters on all linear maps (Hu et al. 2021, arXiv:2106.09685), merged into the weights at the end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(default=16, gt=0)
    alpha: int = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class TextData(BaseModel):
    """What of the corpus is learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    proofs_per_theorem: int = Field(
        default=4, gt=0, description="distinct proofs of one theorem, first come first taken"
    )
    valid_share: float = Field(
        default=0.05, ge=0, lt=1, description="share of theorems (by hash of their name) held back to measure the loss"
    )
    exchanged: int = Field(
        default=0,
        ge=0,
        exclude_if=lambda value: not value,
        description="so many further copies of each row, with the names of variables of one type and of hypotheses "
        "exchanged; an epoch is longer by them",
    )


class TextConfig(BaseModel):
    """Everything that decides what comes out, apart from the proofs, the seed and the device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["text"] = "text"
    writes: Literal["tactic", "proof"] = Field(
        default="tactic",
        exclude_if=lambda value: value == "tactic",
        description="what it writes for a state: one tactic, or for a theorem a whole proof",
    )
    base: str = Field(
        default="",
        description="what every generation starts from: a model's folder, a hub model downloaded before, a GGUF file, "
        "or smollm2 (prover/policies/text/checkpoint.py); '': a small decoder from scratch",
    )
    judge: str = Field(
        default="",
        exclude_if=lambda value: not value,
        description="whom recipe judge asks: the folder of a model that a run of its own made; '': a decoder twice as "
        "wide, trained on what M_0 was",
    )
    model: DecoderSizes = DecoderSizes()
    lora: LoraSettings | None = Field(default=None, description="adapters in place of full weights; needs a base")
    data: TextData = TextData()
    prompt: str = Field(default=GOAL_PROMPT, description="what the model reads (prover/policies/prompt.py)")
    epochs: int = Field(default=5, gt=0)
    batch_size: int = Field(default=16, gt=0)
    accumulate: int = Field(default=1, gt=0, description="batches whose gradients make one step")
    learning_rate: float = Field(default=1.5e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    warmup_steps: int = Field(default=30, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
    precision: Literal["auto", "float32"] = Field(
        default="auto", description="auto: bfloat16 on a GPU that has it, else float32"
    )
    threads: int = Field(default=1, gt=0)
    samples: int = Field(default=32, gt=0, description="samples of a state in search")
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=64, gt=0, description="of a tactic, or of a proof")
    max_prompt_tokens: int = Field(default=1024, gt=0)
    constrained: bool = Field(
        default=False,
        exclude_if=lambda value: not value,
        description="in search it writes what the benchmark's own action space has in a state, and nothing else "
        "(lean-logic, lean-logic-rungs, lean-magma)",
    )

    @model_validator(mode="after")
    def _lora_has_a_base(self) -> Self:
        if self.lora is not None and not self.base:
            raise ValueError("lora adapts a base model: give `base`, or leave lora out to train from scratch")
        return self

    @model_validator(mode="after")
    def _constrains_tactics(self) -> Self:
        if self.constrained and self.writes == "proof":
            raise ValueError('constrained decoding is for tactics: leave `constrained` or `writes = "proof"` out')
        return self
