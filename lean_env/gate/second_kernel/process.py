"""The server process seen from outside: started, asked, and put an end to."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lean_env import paths
from lean_env.embedded.protocol import FrameReader, ProtocolError, encode
from lean_env.gate.second_kernel.wheel import SecondKernelUnavailable

#: A server is ready in 0.4 s, half of it hashing; the rest is for a loaded machine and a cold disk.
START_S = 60.0


class ServerGone(Exception):
    """The server ended, or said what is no answer, and was killed. Nothing was decided."""


def server_command(shared_library: Path, image: Path, image_sha256: str) -> list[str]:
    server = "lean_env.gate.second_kernel.server"
    return [sys.executable, "-P", "-m", server, str(shared_library), str(image), image_sha256]


class ServerProcess:
    """One running server; for one thread at a time. Construction waits until it is ready.

    Raises SecondKernelUnavailable when it says that it cannot run, ServerGone when it says nothing.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # A session of its own: Ctrl-C goes to whoever started it, who ends its work first. stdin's end ends it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=paths.child_environment(),
            start_new_session=True,
        )
        self._reader = FrameReader()
        self._asked = 0
        greeting = self._exchange(b"", START_S)
        if not greeting.get("ready"):
            self.close()
            raise SecondKernelUnavailable(str(greeting.get("reason")))
        self.version = f"Lean {greeting['lean']} ({greeting['githash']})"

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: Mapping[str, Any], wall_s: float) -> dict[str, Any]:
        """The reply to one request within `wall_s`. Raises ServerGone."""
        self._asked += 1
        reply = self._exchange(encode({"id": self._asked, **request}), wall_s)
        if reply.get("id") != self._asked:
            self.close()
            raise ServerGone(f"it answered {reply.get('id')} when asked {self._asked}")
        return reply

    def close(self) -> None:
        """Kills the server; its child dies with it. Idempotent."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    def _exchange(self, frame: bytes, wall_s: float) -> dict[str, Any]:
        """Sends a frame, if any, and receives one. Any failure is the server's end."""
        try:
            return self._send_and_receive(frame, time.monotonic() + wall_s)
        except (OSError, ProtocolError, EOFError, TimeoutError) as error:
            self.close()
            raise ServerGone(f"{type(error).__name__} {error}; {self._process.returncode=}") from error
        except BaseException:
            self.close()  # a half-read reply must never answer the next request
            raise

    def _send_and_receive(self, frame: bytes, deadline: float) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        requests, replies = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(requests, False)
        rest = memoryview(frame)
        while rest:
            _, writable, _ = select.select([], [requests], [], _seconds_until(deadline))
            if not writable:
                raise TimeoutError("it took no request in time")
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(requests, rest) :]
        while (reply := self._reader.next()) is None:
            readable, _, _ = select.select([replies], [], [], _seconds_until(deadline))
            if not readable:
                raise TimeoutError("it gave no answer in time")
            data = os.read(replies, 1 << 16)
            if not data:
                raise EOFError("it ended")
            self._reader.feed(data)
        return reply


def _seconds_until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
