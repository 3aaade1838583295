"""Whole files of commands that reach for the host. A worker has no file system mount, an empty environment, and Node's
permission model forbids processes; sockets do not exist in the WebAssembly build."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from scoreboard import Scoreboard

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied

ESCAPE = Path("/tmp/flywheel-escape")
REACHING = {
    "write": f'#eval IO.FS.writeFile "{ESCAPE}" "x"',
    "append": f'#eval (do let h ← IO.FS.Handle.mk "{ESCAPE}" .append; h.putStr "x" : IO Unit)',
    "make a folder": f'#eval IO.FS.createDirAll "{ESCAPE}"',
    "read": '#eval IO.FS.readFile "/etc/passwd"',
    "list": '#eval (do return (← System.FilePath.readDir "/etc").size : IO Nat)',
    "read the process's own environment": '#eval IO.FS.readFile "/proc/self/environ"',
    "spawn": '#eval IO.Process.output {cmd := "id"}',
    "spawn a shell": f'#eval IO.Process.spawn {{cmd := "/bin/sh", args := #["-c", "touch {ESCAPE}"]}}',
    "include a file": '#eval include_str "/etc/passwd"',
}


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[list[Worker]]:
    """One that is replaced when it dies."""
    living = [Worker(installation, "elaborate")]
    living[0].await_ready()
    yield living
    living[0].close()


@pytest.mark.parametrize("source", REACHING.values(), ids=REACHING.keys())
def test_it_does_not_get_there(
    source: str, worker: list[Worker], installation: Installation, scoreboard: Scoreboard
) -> None:
    if not worker[0].alive:
        worker[0] = Worker(installation, "elaborate")
        worker[0].await_ready()
    done = True
    try:
        reply = worker[0].request("check_text", wall_s=20, imports=["Init"], source=source, soft_ms=8_000)
        done = all(message["severity"] != "error" for message in reply["messages"])
    except (LeanRefused, WorkerDied):
        done = False
    scoreboard.record("F30_host", exit_code=done)
    assert not done and not ESCAPE.exists()


def test_the_environment_is_empty(worker: list[Worker], installation: Installation) -> None:
    if not worker[0].alive:
        worker[0] = Worker(installation, "elaborate")
        worker[0].await_ready()
    for name in {"PATH", "HOME", *os.environ} - {""}:
        if not name.isidentifier():
            continue
        source = f'#eval IO.getEnv "{name}"'
        reply = worker[0].request("check_text", imports=["Init"], source=source)
        assert [message["data"] for message in reply["messages"]] == ["none"], name
        if name == "PATH":
            break


def test_no_socket_is_opened(worker: list[Worker], installation: Installation) -> None:
    """A listener on this machine hears nothing; the names of Std's sockets are not even known under Init."""
    if not worker[0].alive:
        worker[0] = Worker(installation, "elaborate")
        worker[0].await_ready()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        source = (
            "#eval (do let s ← Std.Internal.UV.TCP.Socket.new; "
            f"let _ ← s.connect (.v4 ⟨.ofParts 127 0 0 1, {port}⟩) : IO Unit)"
        )
        reply = worker[0].request("check_text", imports=["Init"], source=source)
        assert any(message["severity"] == "error" for message in reply["messages"])
        with pytest.raises(BlockingIOError):
            listener.accept()
