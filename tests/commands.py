"""`flywheel` as a program of its own, on a benchmark of a few statements."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
#: Small rounds. A file of the user's own has no seed proofs.
SMALL = {
    "FLYWHEEL_SEED_PROOFS": "false",
    "FLYWHEEL_WORKERS": "1",
    "FLYWHEEL_ROUND__STEPS": "12",
    "FLYWHEEL_GRAMMAR_THEOREMS": "4",
    "FLYWHEEL_ROUND__CANARIES": "0",
    "FLYWHEEL_EVALUATION__STEPS": "12",
    "RAY_USAGE_STATS_ENABLED": "0",
}
#: None of the valid ones is a train one: such a train statement would not be searched.
STATEMENTS = {
    "sure": ("train", "True"),
    "right": ("train", "(p q : Prop) (h : p ∧ q) : q"),
    "swapped": ("train", "(p q : Prop) (h : p ∨ q) : q ∨ p"),
    "opaque": ("train", "(f : Nat → Nat) (n : Nat) : f n = n"),
    "held": ("valid", "True ∨ False"),
    "held_too": ("valid", "(p : Prop) (h : ¬¬p) : p"),
}


def problems(folder: Path) -> Path:
    """A file that `--bench` takes."""
    file = folder / "mine.jsonl"
    rows = [{"name": n, "split": split, "formal_statement": text} for n, (split, text) in STATEMENTS.items()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """The command, in a session of its own as a terminal gives it one."""
    return subprocess.Popen(
        [sys.executable, "-m", "lean_flywheel", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | SMALL | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def flywheel(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and error output."""
    with start(*arguments, **environment) as command:
        try:
            out, err = command.communicate(timeout=800)
        finally:
            if command.poll() is None:
                command.kill()
    return command.returncode, out, err


def interrupted(command: subprocess.Popen[str]) -> tuple[int, list[psutil.Process]]:
    """Ctrl-C for a command at work: its exit code, and what is left of all that it had started."""
    below = psutil.Process(command.pid).children(recursive=True)
    command.send_signal(signal.SIGINT)
    try:
        command.communicate(timeout=60)
    finally:
        if command.poll() is None:
            command.kill()
    deadline = time.monotonic() + 20
    left = below
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = [process for process in below if _lives(process)]
    return command.returncode, left


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
