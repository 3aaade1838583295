"""The supervised pool of Lean workers that search, gate and replay lease from.

A lease is exclusive. When a worker was killed at a limit, crashed, was tainted or grew too large, the pool starts
another in the background. That takes half a second; with a spare, the next lease does not wait for it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from types import TracebackType

import psutil

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import Role, Worker, WorkerDied
from lean_env.limits import Limits
from lean_env.theorem import Environment

#: Workers keep about 48 environments; older entries of our own record are stale.
_REMEMBERED_ENVIRONMENTS = 48

#: A spare is started only while this much memory is free: its own 1 GB, and as much again for the workers' growth.
_SPARE_NEEDS_BYTES = 2 << 30

#: Starts that may fail in a row before those who wait for a worker are told.
_FAILED_STARTS = 3


class PoolClosed(Exception):
    """The pool was closed while, or before, a lease was asked for."""


class NoWorker(Exception):
    """No worker could be started; the text holds what the last one said."""


@dataclass(frozen=True, slots=True)
class PoolCounters:
    """What the pool's workers did so far, dead ones included."""

    #: Answered or not.
    requests: int = 0
    #: Wall seconds inside requests.
    lean_seconds: float = 0.0
    #: User and system time of the worker processes, starts included.
    cpu_seconds: float = 0.0
    #: Workers started to replace another.
    restarts: int = 0
    #: Workers that a wall-clock limit ended.
    kills: int = 0
    #: Workers that ended by themselves.
    deaths: int = 0
    #: Tainted or grown workers that were put away.
    recycled: int = 0
    #: Those of the recycled in which Lean ran code that came with a text.
    ran_code: int = 0
    #: Tactics that the clock ended rather than heartbeats. A run with any is not reproducible.
    wall_limit_hits: int = 0


def total(counters: Iterable[PoolCounters]) -> PoolCounters:
    """The sums of several pools' counters."""
    columns = zip(*map(astuple, counters), strict=True)
    return PoolCounters(*map(sum, columns))


