"""`make soak`, or `python -m tests.soak [CHECKS]`: one gate, both kernels, tens of thousands of checks in a row.

Honest exports and refused ones in turn, from two threads. Every answer must come and be the right one, no process may
be left over, and the memory of the processes may not grow: after the first tenth its peak may rise by the tolerance at
most. Deciding workers are replaced after 2,000 requests, so a long run sees many of them.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

from lean_env.embedded.installation import Installation, find
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate
from lean_env.gate.gate import Gate
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.library.index import Library
from tests.handmade import HONEST, LIE, stated, text_theorem

CHECKS = 50_000
TOLERANCE = 1.15


@dataclass(frozen=True, slots=True)
class Soak:
    """`early_mb` and `late_mb`: the most resident memory of all child processes in the first tenth and after it."""

    checks: int
    seconds: float
    early_mb: float
    late_mb: float
    left_over: int
    replaced: int

    @property
    def passed(self) -> bool:
        return not self.left_over and self.late_mb <= TOLERANCE * self.early_mb


def soak(installation: Installation, checks: int) -> Soak:
    """Raises AssertionError at a wrong answer."""
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    early = late = 0.0
    start = time.perf_counter()
    with Library.open(installation) as library, WorkerPool(installation, 1, role="decide", spares=0) as pool:
        second = SecondKernel.open(installation, library)
        try:
            gate = Gate(library, pool, second)
            names = list(HONEST)

            def one(number: int) -> None:
                statement, export, levels = HONEST[names[number % len(names)]]
                if number % 5 == 4:
                    assert not isinstance(gate.check(text_theorem(), export, stated(LIE)), Certificate)
                    return
                verdict = gate.check(text_theorem(), export, stated(statement, *levels))
                assert isinstance(verdict, Certificate), verdict

            block = max(1, checks // 100)
            with ThreadPoolExecutor(2) as threads:
                for begin in range(0, checks, block):
                    list(threads.map(one, range(begin, min(begin + block, checks))))
                    memory = _megabytes(me, before)
                    if begin < checks / 10:
                        early = max(early, memory)
                    else:
                        late = max(late, memory)
            replaced = pool.counters.restarts
        finally:
            if isinstance(second, SecondKernel):
                second.close()
    left = {child.pid for child in me.children(recursive=True)} - before
    return Soak(checks, time.perf_counter() - start, early, late, len(left), replaced)


def _megabytes(me: psutil.Process, before: set[int]) -> float:
    total = 0
    for child in me.children(recursive=True):
        if child.pid not in before:
            try:
                total += child.memory_info().rss
            except psutil.Error:
                continue  # ended just now
    return total / 2**20


def main() -> None:
    """Prints the figures; exit code 1 for growth or a process left over."""
    found = soak(find(), int(sys.argv[1]) if len(sys.argv) > 1 else CHECKS)
    print(
        f"{found.checks:,} checks in {found.seconds:.0f} s ({found.checks / found.seconds:.0f} a second), memory "
        f"{found.early_mb:.0f} MB in the first tenth, {found.late_mb:.0f} MB after it, {found.replaced} workers "
        f"replaced, {found.left_over} processes left over"
    )
    raise SystemExit(not found.passed)


if __name__ == "__main__":
    main()
