"""What only Lean can say about a module's theorems: their print, which automation runs, and what portfolio-1 proves.

Each module's answers are one JSON file in a work folder, so that an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1_LIMITS, portfolio_1
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment, Theorem

#: What is probed in every environment, on trivial goals.
AUTOMATION = ("simp", "simp_all", "omega", "grind", "rcases")

#: Statements printed and elaborated again in one request (15-28 ms each).
_PRINT_BATCH = 50
_PRINT_WALL_S = 120.0

#: A theorem whose worker dies is opened again once: the death may have been an earlier theorem's doing.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Task:
    """One module's work: its candidates in file order, its two environments."""

    module: str
    names: tuple[str, ...]
    strict: Environment
    auto: Environment


@dataclass(frozen=True, slots=True)
class MeasuredTheorem:
    """What Lean said of one theorem."""

    #: Default print in the strict environment.
    statement: str
    #: Whether it elaborates back to the same expression.
    round_trips: bool
    #: The portfolio-1 tactic that proves it, or None.
    solver: str | None
    heartbeats: int
    #: Lean could not open it.
    refused: bool = False
    #: Tactics that the clock ended, or that took the worker with them.
    wall_limits: int = 0


@dataclass(frozen=True, slots=True)
class MeasuredModule:
    """`tactics`: whether a tactic block works there at all; `runs`: which automation runs, by environment policy."""

    tactics: bool
    runs: Mapping[str, bool]
    auto_runs: Mapping[str, bool]
    theorems: Mapping[str, MeasuredTheorem]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> MeasuredModule:
        fields: dict[str, Any] = json.loads(text)
        fields["theorems"] = {name: MeasuredTheorem(**values) for name, values in fields["theorems"].items()}
        return cls(**fields)


class Stopped(Exception):
    """The measurement was told to stop; what it had stored stays."""


class Measurement:
    """Measures modules on a pool's workers, largest first, and keeps the results in `folder`."""

    def __init__(self, pool: WorkerPool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Modules under way end with Stopped before their next theorem."""
        self._stopping.set()

    def start(self, tasks: Sequence[Task], executor: ThreadPoolExecutor) -> dict[str, Future[MeasuredModule]]:
        """Queues all tasks; those whose results are stored end at once."""
        by_size = sorted(tasks, key=lambda task: (-len(task.names), task.module))
        return {task.module: executor.submit(self._measured, task) for task in by_size}

    def _measured(self, task: Task) -> MeasuredModule:
        path = self._folder / f"{task.module}.json"
        if path.exists():
            return MeasuredModule.from_json(path.read_text(encoding="utf-8"))
        measured = self._measure(task)
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(measured.to_json(), encoding="utf-8")
        temporary.replace(path)
        return measured

    def _measure(self, task: Task) -> MeasuredModule:
        strict = self._probe(task.strict)
        if not strict["tactics"]:
            return MeasuredModule(False, strict["runs"], strict["runs"], {})
        auto = self._probe(task.auto) if task.auto != task.strict else strict
        prints = self._prints(task)
        theorems = {name: self._measure_theorem(task, name, *prints[name]) for name in task.names}
        return MeasuredModule(True, strict["runs"], auto["runs"], theorems)

    def _probe(self, environment: Environment) -> dict[str, Any]:
        with self._pool.lease(environment) as worker:
            return worker.request("probe", imports=list(environment.imports))

    def _prints(self, task: Task) -> dict[str, tuple[str, bool]]:
        prints: dict[str, tuple[str, bool]] = {}
        with self._pool.lease(task.strict) as worker:
            for start in range(0, len(task.names), _PRINT_BATCH):
                reply = worker.request(
                    "print",
                    wall_s=_PRINT_WALL_S,
                    imports=list(task.strict.imports),
                    names=list(task.names[start : start + _PRINT_BATCH]),
                    round_trip=True,
                )
                for printed in reply["statements"]:
                    prints[printed["name"]] = (printed["text"], bool(printed["round_trips"]))
        return prints

    def _measure_theorem(self, task: Task, name: str, statement: str, round_trips: bool) -> MeasuredTheorem:
        theorem = Theorem(name, statement, task.strict, module=task.module)
        deaths = 0
        while deaths < _TRIES:
            if self._stopping.is_set():
                raise Stopped
            try:
                with Dojo(theorem, self._pool, PORTFOLIO_1_LIMITS) as (session, root):
                    solver, steps = portfolio_1(session, root)
            except DojoInitError:
                return MeasuredTheorem(statement, round_trips, None, 0, refused=True, wall_limits=deaths)
            except DojoCrashError:
                deaths += 1
                continue
            if steps[-1].outcome is Outcome.CRASHED:
                deaths += 1
                continue
            heartbeats = sum(step.heartbeats for step in steps)
            walls = deaths + sum(step.wall_limit for step in steps)
            return MeasuredTheorem(statement, round_trips, solver, heartbeats, wall_limits=walls)
        return MeasuredTheorem(statement, round_trips, None, 0, wall_limits=deaths)
