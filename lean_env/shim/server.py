"""The server behind the shim: every `lake` or `lean` process that connects is answered by a thread of its own.

A session leases a worker of the pool for its life, so a tactic that hangs in one holds up no other. What a session says
is LeanDojo's protocol (Lean4Repl.lean): `REPL> {"sid": …, "tacticState": …, "error": …}` a line. Each answer has
a fourth key, `flywheel`, with what the protocol has no words for; LeanDojo ignores it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lean_env.dojo import Dojo
from lean_env.elaborate import elaborate
from lean_env.embedded.pool import NoWorker, PoolClosed, WorkerPool
from lean_env.embedded.worker import LeanRefused, WorkerDied
from lean_env.leandojo import DojoCrashError, DojoInitError
from lean_env.shim.conversation import Conversation, LiveConversation, TextConversation
from lean_env.shim.folder import ShimFolder
from lean_env.shim.source import NotServed, TheoremInText, WholeFile, read_source
from lean_env.theorem import Environment, Theorem

#: Exit statuses as a shell would see them from Lean: an error in the file; an abort.
FAILED, ABORTED = 1, 134

#: A longer request is no tactic: whoever sends it is cut off.
_MAX_LINE = 1 << 24

#: How long a session waits for a worker before it is told that all are taken.
_PATIENCE_S = 60.0


class ShimServer:
    """Serves the workers of `pool` to the `lake` and `lean` in `bin`; put that folder first on PATH.

    With all workers in sessions, the next session waits up to a minute and then does not start. A context manager;
    afterwards no thread and no file is left, and the pool is as it was.
    """

    def __init__(self, pool: WorkerPool, patience_s: float = _PATIENCE_S) -> None:
        self._pool = pool
        self._patience_s = patience_s
        self._free = threading.BoundedSemaphore(pool.size)
        self._folder = ShimFolder()
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._closed = False
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(str(self._folder.socket))
            self._folder.socket.chmod(0o600)  # inside a folder that is 0700 already
            self._listener.listen(64)
        except OSError:
            self._listener.close()
            self._folder.close()
            raise
        self._acceptor = threading.Thread(target=self._accept, name="lean-shim", daemon=True)
        self._acceptor.start()

    @property
    def bin(self) -> Path:
        """The folder with `lake` and `lean`."""
        return self._folder.bin

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all sessions (a tactic under way ends first, at its own limits). Idempotent."""
        with self._lock:
            self._closed = True
            open_now = dict(self._connections)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in (self._acceptor, *open_now.values()):
            thread.join()
        self._folder.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            thread = threading.Thread(target=self._serve, args=[connection], name="lean-shim-session", daemon=True)
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        """One process's whole life. A client that went away is no error."""
        try:
            with connection, connection.makefile("rb") as requests, contextlib.suppress(OSError):
                channel = _Channel(connection, requests)
                try:
                    status = self._answer(channel)
                except (NotServed, DojoInitError, LeanRefused) as error:
                    status = channel.fail(str(error), FAILED)
                except (DojoCrashError, WorkerDied, NoWorker, PoolClosed) as error:
                    status = channel.fail(str(error), ABORTED)
                channel.end(status)
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def _answer(self, channel: _Channel) -> int:
        """Does what the command line says; returns the exit status."""
        folder, tool, *arguments = (channel.line() or "").split("\0")
        if tool == "lake" and arguments[:2] == ["env", "lean"]:
            tool, arguments = "lean", arguments[2:]
        if tool == "lean" and arguments == ["--version"]:
            channel.say(f"Lean (version {self._version()})\n")
            return 0
        files = [argument for argument in arguments if not argument.startswith("-")]
        if tool != "lean" or len(files) != 1 or "--run" in arguments:
            raise NotServed(f"`{' '.join([tool, *arguments])}` is not served here, only `lake env lean FILE`.")
        try:
            text = Path(folder, files[0]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotServed(f"{files[0]} cannot be read: {error}") from error
        source = read_source(text)
        if not self._free.acquire(timeout=self._patience_s):
            raise NotServed(
                f"All {self._pool.size} Lean workers are in use by other sessions; close one, or have more."
            )
        try:
            match source:
                case Theorem():
                    with Dojo(source, self._pool) as (dojo, root):
                        return _talk(channel, LiveConversation(dojo, root))
                case TheoremInText():
                    with self._pool.lease(source.environment) as worker:
                        limits = self._pool.limits
                        check = partial(elaborate, worker, source.environment, limits=limits)
                        return _talk(channel, TextConversation(source, check, limits.max_tactic_bytes))
                case WholeFile():
                    return self._check(channel, files[0], source)
        finally:
            self._free.release()

    def _version(self) -> str:
        with self._pool.lease(Environment(("Init",))) as worker:
            return f"{worker.greeting['lean']}, embedded, commit {worker.greeting['githash']}, Release"

    def _check(self, channel: _Channel, name: str, source: WholeFile) -> int:
        """Elaborates a whole file and prints what Lean says, as `lean FILE` does."""
        with self._pool.lease(source.environment) as worker:
            messages = elaborate(worker, source.environment, source.body, self._pool.limits)
        for message in messages:
            severity = message.severity.replace("information", "info")
            channel.say(f"{name}:{message.line}:{message.column}: {severity}: {message.data.rstrip()}\n")
        return FAILED if any(message.severity == "error" for message in messages) else 0


def _talk(channel: _Channel, conversation: Conversation) -> int:
    channel.reply(conversation.begin())
    while (line := channel.line()) is not None and line.strip() != "exit":
        try:
            answer = conversation.answer(line)
        except ValueError as error:
            return channel.fail(f"[fatal] {error}", FAILED)
        channel.reply(answer)
    return 0


class _Channel:
    """Lines from a relay process, and text, answers and an exit status to it. Raises OSError when it is gone."""

    def __init__(self, connection: socket.socket, requests: Any) -> None:
        self._connection = connection
        self._requests = requests

    def line(self) -> str | None:
        """The next line, None at the end or when it is longer than any request."""
        line: bytes = self._requests.readline(_MAX_LINE)
        return os.fsdecode(line[:-1]) if line.endswith(b"\n") else None

    def say(self, text: str) -> None:
        self._connection.sendall(text.replace("\0", "").encode("utf-8", "replace"))

    def reply(self, answer: dict[str, Any]) -> None:
        self.say(f"REPL> {json.dumps(answer, ensure_ascii=False)}\n")

    def fail(self, reason: str, status: int) -> int:
        self.say(f"{reason}\n")
        return status

    def end(self, status: int) -> None:
        self._connection.sendall(b"\0%d" % status)
