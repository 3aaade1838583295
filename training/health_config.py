"""What a run says about its health: `[health]` of its configuration. docs/HEALTH.md explains it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

#: What the panel can find wrong, and what can be done about it (docs/HEALTH.md).
Failure = Literal["collapse", "overconfidence", "forgetting", "drift", "duplicates"]
Remedy = Literal["none", "temperature", "seeds", "restart", "average", "stop"]


class AlarmSettings(BaseModel):
    """The limits past which a figure of the health panel is an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    one_opening: float = Field(0.9, ge=0, le=1, description="collapse: more theorems whose proofs all open alike")
    slope: float = Field(0.01, description="collapse: less gain in pass@k a doubling of k, beside pass@1 below 0.9")
    entropy: float = Field(0.15, ge=0, le=1, description="collapse: tactic entropy below this share of M_0's")
    overconfidence: float = Field(
        0.1, ge=0, description="overconfidence: confidence so much above accuracy, and above M_0's"
    )
    seed_log_likelihood: float = Field(1.0, ge=0, description="forgetting: nats a state below M_0's")
    seed_solved: float = Field(0.3, ge=0, le=1, description="forgetting: share of seed theorems below M_0's")
    lost: float = Field(0.3, ge=0, le=1, description="forgetting: share of the last generation's held-out proofs lost")
    drift: float = Field(3.0, ge=0, description="drift: KL from M_0 in nats")
    duplicates: float = Field(0.9, ge=0, le=1, description="duplicates: share of a round's proofs known before")


class RemedySettings(BaseModel):
    """What an alarm of each kind leads to, from the next round or training on; nothing unless asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collapse: Remedy = "none"
    overconfidence: Remedy = "none"
    forgetting: Remedy = "none"
    drift: Remedy = "none"
    duplicates: Remedy = "none"


class HealthSettings(BaseModel):
    """How each generation is examined, and what follows (docs/HEALTH.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(
        0.1, ge=0, description="of a round's and its evaluation's steps, for repeated attempts at most; 0: none"
    )
    theorems: PositiveInt = Field(16, description="held-out theorems that are attempted again and again, at most")
    attempts: PositiveInt = Field(32, description="at each of them, and seed theorems attempted once")
    steps: PositiveInt = Field(16, description="tactic steps of each of these attempts")
    noise: float = Field(0.5, ge=0, description="Gumbel noise in their priority")
    states: PositiveInt = Field(200, description="held-out states, and seed states, that policies are compared on")
    alarms: AlarmSettings = AlarmSettings()
    remedies: RemedySettings = RemedySettings()
    temperature: float = Field(1.5, gt=0, description="remedy `temperature`: of the next round's policy")
    seed_share: float = Field(0.3, gt=0, lt=1, description="remedy `seeds`: round 0's proofs' share of the weight")
    average: float = Field(0.5, gt=0, lt=1, description="remedy `average`: M_0's share of the next weights")
    patience: NonNegativeInt = Field(
        0, description="the run ends when so many generations in a row proved no more held-out theorems; 0: never"
    )

    @property
    def affordable(self) -> int:
        """Steps of one theorem's repeated attempts."""
        return self.attempts * self.steps

    @property
    def acts(self) -> bool:
        """Whether anything can follow from what is found."""
        return bool(self.patience) or any(remedy != "none" for remedy in self.remedies.model_dump().values())
