"""Prints the statements of library theorems by Lean: for retrieval and for people."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lean_env.theorem import Environment

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation
    from lean_env.embedded.pool import WorkerPool

#: Statements in one request; each takes Lean about 3 ms, all 22,221 of Init a minute of processor time.
_BATCH = 250
_BATCH_WALL_S = 120.0
#: A worker takes up to 1 GB of memory; more than two save little during a setup.
_WORKERS = min(2, os.cpu_count() or 1)


def print_statements(
    installation: Installation,
    environment: Environment,
    names: Sequence[str],
    report: Callable[[int], None] | None = None,
) -> dict[str, str]:
    """The default print of each theorem's statement in `environment`, with `pp.fieldNotation false` as in every tactic
    state.

    `report(done)` counts statements. Raises NoWorker, WorkerDied, LeanRefused.
    """
    # Not at the top: the pool imports the installation, whose last step is the index, which imports this.
    from lean_env.embedded.pool import WorkerPool

    texts: dict[str, str] = {}

    def print_batch(pool: WorkerPool, start: int) -> dict[str, str]:
        batch = list(names[start : start + _BATCH])
        with pool.lease(environment) as worker:
            reply = worker.request("print", wall_s=_BATCH_WALL_S, imports=list(environment.imports), names=batch)
        return {printed["name"]: printed["text"] for printed in reply["statements"]}

    with WorkerPool(installation, _WORKERS, spares=0) as pool, ThreadPoolExecutor(_WORKERS) as executor:
        for batch in executor.map(lambda start: print_batch(pool, start), range(0, len(names), _BATCH)):
            texts.update(batch)
            if report is not None:
                report(len(texts))
    return texts
