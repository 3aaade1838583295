"""The library and the worker's own files stay as they are, whatever is elaborated."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scoreboard import Scoreboard

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied

TARGETS = ("lib/lean/Init/Core.olean", "glue.js", "init.snapshot", "library.db", "second_kernel.image")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_nothing_is_overwritten(installation: Installation, fresh_worker: Worker, scoreboard: Scoreboard) -> None:
    """By its real path, by the path under which Lean sees it, and beside it."""
    small = [installation.root / name for name in TARGETS if name not in ("library.db", "second_kernel.image")]
    before = {path: _digest(path) for path in small}
    stamps = {installation.root / name: (installation.root / name).stat().st_mtime_ns for name in TARGETS}
    paths = [str(installation.root / name) for name in TARGETS]
    paths += ["/lean/lib/lean/Init/Core.olean", "/lean/lib/lean/Evil.olean", str(installation.host / "server.js")]
    worker = fresh_worker
    for path in paths:
        source = f'#eval IO.FS.writeFile "{path}" "x"'
        try:
            reply = worker.request("check_text", wall_s=20, imports=["Init"], source=source)
            done = all(message["severity"] != "error" for message in reply["messages"])
        except (LeanRefused, WorkerDied):
            done = False
        scoreboard.record("F31_overwriting", exit_code=done)
        if not worker.alive:
            worker = Worker(installation, "elaborate")
            worker.await_ready()
    worker.close()
    assert {path: _digest(path) for path in small} == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert not (installation.root / "lib/lean/Evil.olean").exists()
