"""How long a command takes that somebody types: from the start of the process to its end, Lean and all.

Processor time counts every process that the command started and waited for, so that other load matters little.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corpus.store import Corpus

#: As they are typed. `prove` is of a statement that `rfl` proves: what it takes is everything around the search.
COMMANDS = {
    "--help": ("--help",),
    "doctor": ("doctor",),
    "prove": ("prove", "1 + 1 = 2"),
    "corpus stats": ("corpus", "stats"),
    "prove, import missing": ("prove", "Missing.lean"),
}

#: What a command answers that does what it is there for.
_EXPECTED = {"prove, import missing": 2}


def bench_commands(times: int = 5) -> dict[str, dict[str, float]]:
    """Of each command the median wall and processor seconds of `times` runs, after one that warms the disk's cache."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Corpus.open(str(home / "flywheel-home" / "corpus.db"), create=True).close()
        (home / "Missing.lean").write_text("import Mathlib\n\nexample : 1 = 1 := by sorry\n", encoding="utf-8")
        for name, arguments in COMMANDS.items():
            runs = [_run(home, arguments, _EXPECTED.get(name, 0)) for _ in range(times + 1)][1:]
            walls, cpus = zip(*runs, strict=True)
            figures[name] = {"wall_s": statistics.median(walls), "cpu_s": statistics.median(cpus)}
    return figures


def _run(home: Path, arguments: tuple[str, ...], expected: int) -> tuple[float, float]:
    """Wall and processor seconds of one run."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "lean_flywheel", *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected:
        raise RuntimeError(f"flywheel {' '.join(arguments)} ended with {process.returncode}, not {expected}")
    return wall, used.ru_utime + used.ru_stime
