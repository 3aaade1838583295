"""How fast Lean is from Python: start-up, imports, tactic steps on live states against the text route.

Everything goes through the pool, as search does. Steps are counted per second of the workers' own CPU time, so that
other load on the machine matters little; `overhead` is what a step takes beyond the time that the worker says it took.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lean_env.embedded.installation import Installation, find
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker
from lean_env.session.dojo import Dojo
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment, Theorem
from tests.performance.bench_bombs import bench_bombs
from tests.performance.bench_commands import bench_commands
from tests.performance.bench_coordinator import bench_coordinator
from tests.performance.bench_headers import IN_TURN, bench_headers
from tests.performance.bench_magma import bench_magma
from tests.performance.bench_python import bench_python
from tests.performance.bench_round import bench_round
from tests.performance.bench_training import bench_training
from training.experiments.demo.workload import ENVIRONMENT, THEOREMS, lines, texts

IMPORTS = (
    ("Init.Core",),
    ("Init.Data.Nat.Basic",),
    ("Init.Data.List.Lemmas",),
    ("Init.Data.Array.Lemmas",),
    ("Init.Omega",),
    ("Init",),
)

#: CPU seconds a worker of the same work before measuring: V8 compiles what the code cache lacks.
WARM_UP_S = 4.0

#: A job runs until what it is given says that it is enough.
Job = Callable[[Callable[[], bool]], None]


def milliseconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def bench_start(installation: Installation, times: int = 5) -> dict[str, float]:
    """From process creation to the ready frame, then to the end of the first proof step; medians in ms."""
    ready, first, rss = [], [], []
    for _ in range(times):
        start = time.perf_counter()
        worker = Worker(installation, "elaborate")
        try:
            worker.await_ready()
            ready.append((time.perf_counter() - start) * 1000)
            opened = worker.request("open_text", imports=["Init"], statement=THEOREMS[0].statement)
            worker.request("run", state=opened["state"], tactics=["omega"])
            first.append((time.perf_counter() - start) * 1000)
            rss.append(worker.request("memory")["rss_mb"])
        finally:
            worker.close()
    return {
        "ready_ms": statistics.median(ready),
        "first_step_ms": statistics.median(first),
        "rss_mb": statistics.median(rss),
    }


def bench_imports(installation: Installation) -> dict[str, dict[str, float]]:
    """Opening a theorem in an environment that the worker has not imported yet, and in one that it has; ms."""
    figures = {}
    with WorkerPool(installation, 1, spares=0) as pool:
        with pool.lease(ENVIRONMENT):
            pass  # The worker has started.
        for imports in IMPORTS:
            theorem = Theorem("True.intro", "", Environment(imports), module="Init.Prelude")

            def open_it(theorem: Theorem = theorem) -> None:
                with Dojo(theorem, pool):
                    pass

            cold = milliseconds_of(open_it)
            warm = statistics.median(milliseconds_of(open_it) for _ in range(20))
            figures[theorem.environment.key] = {"cold_ms": cold, "warm_ms": warm}
    return figures


def bench_round_trip(installation: Installation, times: int = 5_000) -> dict[str, float]:
    """A request that does nothing (a drop of no states): ms a request, wall (median) and CPU of both sides (mean)."""
    with WorkerPool(installation, 1, spares=0) as pool, pool.lease(ENVIRONMENT) as worker:

        def ask() -> None:
            worker.request("drop", states=[])

        for _ in range(times):
            ask()
        own, theirs = time.process_time(), worker.cpu_seconds
        wall = statistics.median(milliseconds_of(ask) for _ in range(times))
        return {
            "wall_ms": wall,
            "python_cpu_ms": (time.process_time() - own) * 1000 / times,
            "worker_cpu_ms": (worker.cpu_seconds - theirs) * 1000 / times,
        }


class Walker:
    """Walks the tactic mix on live states in one thread, as search does: open once, then steps and drops."""

    def __init__(self, pool: WorkerPool, seed: int) -> None:
        self.pool = pool
        self.seed = seed
        self.steps = 0
        self.latencies: list[float] = []
        self.overheads: list[float] = []

    def run(self, enough: Callable[[], bool]) -> None:
        theorems = THEOREMS[self.seed % len(THEOREMS) :] + THEOREMS[: self.seed % len(THEOREMS)]
        while True:
            for theorem in theorems:
                with Dojo(theorem, self.pool) as (dojo, root):
                    for line, _ in zip(lines(self.seed), range(100), strict=False):
                        self._walk(dojo, root, line)
                        if enough():
                            return
                self.seed += 1

    def _walk(self, dojo: Dojo, root: Any, line: tuple[str, ...]) -> None:
        state = root
        reached = []
        for tactic in line:
            start = time.perf_counter()
            (step,) = dojo.run_tacs(state, [tactic])
            elapsed = (time.perf_counter() - start) * 1000
            self.steps += 1
            self.latencies.append(elapsed)
            self.overheads.append(elapsed - step.milliseconds)
            if step.outcome is not Outcome.ADVANCED:
                break
            state = step.result
            reached.append(state)
        dojo.drop(reached)


def bench_live(installation: Installation, workers: int, seconds: float) -> dict[str, float]:
    """The mix on live states through the Dojo, one thread a worker."""
    with WorkerPool(installation, workers, spares=0) as pool:
        _spend(pool, WARM_UP_S, [Walker(pool, 100 + number).run for number in range(workers)])
        walkers = [Walker(pool, number) for number in range(workers)]
        own_before = time.process_time()
        before = pool.counters
        wall = _spend(pool, seconds, [walker.run for walker in walkers])
        after = pool.counters
        own = time.process_time() - own_before
    steps = sum(walker.steps for walker in walkers)
    latencies = sorted(ms for walker in walkers for ms in walker.latencies)
    cpu = after.cpu_seconds - before.cpu_seconds
    return {
        "steps": steps,
        "steps_per_cpu_s": steps / cpu,
        "steps_per_s": steps / wall,
        "median_ms": statistics.median(latencies),
        "p95_ms": latencies[int(len(latencies) * 0.95)],
        "overhead_ms": statistics.median(ms for walker in walkers for ms in walker.overheads),
        "python_ms_per_step": own * 1000 / steps,
    }


def bench_text(installation: Installation, workers: int, seconds: float) -> dict[str, float]:
    """The same tactics by the text route: each step elaborates its theorem from text."""
    latencies: list[float] = []

    def elaborate(worker: Worker, seed: int, enough: Callable[[], bool]) -> None:
        for source in texts(seed):
            if enough():
                return
            latencies.append(
                milliseconds_of(lambda source=source: worker.request("check_text", imports=["Init"], source=source))
            )

    with WorkerPool(installation, workers, spares=0) as pool, ExitStack() as leases:
        crew = [leases.enter_context(pool.lease(ENVIRONMENT)) for _ in range(workers)]
        jobs = [
            lambda enough, worker=worker, seed=seed: elaborate(worker, seed, enough) for seed, worker in enumerate(crew)
        ]
        _spend(pool, WARM_UP_S, jobs)
        latencies.clear()
        before = pool.counters.cpu_seconds
        wall = _spend(pool, seconds, jobs)
        cpu = pool.counters.cpu_seconds - before
    return {
        "steps": len(latencies),
        "steps_per_cpu_s": len(latencies) / cpu,
        "steps_per_s": len(latencies) / wall,
        "median_ms": statistics.median(latencies),
        "p95_ms": sorted(latencies)[int(len(latencies) * 0.95)],
    }


def bench_replacement(installation: Installation, spares: int) -> float:
    """From the kill of the only worker to the first answer of its successor; ms, median of three."""
    times = []
    with WorkerPool(installation, 1, spares=spares) as pool:
        for _ in range(3):
            with pool.lease(ENVIRONMENT):
                pass
            while len(pool.pids) < 1 + spares:
                time.sleep(0.05)
            time.sleep(2)  # the spare is ready by then
            start = time.perf_counter()
            with pool.lease(ENVIRONMENT) as worker:
                worker.kill()
            with pool.lease(ENVIRONMENT) as worker:
                worker.request("memory")
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _spend(pool: WorkerPool, seconds: float, jobs: list[Job]) -> float:
    """Runs each job in a thread until the pool has used `seconds` of CPU a job; returns the wall seconds."""
    target = pool.counters.cpu_seconds + seconds * len(jobs)

    def enough() -> bool:
        return pool.counters.cpu_seconds >= target

    start = time.perf_counter()
    threads = [threading.Thread(target=job, args=(enough,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds a worker for each mix")
    parser.add_argument("--out", type=Path, help="write the figures as JSON here")
    options = parser.parse_args()
    installation = find()
    console = Console()

    figures: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "load_before": os.getloadavg()},
        "installation": installation.version,
        "commands": bench_commands(),
        "start": bench_start(installation),
        "imports": bench_imports(installation),
        "round_trip": bench_round_trip(installation),
        "replacement_ms": {
            "no spare": bench_replacement(installation, 0),
            "one spare": bench_replacement(installation, 1),
        },
    }
    for workers in (1, 2):
        figures[f"live_{workers}"] = bench_live(installation, workers, options.seconds)
        figures[f"text_{workers}"] = bench_text(installation, workers, options.seconds)
    figures["python"] = bench_python()
    figures["training"] = bench_training()
    figures["round"] = bench_round()
    figures["magma_round"] = bench_round(benchmark="lean-magma")
    figures["magma"] = bench_magma()
    figures["coordinator"] = bench_coordinator()
    figures["headers"] = bench_headers(installation)
    figures["bombs"] = bench_bombs(installation)
    figures["machine"]["load_after"] = os.getloadavg()

    _print(console, figures)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n")


def _print(console: Console, figures: dict[str, Any]) -> None:
    start, replacement = figures["start"], figures["replacement_ms"]
    console.print(
        f"start-up: ready after {start['ready_ms']:.0f} ms, first step done after {start['first_step_ms']:.0f} ms, "
        f"{start['rss_mb']:.0f} MB; after a kill {replacement['no spare']:.0f} ms, "
        f"with a spare {replacement['one spare']:.0f} ms"
    )
    commands = Table("flywheel ...", "wall s", "CPU s")
    for name, row in figures["commands"].items():
        commands.add_row(name, f"{row['wall_s']:.2f}", f"{row['cpu_s']:.2f}")
    console.print(commands)
    imports = Table("environment", "first ms", "again ms")
    for key, row in figures["imports"].items():
        imports.add_row(key, f"{row['cold_ms']:.0f}", f"{row['warm_ms']:.2f}")
    console.print(imports)
    steps = Table("route", "workers", "steps/CPU s", "steps/s", "median ms", "p95 ms", "overhead ms")
    for workers in (1, 2):
        for route in ("live", "text"):
            row = figures[f"{route}_{workers}"]
            steps.add_row(
                route,
                str(workers),
                f"{row['steps_per_cpu_s']:.0f}",
                f"{row['steps_per_s']:.0f}",
                f"{row['median_ms']:.2f}",
                f"{row['p95_ms']:.1f}",
                f"{row['overhead_ms']:.3f}" if "overhead_ms" in row else "",
            )
    console.print(steps)
    trip = figures["round_trip"]
    console.print(
        f"an empty request: {trip['wall_ms']:.3f} ms, CPU {trip['python_cpu_ms']:.3f} ms here "
        f"and {trip['worker_cpu_ms']:.3f} ms in the worker"
    )
    ratio = figures["live_1"]["steps_per_cpu_s"] / figures["text_1"]["steps_per_cpu_s"]
    scale = figures["live_2"]["steps_per_s"] / figures["live_1"]["steps_per_s"]
    console.print(f"live is {ratio:.1f} times the text route; two workers do {scale:.2f} times the steps of one")
    round_ = figures["round"]
    console.print(
        f"a round on lean-logic, two workers: {round_['steps_per_s']:.0f} steps/s with model, gate and database; "
        f"its tactics alone {round_['bare_steps_per_s']:.0f} steps/s; the gate with both kernels takes "
        f"{round_['gate_share_of_round']:.1%} of it, alone {round_['gate_checks_per_s']:.0f} checks/s; "
        f"CPU a step {round_['lean_cpu_ms_per_step']:.2f} ms in Lean, {round_['own_cpu_ms_per_step']:.2f} ms here, "
        f"{round_['coordinator_cpu_ms_per_step']:.3f} ms of it in the coordinator; idle {round_['idle']:.0%}; "
        f"a search process takes {round_['searcher_mb']:.0f} MB, its worker {round_['searchers_worker_mb']:.0f} MB"
    )
    python = figures["python"]
    console.print(
        f"Python a step of such a round, over recorded replies: {python['python_ms']:.2f} ms, of which the network's "
        f"arithmetic {python['model_ms']:.2f} ms and all else {python['rest_ms']:.2f} ms"
    )
    training = Table("training the ranker", "tokens/s", "tokens/CPU s", "busiest process, ms/1,000 tokens")
    for way, row in figures["training"].items():
        training.add_row(
            way, f"{row['tokens_per_s']:,.0f}", f"{row['tokens_per_cpu_s']:,.0f}", f"{row['critical_ms_per_1000']:.1f}"
        )
    console.print(training)
    other, magma = figures["magma_round"], figures["magma"]
    console.print(
        f"the same on lean-magma: {other['steps_per_s']:.0f} steps/s; CPU a step "
        f"{other['lean_cpu_ms_per_step']:.2f} ms "
        f"in Lean, {other['own_cpu_ms_per_step']:.2f} ms here"
    )
    console.print(
        f"lean-magma: {magma['statements']:,.0f} statements with class, split and verdict in "
        f"{magma['statements_s']:.1f} s, {magma['refuter_s']:.1f} s more where no refuter is kept; a disproof on Fin 3 "
        f"certified in {magma['certified_ms']:.0f} ms (median; p95 {magma['certified_p95_ms']:.0f}), in the gate alone "
        f"{magma['gate_ms']:.0f} ms ({magma['gate_p95_ms']:.0f})"
    )
    coordinator = figures["coordinator"]
    console.print(
        f"the coordinator alone: {coordinator['unproved_cpu_ms']:.2f} ms an attempt without a proof, "
        f"{coordinator['proved_cpu_ms']:.2f} ms with one; {coordinator['unproved_attempts_per_cpu_s']:.0f} and "
        f"{coordinator['proved_attempts_per_cpu_s']:.0f} attempts a CPU second"
    )
    own = figures["headers"]
    console.print(
        f"headers: elaborated in {own['elaboration_ms']:.0f} ms (median of four); a theorem under a warm one opens in "
        f"{own['warm_ms']:.1f} ms, one without in {own['plain_ms']:.1f} ms ({own['warm_against_plain']:.2f} times); "
        f"with its first step {own['first_step_ms']:.1f} ms; the gate takes {own['gate_ms']:.0f} ms, without a header "
        f"{own['plain_gate_ms']:.0f} ms; {IN_TURN} headers in turn in one worker: {own['in_turn_ms']:.0f} ms and "
        f"{own['header_mb']:.2f} MB each"
    )
    bombs = Table("bomb", "outcome", "ended after s", "next answer after s", "peak MB, all processes")
    for name, row in figures["bombs"].items():
        figure = [f"{row[key]:.2f}" for key in ("ended_s", "recovered_s")]
        bombs.add_row(name, row["outcome"], *figure, f"{row['peak_mb']:.0f}")
    console.print(bombs)
