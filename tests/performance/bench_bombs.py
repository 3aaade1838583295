"""What a bomb costs: how long until its request ends, until the next theorem has an answer, and the most memory held.

Each bomb is one of `tests/attacks/F33_memory` and `F34_time`; Limits are the default ones, so a tactic has 10 s of wall
clock before Lean is asked to stop, and the margin after it before the worker is killed.
"""

from __future__ import annotations

import threading
import time
import tomllib
from pathlib import Path

import psutil

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
ATTACKS = Path(__file__).parent.parent / "attacks"
BOMBS = (
    ("F33_memory", "simp_on_a_long_list"),
    ("F33_memory", "kernel_on_a_long_list"),
    ("F33_memory", "long_string_literal"),
    ("F34_time", "repeat_skip"),
    ("F34_time", "simp_without_limits"),
    ("F34_time", "kernel_on_big_numbers"),
)


def bench_bombs(installation: Installation) -> dict[str, dict[str, float | str]]:
    """For each bomb: `outcome`, `ended_s` (its request), `recovered_s` (from then to the end of a step on another
    theorem) and `peak_mb` (resident memory of all the pool's processes, seen every 20 ms)."""
    figures: dict[str, dict[str, float | str]] = {}
    with WorkerPool(installation, 1, spares=1) as pool:
        _step(pool, Theorem("calm", ": 1 = 1", INIT), "rfl")
        for folder, name in BOMBS:
            cases = tomllib.loads((ATTACKS / folder / "attack.toml").read_text(encoding="utf-8"))["case"]
            (case,) = (case for case in cases if case["name"] == name)
            with _Peak(pool) as peak:
                start = time.perf_counter()
                outcome = _step(pool, Theorem(name, case["statement"], INIT), case["tactics"][0])
                ended = time.perf_counter()
            _step(pool, Theorem("calm", ": 1 = 1", INIT), "rfl")
            figures[name] = {
                "outcome": outcome,
                "ended_s": ended - start,
                "recovered_s": time.perf_counter() - ended,
                "peak_mb": peak.bytes / 2**20,
            }
    return figures


def _step(pool: WorkerPool, theorem: Theorem, tactic: str) -> str:
    with Dojo(theorem, pool) as (dojo, state):
        (step,) = dojo.run_tacs(state, [tactic])
    return str(step.outcome)


class _Peak:
    """Watches the pool's processes from a thread of its own."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        over = False
        while not over:
            total = 0
            for pid in self._pool.pids:
                try:
                    total += psutil.Process(pid).memory_info().rss
                except psutil.Error:
                    continue  # it was killed just now
            self.bytes = max(self.bytes, total)
            over = self._over.wait(0.02)
