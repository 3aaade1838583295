"""What a search may spend, what it has spent, and why it ended.

Tactic steps are the budget; heartbeats bound what the steps may cost, and both are the same on every machine. The wall
clock is only a net under them: each time it catches something, that is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Ended(StrEnum):
    """Why a search ended. SECONDS: an allowance of processor seconds, which is no part of a `Budget`, was used up.
    CRASHED (the worker died) and STOPPED (somebody asked) say nothing about the theorem."""

    PROVED = "proved"
    STEPS = "steps"
    HEARTBEATS = "heartbeats"
    WALL_CLOCK = "wall_clock"
    SECONDS = "seconds"
    EXHAUSTED = "exhausted"
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Budget:
    """Tactic steps; heartbeats in thousands (the unit of `maxHeartbeats`) and wall-clock seconds, 0 for no limit."""

    steps: int
    heartbeats: int = 0
    wall_seconds: float = 0.0


def never() -> bool:
    """The stop request of a search that nobody interrupts."""
    return False


@dataclass(slots=True)
class Spending:
    """One search's account. `limit()` names the first limit that is reached, or None while there is something left."""

    budget: Budget
    stopped: Callable[[], bool] = never
    steps: int = 0
    heartbeats: int = 0
    started: float = field(default_factory=time.monotonic)

    def charge(self, heartbeats: int) -> None:
        self.steps += 1
        self.heartbeats += heartbeats

    @property
    def steps_left(self) -> int:
        return self.budget.steps - self.steps

    def limit(self) -> Ended | None:
        budget = self.budget
        if self.stopped():
            return Ended.STOPPED
        if self.steps >= budget.steps:
            return Ended.STEPS
        if budget.heartbeats and self.heartbeats >= budget.heartbeats:
            return Ended.HEARTBEATS
        if budget.wall_seconds and time.monotonic() - self.started >= budget.wall_seconds:
            return Ended.WALL_CLOCK
        return None
