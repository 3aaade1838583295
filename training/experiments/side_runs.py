"""Runs of an experiment beside each other, each in a process of its own.

    with SideRuns(orders, jobs=2, report=report) as sooner:
        sooner.wait("arms-flywheel-s0")         # now `run_seed` has little to do but to read

A round searches on many cores; training, the gate and the evaluations of a small arm leave some of them idle. An
experiment reads each run from the corpus and does what is missing of it, so these processes only do it sooner. Of one
that dies nothing is lost: the experiment does the rest of that run itself, and meets there whatever ended it.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from corpus.store import Corpus
from prover.benchmarks.registry import BENCHMARKS, benchmark_of
from prover.lean import Lean
from prover.rounds.process import started
from training.config import FlywheelConfig
from training.events import Event
from training.experiments.experiment import run_seed
from training.meter import Busy

#: What such a process says: what happens, at its end where its time went, or what went wrong; None when it is gone.
Heard = Event | Mapping[str, Busy] | str | None


@dataclass(frozen=True, slots=True)
class Order:
    """One run: its settings, whether it is evaluated beside what has no model, the corpus that holds its benchmark, the
    folder of its models, and the runs that it may begin like. It travels as a pickle."""

    config: FlywheelConfig
    baselines: bool
    database: str
    models: Path
    like: tuple[FlywheelConfig, ...] = ()

    @property
    def name(self) -> str:
        return self.config.name


class SideRuns:
    """The orders in turn, `jobs` at a time, each with its share of the workers; none for one job, which the experiment
    is itself. `report` hears of the progress of the run that is waited for, and what stays to be read of all. An order
    is passed over while it is `held` by what is running: asked again whenever a run says something that stays."""

    def __init__(
        self,
        orders: Sequence[Order],
        jobs: int,
        report: Callable[[Event], None],
        held: Callable[[Order, Sequence[str]], bool] = lambda _order, _running: False,
    ) -> None:
        self._waiting, self._jobs, self._report = list(orders) if jobs > 1 else [], jobs, report
        self._held = held
        self._running: dict[str, _SideRun] = {}
        self._heard: SimpleQueue[tuple[str, Heard]] = SimpleQueue()
        self._spent: dict[str, Mapping[str, Busy]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._running.values():
            run.end()

    def wait(self, name: str) -> Mapping[str, Busy]:
        """Returns once the process of this run has ended, at once if there will be none: where its time went, {} if it
        did not come to its end."""
        self._fill()
        while name in self._running or any(order.name == name for order in self._waiting):
            speaker, heard = self._heard.get()
            if isinstance(heard, Event):
                if heard.lasting or speaker == name:
                    self._report(heard)
                if heard.lasting:
                    self._fill()
                continue
            ended = self._running.pop(speaker).end()
            if isinstance(heard, Mapping):
                self._spent[speaker] = heard
            else:
                note = f"{speaker} ended before its time ({heard or ended}); the rest of it is done here"
                self._report(Event(speaker, note, lasting=True))
            self._fill()
        return self._spent.pop(name, {})

    def _fill(self) -> None:
        while len(self._running) < self._jobs:
            running = tuple(self._running)
            order = next((one for one in self._waiting if not running or not self._held(one, running)), None)
            if order is None:
                return
            self._waiting.remove(order)
            workers = max(1, order.config.workers // self._jobs)
            self._running[order.name] = _SideRun(order, workers, self._heard)


class _SideRun:
    """A process at work on one order, at the other end of a socket pair. What it says goes into the queue at once, so
    that it never waits to be heard; last of all where its time went or what went wrong, None when it is gone without a
    word."""

    def __init__(self, order: Order, workers: int, heard: SimpleQueue[tuple[str, Heard]]) -> None:
        self._name, self._heard = order.name, heard
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = started(__name__, theirs.fileno())
        self._line = Connection(ours.detach())
        order = replace(order, config=order.config.model_copy(update={"workers": workers}))
        with suppress(OSError):  # it is dead already, which is heard
            self._line.send_bytes(pickle.dumps((order, benchmark_of(order.config.benchmark)), pickle.HIGHEST_PROTOCOL))
        threading.Thread(target=self._listen, name=self._name, daemon=True).start()

    def _listen(self) -> None:
        said: Heard = Event("", "")
        while isinstance(said, Event):
            try:
                said = pickle.loads(self._line.recv_bytes())
            except (EOFError, OSError):
                said = None
            self._heard.put((self._name, said))

    def end(self) -> str:
        """Ends it unless it has ended. Its workers follow by themselves, and what was accepted is stored."""
        with suppress(ProcessLookupError):
            self._process.kill()
        code = self._process.wait()
        self._line.close()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def main(descriptor: int) -> None:
    """The life of such a process."""
    line = Connection(descriptor)
    order, benchmark = pickle.loads(line.recv_bytes())
    threading.Thread(target=_end_with, args=(line,), name="experiment", daemon=True).start()
    BENCHMARKS[order.config.benchmark] = benchmark  # which may be none of ours
    last: Heard
    try:
        last = _run(order, lambda event: line.send_bytes(pickle.dumps(event)))
    except Exception as error:  # the experiment meets it again where it can be handled
        last = f"{type(error).__name__}: {error}".partition("\n")[0]
    line.send_bytes(pickle.dumps(last))


def _run(order: Order, report: Callable[[Event], None]) -> Mapping[str, Busy]:
    config = order.config
    with Lean(config.workers, config.limits) as lean, Corpus.open(order.database, create=False) as corpus:
        folder, baselines = order.models, order.baselines
        run = run_seed(config, lean, corpus, lambda _run: folder, report, baselines=baselines, like=order.like)
        return run.phases


def _end_with(line: Connection) -> None:
    """Nothing is ever sent to it: reading ends when the experiment does, however that ends."""
    with suppress(EOFError, OSError):
        line.recv_bytes()
    sys.stderr.flush()
    os._exit(1)
