"""Where a round stands, and the two ways in which it is no use to go on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from corpus.records import AttemptRecord, AttemptStatus, RoundRecord
from prover.rounds.plan import Plan
from prover.search.streams import stream_seed


class RoundFailed(Exception):
    """So many attempts in a row ended in an error that the machinery is at fault, not the theorems."""


@dataclass(slots=True)
class Progress:
    """Where a round stands; a fresh copy goes to the callback after each attempt. Seconds are this call's alone."""

    total: int
    done: int = 0
    solved: int = 0
    steps: int = 0
    lean_seconds: float = 0.0
    model_seconds: float = 0.0
    other_seconds: float = 0.0
    wall_seconds: float = 0.0
    statuses: Counter[AttemptStatus] = field(default_factory=Counter)

    @property
    def steps_per_second(self) -> float:
        return self.steps / self.wall_seconds if self.wall_seconds else 0.0

    @property
    def seconds_left(self) -> float:
        return self.wall_seconds / self.done * (self.total - self.done) if self.done else 0.0


@dataclass(slots=True, eq=False)
class Job:
    """A round that is under way. `tell` gets a fresh copy of its progress after each attempt. `ordinal`: which attempt
    at each of its theorems this is; each ordinal has random streams of its own."""

    round: RoundRecord
    plan: Plan
    tell: Callable[[Progress], None] | None = None
    ordinal: int = 0
    progress: Progress = field(default_factory=lambda: Progress(0))
    started: float = field(default_factory=time.monotonic)
    errors_in_a_row: int = 0

    @property
    def seed(self) -> int:
        """Of this attempt at each theorem."""
        return stream_seed(self.round.seed, "attempt", self.ordinal) if self.ordinal else self.round.seed

    def count(self, record: AttemptRecord, status: AttemptStatus, errors_in_a_row: int) -> None:
        """Adds a stored attempt. Raises RoundFailed after so many errors in a row."""
        progress = self.progress
        progress.statuses[status] += 1
        progress.done += status is not AttemptStatus.ERROR
        progress.solved += status is AttemptStatus.PROVED
        progress.steps += record.steps
        progress.lean_seconds += record.lean_seconds
        progress.model_seconds += record.model_seconds
        progress.other_seconds += record.wall_seconds - record.lean_seconds - record.model_seconds
        progress.wall_seconds = time.monotonic() - self.started
        if self.tell:
            self.tell(replace(progress, statuses=Counter(progress.statuses)))
        self.errors_in_a_row = self.errors_in_a_row + 1 if status is AttemptStatus.ERROR else 0
        if self.errors_in_a_row >= errors_in_a_row:
            raise RoundFailed(
                f"{self.errors_in_a_row} attempts in a row ended in an error; the last, on {record.theorem}: "
                f"{record.reason} No theorem counts as failed by this. `flywheel doctor` says what is wrong; "
                "then run the same command again to resume."
            )
