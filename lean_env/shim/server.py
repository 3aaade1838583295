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
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lean_env.embedded.pool import NoWorker, PoolClosed, WorkerPool
from lean_env.embedded.worker import LeanRefused, WorkerDied
from lean_env.lean_text.modules import ModulesError, modules_behind
from lean_env.library.index import Library
from lean_env.session.dojo import Dojo
from lean_env.session.elaborate import Message, elaborate
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.shim import extraction
from lean_env.shim.conversation import Conversation, LiveConversation, TextConversation
from lean_env.shim.folder import ShimFolder
from lean_env.shim.source import NotServed, Source, TheoremInText, WholeFile, read_source
from lean_env.theorem import Environment, Header, Theorem

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

    @property
    def python(self) -> Path:
        """The folder that makes a Python with it first on PYTHONPATH trace without a network."""
        return self._folder.python

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
        try:
            status = self._trace(channel, Path(folder), tool, arguments)
        except (OSError, UnicodeDecodeError) as error:
            raise NotServed(f"The repository cannot be read or written: {error}") from error
        if status is not None:
            return status
        files = [argument for argument in arguments if not argument.startswith("-")]
        if tool != "lean" or len(files) != 1 or "--run" in arguments:
            raise NotServed(
                f"`{' '.join([tool, *arguments])}` is not served here, only `lake env lean FILE` and `trace()`."
            )
        try:
            text = Path(folder, files[0]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotServed(f"{files[0]} cannot be read: {error}") from error
        source = self._placed(read_source(text), Path(folder), Path(folder, files[0]))
        with self._a_worker():
            if not isinstance(source, WholeFile):
                with self._conversation(source) as conversation:
                    return _talk(channel, conversation)
            messages = self._check(source)
        for message in messages:
            channel.say(message.printed(files[0]))
        return FAILED if any(message.severity == "error" for message in messages) else 0

    def _trace(self, channel: _Channel, folder: Path, tool: str, arguments: list[str]) -> int | None:
        """What LeanDojo's `trace()` asks for; None if it is something else."""
        if tool == "lake" and arguments == ["exe", "cache", "get"]:
            return channel.fail("no cache of compiled files is served here", FAILED)
        if tool == "lake" and arguments == ["build", "Lean4Repl"]:
            return 0
        if tool == "lean" and arguments == ["--print-prefix"]:
            channel.say(f"{extraction.toolchain(self._folder.root / 'toolchain')}\n")
            return 0
        if tool == "lake" and arguments == ["build"] and any(folder.glob("lakefile.*")):
            failed = False
            with self._a_worker():
                for line, error in extraction.build(folder, self._check, self._placed):
                    channel.say(line)
                    failed |= error
            return FAILED if failed else 0
        if tool == "lean" and "--run" in arguments and "ExtractData.lean" in arguments:
            with self._a_worker():
                theorems, traced = extraction.extract(folder, self._conversation, self._placed)
            channel.say(f"{theorems} theorems, {traced} of them with tactics\n")
            return 0
        return None

    def _placed(self, source: Source, repository: Path, file: Path) -> Source:
        """What a file asks for, over the repository's own modules that it imports. Raises NotServed."""
        imports = source.environment.imports
        try:
            own = modules_behind(imports, file, self._library, repository)
        except ModulesError as error:
            raise NotServed(str(error)) from error
        return replace(source, environment=Environment(own.imports, Header(own.text) if own.text else None))

    @cached_property
    def _library(self) -> frozenset[str]:
        """The modules of the embedded library."""
        with Library.open(self._pool.installation) as library:
            return frozenset(library.modules)

    @contextlib.contextmanager
    def _a_worker(self) -> Iterator[None]:
        """Waits until a worker is free for this session. Raises NotServed."""
        if not self._free.acquire(timeout=self._patience_s):
            raise NotServed(
                f"All {self._pool.size} Lean workers are in use by other sessions; close one, or have more."
            )
        try:
            yield
        finally:
            self._free.release()

    @contextlib.contextmanager
    def _conversation(self, source: Theorem | TheoremInText) -> Iterator[Conversation]:
        """The theorem, open. Raises what Dojo and the pool raise."""
        if isinstance(source, Theorem):
            with Dojo(source, self._pool) as (dojo, root):
                yield LiveConversation(dojo, root)
            return
        with self._pool.lease(source.environment) as worker:
            limits = self._pool.limits
            check = partial(elaborate, worker, source.environment, limits=limits)
            yield TextConversation(source, check, limits.max_tactic_bytes)

    def _version(self) -> str:
        with self._pool.lease(Environment(("Init",))) as worker:
            return f"{worker.greeting['lean']}, embedded, commit {worker.greeting['githash']}, Release"

    def _check(self, source: WholeFile) -> list[Message]:
        """What Lean says of a whole file."""
        with self._pool.lease(source.environment) as worker:
            return elaborate(worker, source.environment, source.body, self._pool.limits)


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
