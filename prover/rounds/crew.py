"""The search processes of this machine: a round's team where nobody says otherwise.

    with Crew(kit, 2) as crew: ...              # `lean.crew` is the one that rounds use

They are spawned, never forked: a fork would copy threads' locks and torch's memory. They live as long as the crew, so
that a round finds them warm. Each has a session of its own, so Ctrl-C in a terminal reaches this process alone. When
this process is gone, they are.
"""

from __future__ import annotations

import pickle
import selectors
import signal
import socket
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

import psutil

from prover.rounds.process import started
from prover.rounds.searcher import Kit
from prover.rounds.team import Member, Team


class SearchProcess(Member):
    """One of them, at the other end of a socket pair."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = started("prover.rounds.searcher", theirs.fileno())
        self._connection = Connection(ours.detach())
        self._lock = threading.Lock()
        self._closed = False
        self.say(kit)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        return self._connection.fileno()

    def say(self, message: object) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock, suppress(OSError):
            if not self._closed:
                self._connection.send_bytes(data)

    def hear(self) -> object | None:
        """The next message; None when the process is gone."""
        try:
            message: object = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            return None
        self.note(message)
        return message

    def end(self) -> str:
        with self._lock:
            self._closed = True
            self._connection.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        code = self._process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class Crew(Team[SearchProcess]):
    """`size` search processes with workbenches of `kit`. A round starts them where nobody did before."""

    def __init__(self, kit: Kit, size: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"a crew needs at least one process, not {size}")
        self._kit, self._size = kit, size
        self._selector = selectors.DefaultSelector()
        self._waking, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)

    @property
    def size(self) -> int:
        return self._size

    def close(self) -> None:
        super().close()
        self._selector.close()
        self._waking.close()
        self._woken.close()

    def fill(self) -> None:
        while len(self.processes) < self.size:
            process = SearchProcess(self._kit)
            self.processes.append(process)
            self._selector.register(process, selectors.EVENT_READ)

    def retire(self, process: SearchProcess) -> str:
        self._selector.unregister(process)
        return super().retire(process)

    def hear(self, seconds: float) -> list[tuple[SearchProcess, object | None]]:
        heard = []
        for key, _ in self._selector.select(seconds):
            if isinstance(process := key.fileobj, SearchProcess):
                heard.append((process, process.hear()))
            else:
                self._woken.recv(1 << 16)
        return heard

    def wake(self) -> None:
        with suppress(OSError):  # closed, where the round ended by an exception
            self._waking.send(b".")

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(process.pid for process in self.processes)

    def memory(self) -> list[tuple[int, int]]:
        """For each process the resident bytes that are its own (PSS where the system has it) and those of its worker.
        Linux only."""
        found = []
        for process in self.processes:
            own = psutil.Process(process.pid)
            found.append((own.memory_full_info().pss, sum(c.memory_full_info().pss for c in own.children(True))))
        return found
