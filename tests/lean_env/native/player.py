"""A repl without Lean: a process that answers requests in the repl's protocol with replies that it was given.

`write_repl` writes it as an executable of its own, for the sandbox shows it no other file of these tests.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RELEASE = "v4.33.0-rc2"
#: What the repl says to a number that it never gave (test/unknown_proof_state).
UNKNOWN_STATE = '{"message": "Unknown proof state."}'


@dataclass(frozen=True)
class Exchange:
    """A tactic on a proof state (-1: on any), or a command that contains `cmd`, and the reply, `@NOW` in it being the
    time. `then` is done instead of replying: `hang`, `exit`, `close` (stdout, and live on), `flood` (print without
    end)."""

    reply: str = ""
    cmd: str = ""
    proof_state: int = -1
    tactic: str = ""
    then: str = ""


def play(exchanges: list[dict], unknown_state: str) -> None:
    """Requests are JSON and end with an empty line, as do replies."""
    lines: list[str] = []
    for line in sys.stdin:
        lines.append(line)
        if line.strip():
            continue
        request = json.loads("".join(lines))
        lines = []
        found = next((exchange for exchange in exchanges if fits(exchange, request)), None)
        then = found["then"] if found else ""
        if then == "exit":
            sys.exit(3)
        if then == "close":
            os.close(1)
        while then in ("hang", "close"):
            time.sleep(1)
        while then == "flood":
            print("x" * 100_000, flush=True)
        reply = found["reply"] if found else unknown_state
        print(reply.replace("@NOW", str(time.time_ns())), end="\n\n", flush=True)


def fits(exchange: dict, request: dict) -> bool:
    if "cmd" in request:
        return bool(exchange["cmd"]) and exchange["cmd"] in request["cmd"]
    return exchange["tactic"] == request["tactic"] and exchange["proof_state"] in (-1, request["proofState"])


def write_repl(folder: Path, exchanges: Sequence[Exchange], release: str = RELEASE) -> Path:
    """A built checkout of the repl in `folder`; returns its executable."""
    executable = folder / ".lake" / "build" / "bin" / "repl"
    executable.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps([asdict(exchange) for exchange in exchanges])
    # -I: nothing of the caller's. Not the environment's python, which may be a link into a folder that is not shown.
    source = [
        f"#!{Path(sys._base_executable).resolve()} -I",
        "import json, os, sys, time",
        *map(inspect.getsource, (fits, play)),
        f"play(json.loads({data!r}), {UNKNOWN_STATE!r})\n",
    ]
    executable.write_text("\n".join(source), encoding="utf-8")
    executable.chmod(0o755)
    (folder / "lean-toolchain").write_text(f"leanprover/lean4:{release}\n", encoding="utf-8")
    return executable
