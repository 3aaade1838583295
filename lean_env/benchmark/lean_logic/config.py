"""What may be chosen about `lean-logic`: seed, counts, shares of the families, size limits."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from lean_env.benchmark.lean_logic.problem import Family


class SizeLimits(BaseModel):
    """Sizes (`Problem.size`) of one family: train and same-size from `least` to `train_max_size`, beyond from there + 1
    to `beyond_max_size`. Non-theorems are as large as train."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least: int = Field(ge=1)
    train_max_size: int
    beyond_max_size: int

    @model_validator(mode="after")
    def _in_order(self) -> SizeLimits:
        if not self.least <= self.train_max_size < self.beyond_max_size:
            raise ValueError("need least <= train_max_size < beyond_max_size")
        return self


class LogicConfig(BaseModel):
    """`held_out` and `beyond` count theorems in each of valid and test; all counts are over all families together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    train: NonNegativeInt = 3000
    held_out: NonNegativeInt = 300
    beyond: NonNegativeInt = 300
    non_theorems: NonNegativeInt = 600
    families: Mapping[Family, float] = Field(
        {Family.PROPOSITIONAL: 0.5, Family.FIRST_ORDER: 0.3, Family.INDUCTION: 0.2},
        description="shares; a family that is left out has none",
    )
    limits: Mapping[Family, SizeLimits] = {
        Family.PROPOSITIONAL: SizeLimits(least=3, train_max_size=14, beyond_max_size=26),
        Family.FIRST_ORDER: SizeLimits(least=4, train_max_size=20, beyond_max_size=36),
        Family.INDUCTION: SizeLimits(least=8, train_max_size=28, beyond_max_size=48),
    }

    @model_validator(mode="after")
    def _shares(self) -> LogicConfig:
        if not self.families or min(self.families.values()) < 0 or sum(self.families.values()) <= 0:
            raise ValueError("the families' shares must not be negative, and not all zero")
        if missing := set(self.families) - set(self.limits):
            raise ValueError(f"no size limits for {', '.join(sorted(missing))}")
        return self

    def counts(self, total: int) -> dict[Family, int]:
        """`total` by family: each its share rounded down, what is left goes to the first ones."""
        whole = sum(self.families.values())
        counts = {family: int(total * share / whole + 1e-9) for family, share in self.families.items()}
        for family in list(counts)[: total - sum(counts.values())]:
            counts[family] += 1
        return counts
