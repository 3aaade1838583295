"""The search processes of a round: started, spoken to, replaced when they die, and gone when this process is.

    with Crew(kit, 2) as crew: ...              # `lean.crew` is the one that rounds use

They are spawned, never forked: a fork would copy threads' locks and torch's memory. They live as long as the crew, so
that a round finds them warm. Each has a session of its own, so Ctrl-C in a terminal reaches this process alone.
"""

from __future__ import annotations

import json
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import psutil

from lean_env.embedded.pool import PoolCounters, total
from prover.rounds.messages import Done, Ready
from prover.rounds.searcher import Kit

_START = """import json, sys
sys.path[:] = json.loads(sys.argv[2])
from prover.rounds.searcher import main
main(int(sys.argv[1]))"""
#: The arithmetic of one process stays on its core. OpenBLAS reads this when numpy is imported.
_ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
#: Processes that may end in a row before one can search.
_FAILED_STARTS = 3


class CrewLost(Exception):
    """No search process can be started."""


class SearchProcess:
    """One of them, as the coordinator sees it. `say` may be called from several threads."""

    def __init__(self, kit: Kit) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), json.dumps(sys.path)],
                pass_fds=[theirs.fileno()],
                env=os.environ | _ONE_THREAD,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._lock = threading.Lock()
        self._closed = False
        self.ready = False
        #: The policies that it has, by number.
        self.policies: set[int] = set()
        self.counters: Mapping[str, PoolCounters] = {}
        self.cpu_seconds = 0.0
        self.say(kit)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        return self._connection.fileno()

    def say(self, message: object) -> None:
        """Sends it. To a dead process nothing is sent: its end is heard by `hear`."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock, suppress(OSError):
            if not self._closed:
                self._connection.send_bytes(data)

    def hear(self) -> Any:
        """The next message. Raises EOFError when the process is gone."""
        try:
            message = pickle.loads(self._connection.recv_bytes())
        except OSError as error:
            raise EOFError from error
        if isinstance(message, Ready):
            self.ready = True
        if isinstance(message, Done):
            self.counters, self.cpu_seconds = message.counters, message.cpu_seconds
        return message

    def end(self) -> str:
        """Kills it unless it is dead already, and says how it ended. Its worker follows by itself."""
        with self._lock:
            self._closed = True
            self._connection.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        code = self._process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class Crew:
    """`size` search processes with workbenches of `kit`. `fill` starts them, in the background; a round does it where
    nobody did before. One thread at a time may use a crew."""

    def __init__(self, kit: Kit, size: int) -> None:
        if size < 1:
            raise ValueError(f"a crew needs at least one process, not {size}")
        self._kit = kit
        self.size = size
        self.selector = selectors.DefaultSelector()
        self.processes: list[SearchProcess] = []
        #: Search processes that died and were replaced.
        self.deaths = 0
        self._failed_starts = 0
        self._numbers = 0
        self._retired: dict[str, PoolCounters] = {}
        self._retired_cpu = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every process. Idempotent."""
        while self.processes:
            self.retire(self.processes[0])
        self.selector.close()

    def number(self) -> int:
        """For a policy: every process knows it by this."""
        self._numbers += 1
        return self._numbers

    def fill(self) -> None:
        """Starts the processes that are missing."""
        while len(self.processes) < self.size:
            process = SearchProcess(self._kit)
            self.processes.append(process)
            self.selector.register(process, selectors.EVENT_READ)

    def retire(self, process: SearchProcess) -> str:
        """Ends a process, what it did stays counted; how it ended."""
        self.selector.unregister(process)
        self.processes.remove(process)
        self._retired = _added([self._retired, process.counters])
        self._retired_cpu += process.cpu_seconds
        return process.end()

    def replace(self, process: SearchProcess) -> str:
        """Another one in the place of a process that died; how that ended. Raises CrewLost when none can start."""
        self._failed_starts = 0 if process.ready else self._failed_starts + 1
        self.deaths += 1
        how = self.retire(process)
        if self._failed_starts >= _FAILED_STARTS:
            raise CrewLost(
                f"{self._failed_starts} search processes in a row ended before they could search ({how}); what they "
                "printed stands above. `flywheel doctor` says what is wrong; then run the same command again."
            )
        self.fill()
        return how

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(process.pid for process in self.processes)

    @property
    def counters(self) -> dict[str, PoolCounters]:
        """The sums over the workers of all processes, the dead ones' too; a process reports after each attempt."""
        return _added([self._retired, *(process.counters for process in self.processes)])

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the processes themselves."""
        return self._retired_cpu + sum(process.cpu_seconds for process in self.processes)

    def memory(self) -> list[tuple[int, int]]:
        """For each process the resident bytes that are its own (PSS where the system has it) and those of its worker.
        Linux only."""
        found = []
        for process in self.processes:
            own = psutil.Process(process.pid)
            found.append((own.memory_full_info().pss, sum(c.memory_full_info().pss for c in own.children(True))))
        return found


def _added(counters: Iterable[Mapping[str, PoolCounters]]) -> dict[str, PoolCounters]:
    summed: dict[str, PoolCounters] = {}
    for each in counters:
        for name, counts in each.items():
            summed[name] = total([summed.get(name, PoolCounters()), counts])
    return summed
