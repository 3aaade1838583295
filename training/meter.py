"""How busy the machine was: processor seconds of Lean workers and of this program against wall time times cores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prover.lean import Lean


@dataclass(frozen=True, slots=True)
class Busy:
    """Shares of `cores` x wall time, each in [0, 1]: Lean workers (replay and gate included), this program (model,
    retrieval, search, database), and idle. Seconds are processor seconds, `wall` elapsed ones."""

    cores: int
    wall: float
    lean_seconds: float
    own_seconds: float

    @property
    def lean(self) -> float:
        return self.lean_seconds / (self.cores * self.wall) if self.wall else 0.0

    @property
    def own(self) -> float:
        return self.own_seconds / (self.cores * self.wall) if self.wall else 0.0

    @property
    def idle(self) -> float:
        return max(0.0, 1.0 - self.lean - self.own)


class Meter:
    """`with meter.measure("round") : ...`; `meter.phases` then holds a Busy a name, repeated names added up."""

    def __init__(self, lean: Lean) -> None:
        self._lean = lean
        self.phases: dict[str, Busy] = {}

    @property
    def spent(self) -> float:
        """Processor seconds of everything since the program began, Lean's workers among it."""
        return self._own_seconds() + self._lean_seconds()

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        wall, own, lean = time.monotonic(), self._own_seconds(), self._lean_seconds()
        try:
            yield
        finally:
            before = self.phases.get(name, Busy(os.cpu_count() or 1, 0.0, 0.0, 0.0))
            self.phases[name] = Busy(
                before.cores,
                before.wall + time.monotonic() - wall,
                before.lean_seconds + self._lean_seconds() - lean,
                before.own_seconds + self._own_seconds() - own,
            )

    def _own_seconds(self) -> float:
        return time.process_time() + self._lean.crew_seconds

    def _lean_seconds(self) -> float:
        return sum(counters.cpu_seconds for counters in self._lean.counters().values())
