"""One Lean worker: a locked-down Node process that answers framed requests, and the supervision of it.

The process gets an empty environment, a session and process group of its own, a big stack, and descriptors 3 (requests)
and 4 (replies) for the protocol. Whatever Lean or Node prints goes to a third pipe, drained by a thread into a bounded
tail that only error messages use. A request that outlasts its wall-clock limit costs the worker its life.

If Python dies, even by SIGKILL, the worker follows. An idle worker sees the end of its request pipe. In a busy one a
thread notices within a second that its parent is gone.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from enum import StrEnum
from typing import Any, Literal

import psutil

from lean_env.embedded.installation import Installation
from lean_env.embedded.protocol import FrameReader, ProtocolError, encode
from lean_env.limits import Limits

Role = Literal["elaborate", "decide"]

#: A ready worker answers in about 0.5 s; the rest is for a loaded machine and a cold disk.
START_S = 60.0

#: `ulimit` and the redirections cost one `sh` and spare us `preexec_fn`, which is unsafe beside threads. The stack is
#: 64 MiB less 16 KiB, the most that macOS allows. Node is told to use 32,000 KiB of it, so that JavaScript's own
#: RangeError comes before anything overruns.
_LAUNCH = 'ulimit -s 65520 && exec "$@" 3<&0 4>&1 </dev/null >&2'

_TAIL_BYTES = 16_384


class RefusalKind(StrEnum):
    """Why a worker said no."""

    #: Unknown op or state; nothing changed.
    BAD_REQUEST = "bad_request"
    #: Lean said no.
    LEAN = "lean"
    #: Heartbeats or the soft limit.
    LIMIT = "limit"


class LeanRefused(Exception):
    """The worker answered, and the answer is no. The worker and its states are as before."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class WorkerDied(Exception):
    """The worker process is gone, and with it every state it held. Its pool replaces it."""


class WorkerTimeout(WorkerDied):
    """The worker outlasted a request's wall-clock limit and was killed."""


def worker_command(installation: Installation, role: Role) -> list[str]:
    """The command line of a worker: Node with a big stack, allowed to read the installation and nothing else."""
    root, host = installation.root.resolve(), installation.host.resolve()
    return [
        str(installation.node),
        "--stack-size=32000",
        "--permission",
        f"--allow-fs-read={root}",
        f"--allow-fs-read={host}",
        "--allow-worker",
        "--no-warnings",
        str(host / "server.js"),
        str(root),
        role,
    ]