class WorkerPool:
    """`size` leases at once, over `size` workers and up to `spares` more that stand ready.

    Construction returns at once; the workers start in the background and the first lease waits for the first of them.
    Thread-safe. A context manager; after `close` no process is left.
    """

    def __init__(
        self,
        installation: Installation,
        size: int,
        limits: Limits | None = None,
        role: Role = "elaborate",
        *,
        spares: int = 1,
    ) -> None:
        if size < 1 or spares < 0:
            raise ValueError(
                f"a pool needs at least one worker and no negative spares, not size={size} spares={spares}"
            )
        self.installation = installation
        self.size = size
        self.spares = spares
        self.limits = limits or Limits()
        self.role = role

        self._owner = os.getpid()
        self._changed = threading.Condition()
        # All below is guarded by `_changed`.
        self._idle: list[Worker] = []
        self._leased: set[Worker] = set()
        self._starting: set[Worker] = set()
        self._waiting: deque[object] = deque()
        self._doomed: list[Worker] = []
        self._closed = False
        self._failed_starts = 0
        self._last_failure = ""
        self._replacements_due = 0
        self._restarts = 0
        self._kills = 0
        self._deaths = 0
        self._recycled = 0
        self._ran_code = 0
        self._retired = PoolCounters()

        self._keeper = threading.Thread(target=self._keep_staffed, name="lean-pool", daemon=True)
        self._keeper.start()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def lease(self, environment: Environment) -> Iterator[Worker]:
        """Exclusive use of a worker, if possible one that has `environment` imported; first come, first served.

        Blocks while all are busy. Raises PoolClosed, and NoWorker when none can be started.
        """
        worker = self._acquire(environment.key)
        try:
            yield worker
        finally:
            self._release(worker)

    def close(self) -> None:
        """Kills every worker, leased ones too (their holders get WorkerDied); who waits gets PoolClosed. Idempotent."""
        if os.getpid() != self._owner:
            return  # A forked child's copy: the workers are the parent's.
        with self._changed:
            self._closed = True
            for worker in (*self._idle, *self._leased, *self._starting, *self._doomed):
                worker.kill()
            self._doomed += self._idle
            self._idle.clear()
            self._changed.notify_all()
        self._keeper.join()

    @property
    def counters(self) -> PoolCounters:
        """The sums over all workers, living and dead."""
        with self._changed:
            present = (*self._idle, *self._leased, *self._starting, *self._doomed)
            own = replace(
                self._retired,
                restarts=self._restarts,
                kills=self._kills,
                deaths=self._deaths,
                recycled=self._recycled,
                ran_code=self._ran_code,
            )
            return _sum_of_work(own, present)

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of all workers that run now, spares included."""
        with self._changed:
            return frozenset(w.pid for w in (*self._idle, *self._leased, *self._starting) if w.alive)

    def _acquire(self, key: str) -> Worker:
        if os.getpid() != self._owner:
            raise PoolClosed("This pool belongs to the process that created it; a forked child must open its own.")
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while not (self._waiting[0] is ticket and len(self._leased) < self.size and self._weed_idle()):
                    self._refuse_if_hopeless()
                    self._changed.wait()
                self._refuse_if_hopeless()
                # A used worker before a fresh one, so that a spare stays small and ready.
                worker = max(self._idle, key=lambda w: (key in w.environments, w.requests))
                self._idle.remove(worker)
                self._leased.add(worker)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        worker.environments.pop(key, None)
        worker.environments[key] = None
        while len(worker.environments) > _REMEMBERED_ENVIRONMENTS:
            del worker.environments[next(iter(worker.environments))]
        return worker

    def _weed_idle(self) -> bool:
        """Puts away idle workers that died (the system's out-of-memory killer takes idle ones too); are any left?"""
        for worker in [w for w in self._idle if not w.probe()]:
            self._idle.remove(worker)
            self._dismiss(worker)
        return bool(self._idle)

    def _refuse_if_hopeless(self) -> None:
        if self._closed:
            raise PoolClosed("The pool of Lean workers was closed; open another one.")
        if self._failed_starts >= _FAILED_STARTS and not (self._idle or self._leased):
            raise NoWorker(f"No Lean worker could be started ({self._failed_starts} attempts). {self._last_failure}")

    def _release(self, worker: Worker) -> None:
        """Back into the pool, or out of it when the worker is dead, tainted or too big."""
        with self._changed:
            closed = self._closed
            self._leased.remove(worker)
            grown = worker.wasm_mb > self.limits.recycle_wasm_mb
            if closed or not worker.alive or worker.tainted or grown:
                self._dismiss(worker)
            else:
                self._idle.append(worker)
            self._changed.notify_all()
        if closed:
            self._bury(worker)

    def _dismiss(self, worker: Worker) -> None:
        self._doomed.append(worker)
        if not self._closed:
            self._kills += worker.timed_out
            self._deaths += not worker.alive and not worker.timed_out
            self._recycled += worker.alive
            self._ran_code += worker.alive and worker.ran_code
            self._replacements_due += 1
            self._changed.notify_all()

    def _bury(self, worker: Worker) -> None:
        """Closes a doomed worker and adds what it did to the totals. Freeing a worker's memory takes tens of
        milliseconds, so it happens outside the lock."""
        worker.close()
        with self._changed:
            if worker in self._doomed:
                self._doomed.remove(worker)
                self._retired = _sum_of_work(self._retired, [worker])

    def _keep_staffed(self) -> None:
        """The keeper thread: buries dead workers and starts missing ones, until the pool is closed."""
        while True:
            with self._changed:
                while not (self._closed or self._doomed or self._missing()):
                    self._changed.wait()
                doomed = list(self._doomed)
                newcomers = self._spawn(0 if self._closed else self._missing())
            for worker in doomed:
                self._bury(worker)
            for worker in newcomers:
                self._welcome(worker)
            with self._changed:
                if self._closed and not self._doomed:
                    return
                if self._failed_starts:
                    # No busy loop around an installation that does not start.
                    pause = min(0.1 * 2 ** min(self._failed_starts, 10), 10.0)
                    self._changed.wait_for(lambda: self._closed, timeout=pause)

    def _missing(self) -> int:
        """How many workers to start now; a spare counts only while memory is plenty."""
        present = len(self._idle) + len(self._leased) + len(self._starting)
        if present < self.size:
            return self.size - present
        if present < self.size + self.spares and psutil.virtual_memory().available > _SPARE_NEEDS_BYTES:
            return 1
        return 0

    def _spawn(self, count: int) -> list[Worker]:
        newcomers = []
        for _ in range(count):
            try:
                newcomers.append(Worker(self.installation, self.role, self.limits))
            except OSError as error:
                self._note_failed_start(f"The process could not be created: {error}. `flywheel doctor` says more.")
        self._starting |= set(newcomers)
        return newcomers

    def _welcome(self, worker: Worker) -> None:
        try:
            worker.await_ready()
            failure = ""
        except (WorkerDied, OSError, psutil.Error) as error:
            failure = str(error)
        with self._changed:
            self._starting.remove(worker)
            if failure or self._closed:
                self._doomed.append(worker)
                self._note_failed_start(failure)
                return
            self._idle.append(worker)
            self._failed_starts = 0
            if self._replacements_due:
                self._replacements_due -= 1
                self._restarts += 1
            self._changed.notify_all()

    def _note_failed_start(self, reason: str) -> None:
        self._failed_starts += 1
        self._last_failure = reason
        self._changed.notify_all()


def _sum_of_work(before: PoolCounters, workers: Iterable[Worker]) -> PoolCounters:
    """`before` with the work of `workers` added; the pool's own counts (restarts, ...) stay as they are."""
    all_of_them = list(workers)
    return replace(
        before,
        requests=before.requests + sum(w.requests for w in all_of_them),
        lean_seconds=before.lean_seconds + sum(w.lean_seconds for w in all_of_them),
        cpu_seconds=before.cpu_seconds + sum(w.cpu_seconds for w in all_of_them),
        wall_limit_hits=before.wall_limit_hits + sum(w.wall_limit_hits for w in all_of_them),
    )