class Worker:
    """One worker process. Construction starts it and returns at once; `await_ready` waits for its first frame.

    One thread at a time may use a worker; only `kill` may be called from another. Any exception inside a request other
    than `LeanRefused` kills the worker: a half-read reply must never answer the next request.
    """

    def __init__(self, installation: Installation, role: Role = "elaborate", limits: Limits | None = None) -> None:
        self.role = role
        self.limits = limits or Limits()
        #: The first frame's fields: `lean`, `githash`, `start_ms`, ...
        self.greeting: dict[str, Any] = {}
        #: Environment keys that requests named, most recent last: what the worker has imported already.
        self.environments: dict[str, None] = {}
        #: The last wasm memory size that a reply mentioned, in MiB.
        self.wasm_mb = 0.0
        #: This worker must not be used for another theorem.
        self.tainted = False
        #: A reply said that Lean ran code which came with a text (`native_decide`, `#eval`, ...); taints it, too.
        self.ran_code = False
        self.requests = 0
        #: Wall seconds spent inside requests.
        self.lean_seconds = 0.0
        #: Tactics that the wall clock ended rather than heartbeats; whoever reads the replies counts them here.
        self.wall_limit_hits = 0
        #: Whether a wall-clock limit was the end of this worker.
        self.timed_out = False

        self._reader = FrameReader()
        self._kill_lock = threading.Lock()
        self._exit: str | None = None
        self._cpu_seconds = 0.0

        request_read, self._requests = os.pipe()
        self._replies, reply_write = os.pipe()
        log_read, log_write = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _LAUNCH, "sh", *worker_command(installation, role)],
                stdin=request_read,
                stdout=reply_write,
                stderr=log_write,
                env={},
                cwd=installation.root,
                start_new_session=True,
            )
        except BaseException:
            for descriptor in (self._requests, self._replies, log_read):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (request_read, reply_write, log_write):
                os.close(descriptor)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        self._poll_requests = select.poll()
        self._poll_requests.register(self._requests, select.POLLOUT)
        self._poll_replies = select.poll()
        self._poll_replies.register(self._replies, select.POLLIN)
        self._log = _Tail(log_read)
        self._closed = False

    @property
    def pid(self) -> int:
        """Process id, also the id of the process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the worker was killed or found dead; `probe` finds out whether it died since its last reply."""
        return self._exit is None

    def probe(self) -> bool:
        """Whether a worker without a request under way still lives. One that closed its replies, or sends what nobody
        asked for, is killed."""
        if self._exit is None and self._poll_replies.poll(0):
            self.kill()
        return self._exit is None

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the process so far, or in all when it is dead."""
        if self._exit is None:
            with contextlib.suppress(psutil.Error):
                times = psutil.Process(self.pid).cpu_times()
                return times.user + times.system
        return self._cpu_seconds

    def await_ready(self, wall_s: float = START_S) -> None:
        """Waits for the ready frame, then bounds the process's address space. Raises WorkerDied."""
        try:
            reply = self._receive(time.monotonic() + wall_s)
        except TimeoutError:
            self.kill()
            raise WorkerTimeout(
                f"A Lean worker was not ready after {wall_s:g} s and was killed. {self._advice()}"
            ) from None
        except (EOFError, ProtocolError, OSError) as error:
            raise self._died("before it was ready", error) from None
        except BaseException:
            self.kill()
            raise
        if not reply.get("ready"):
            raise self._died("before it was ready", ProtocolError(f"first frame {reply}"))
        self.greeting = reply
        self.wasm_mb = reply.get("wasm_mb", 0.0)
        self._limit_address_space()

    def request(self, op: str, *, wall_s: float | None = None, **fields: Any) -> dict[str, Any]:
        """Sends one request and returns the reply's fields. `wall_s` defaults to `limits.request_ms`.

        Raises LeanRefused (the worker lives on), WorkerTimeout and WorkerDied (it does not; later requests raise too).
        """
        if self._exit is not None:
            raise WorkerDied(f"This Lean worker (process {self.pid}) is gone already: {self._exit}.")
        limit_s = self.limits.request_ms / 1000 if wall_s is None else wall_s
        self.requests += 1
        frame = encode({"id": self.requests, "op": op, **fields})
        start = time.monotonic()
        try:
            self._send(frame, start + limit_s)
            reply = self._receive(start + limit_s)
        except TimeoutError:
            self.timed_out = True
            self.kill()
            raise WorkerTimeout(
                f"A Lean worker (process {self.pid}) did not answer `{op}` within {limit_s:g} s and was killed. "
                "Likely causes: a kernel computation on big numbers, which ignores the soft limit; a machine with far "
                "more load than cores. A larger `request_ms`, `soft_ms` or `hard_margin_ms` in Limits gives it longer."
            ) from None
        except (EOFError, ProtocolError, OSError) as error:
            raise self._died(f"during `{op}`", error) from None
        except BaseException:
            self.kill()
            raise
        finally:
            self.lean_seconds += time.monotonic() - start
        return self._open_reply(op, reply)

    def kill(self) -> None:
        """SIGKILLs the worker's whole process group and waits for the worker. Idempotent; callable from any thread."""
        with self._kill_lock:
            if self._exit is not None:
                return
            # Not yet waited for, so neither the process id nor the group id can belong to anyone else.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._cpu_seconds = usage.ru_utime + usage.ru_stime
            self._exit = _describe_exit(self._process.returncode)

    def close(self) -> None:
        """Kills the worker and gives its descriptors back. Only when no request is under way. Idempotent."""
        self.kill()
        with self._kill_lock:
            if not self._closed:
                self._closed = True
                os.close(self._requests)
                os.close(self._replies)
        self._log.join()

    def _send(self, frame: bytes, deadline: float) -> None:
        rest = memoryview(frame)
        while rest:
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                if not self._poll_requests.poll(_milliseconds_until(deadline)):
                    raise TimeoutError from None

    def _receive(self, deadline: float) -> dict[str, Any]:
        while (message := self._reader.next()) is None:
            if not self._poll_replies.poll(_milliseconds_until(deadline)):
                raise TimeoutError
            data = os.read(self._replies, 1 << 20)
            if not data:
                raise EOFError("the worker closed its replies")
            self._reader.feed(data)
        return message

    def _open_reply(self, op: str, reply: dict[str, Any]) -> dict[str, Any]:
        """Checks a reply's envelope, notes what it says about the worker, and returns it or raises."""
        if reply.get("id") != self.requests or not isinstance(reply.get("ok"), bool):
            raise self._died(f"during `{op}`", ProtocolError(f"reply {reply.get('id')} to request {self.requests}"))
        self.ran_code = self.ran_code or bool(reply.get("ran_code"))
        self.tainted = self.tainted or self.ran_code
        self.wasm_mb = reply.get("wasm_mb", self.wasm_mb)
        if reply["ok"]:
            return reply
        error = reply.get("error")
        kind = str(error.get("kind")) if isinstance(error, dict) else ""
        message = str(error.get("message")) if isinstance(error, dict) else repr(error)
        if kind not in set(RefusalKind):
            raise self._died(f"during `{op}`", RuntimeError(message))
        raise LeanRefused(RefusalKind(kind), message)

    def _died(self, when: str, reason: Exception) -> WorkerDied:
        """Puts an end to a worker that ended itself or broke the protocol; returns the exception to raise."""
        self.kill()
        return WorkerDied(f"A Lean worker (process {self.pid}) ended {when}: {reason}; {self._exit}. {self._advice()}")

    def _advice(self) -> str:
        """For a worker that was killed: what may be the matter, and its last words."""
        self._log.join()
        tail = self._log.text()
        return (
            "Likely causes: a tactic that exhausted memory (2 GiB inside Lean) or the stack; too little free memory "
            "(a worker needs about 1 GB); a damaged installation, which `flywheel doctor` checks and "
            "`flywheel setup --force` repairs." + (f" Its last output:\n{tail}" if tail else "")
        )

    def _limit_address_space(self) -> None:
        """RLIMIT_AS from outside, once everything that reserves address space (V8, wasm memory) has done so."""
        if sys.platform == "linux":
            mapped = psutil.Process(self.pid).memory_info().vms
            limit = mapped + (self.limits.extra_address_space_mb << 20)
            resource.prlimit(self.pid, resource.RLIMIT_AS, (limit, limit))


class _Tail:
    """A thread that reads a pipe to its end and keeps the last `_TAIL_BYTES` bytes, so that no writer ever blocks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, name="lean-worker-output", daemon=True)
        self._thread.start()

    def text(self) -> str:
        return bytes(self._kept).decode(errors="replace").strip()

    def join(self) -> None:
        """Waits for the end of the output. Bounded: a process that left the worker's group may still hold the pipe."""
        self._thread.join(timeout=1)

    def _drain(self) -> None:
        try:
            while data := os.read(self._descriptor, 1 << 16):
                self._kept += data
                del self._kept[:-_TAIL_BYTES]
        finally:
            os.close(self._descriptor)


def _milliseconds_until(deadline: float) -> int:
    return max(0, round((deadline - time.monotonic()) * 1000))


def _describe_exit(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
