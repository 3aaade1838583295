"""The benchmark `lean-core`: theorems of Lean's own library, each to be proved from what its module imports.

    flywheel bench build lean-core          (python: `build_lean_core`)

The manifest is shipped with the package (`load_lean_core`). Building it again gives the same one on every machine:
files decide what is in it, stable hashes decide the splits, heartbeats decide the strata. The build takes about nine
minutes of processor time. An interrupted one goes on where it stopped, module by module.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from importlib import resources
from pathlib import Path

from lean_env import paths
from lean_env.benchmark.lean_core.families import families, splits, surplus
from lean_env.benchmark.lean_core.manifest import Entry, Manifest, ModuleEntry, Stratum
from lean_env.benchmark.lean_core.measure import MeasuredModule, Measurement, Task
from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1, PORTFOLIO_1_LIMITS
from lean_env.benchmark.lean_core.selection import Candidate, Selection, auto_environment, select
from lean_env.benchmark.splits import SPLITS, TEST, TRAIN, VALID
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.library.index import Library
from lean_env.theorem import Environment

NAME = "lean-core"
#: Grows when a rule of this benchmark changes; results of different revisions are not comparable.
REVISION = 1

#: Further reasons for which a candidate is left out; the first ones are in `lean_env.benchmark.lean_core.selection`.
NO_TACTICS = "no tactic block works in its environment"
REFUSED = "Lean cannot open it in its environment"
CLASS_IN_IMPORTS = "valid or test: a statement of its class is visible in its environment"
CLASS_IN_TRAIN = "valid or test: a statement of its class is in train"
CLASS_IN_TEST = "valid: a statement of its class is in test"
SURPLUS = "test: more than a tenth of the split from one module"


@cache
def load_lean_core() -> Manifest:
    """The manifest shipped with this package. Raises ManifestError."""
    return Manifest.read(
        resources.files("lean_env.benchmark.lean_core").joinpath("data", "lean_core.jsonl.gz").read_bytes()
    )


def build_lean_core(
    installation: Installation,
    pool: WorkerPool,
    report: Callable[[int, int], None] | None = None,
    sample: Collection[str] | None = None,
) -> Manifest:
    """Builds the manifest. `pool` holds elaborating workers of `installation`, all of which are used.

    `report(done, total)` counts theorems. With `sample`, only the theorems of these modules are measured and kept,
    with the same splits and strata as in the whole manifest; no module's share of test is capped then.
    Raises WorkerDied, NoWorker, OleanError.
    """
    with Library.open(installation) as library:
        selection = select(library)
        by_module = defaultdict(list)
        for candidate in selection.candidates:
            if sample is None or candidate.module in sample:
                by_module[candidate.module].append(candidate.name)
        tasks = [
            Task(module, tuple(names), library.strict_environment(module), auto_environment(library, module))
            for module, names in by_module.items()
        ]
        measured = _measure(pool, tasks, _work_folder(library), report)
        return _assemble(library, selection, tasks, measured, lean=_lean_version(pool), cap=sample is None)


def _work_folder(library: Library) -> Path:
    """Where measurements are kept: by all that they depend on."""
    key = json.dumps([REVISION, library.digest, PORTFOLIO_1, PORTFOLIO_1_LIMITS.heartbeats])
    return paths.benchmark_work() / f"{NAME}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _measure(
    pool: WorkerPool, tasks: list[Task], folder: Path, report: Callable[[int, int], None] | None
) -> dict[str, MeasuredModule]:
    sizes = {task.module: len(task.names) for task in tasks}
    done = 0
    measured: dict[str, MeasuredModule] = {}
    with ThreadPoolExecutor(pool.size, thread_name_prefix="lean-core") as executor:
        measurement = Measurement(pool, folder)
        futures = measurement.start(tasks, executor)
        module_of = {future: module for module, future in futures.items()}
        try:
            for future in as_completed(module_of):
                module = module_of[future]
                measured[module] = future.result()
                done += sizes[module]
                if report is not None:
                    report(done, sum(sizes.values()))
        except BaseException:
            measurement.stop()
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return measured


def _assemble(
    library: Library,
    selection: Selection,
    tasks: list[Task],
    measured: dict[str, MeasuredModule],
    lean: str,
    cap: bool,
) -> Manifest:
    left_out = Counter(selection.left_out)
    family_of = families(selection.classes)
    split_of = splits(family_of, Counter(candidate.module for candidate in selection.candidates))

    def split(candidate: Candidate) -> str:
        return split_of[family_of[candidate.module]]

    # Classes are compared before Lean drops anything, so that a sample's theorems are dropped as in the whole.
    classes: dict[str, set[str]] = {name: set() for name in SPLITS}
    for candidate in selection.candidates:
        classes[split(candidate)].add(candidate.statement_class)
    kept: list[Candidate] = []
    for candidate in selection.candidates:
        if candidate.module not in measured:
            continue
        reason = _reason_to_drop(candidate, split(candidate), classes, measured[candidate.module])
        if reason is None:
            kept.append(candidate)
        else:
            left_out[reason] += 1
    of_test = {candidate.name: candidate.module for candidate in kept if split(candidate) == TEST}
    too_many = surplus(of_test) if cap else set()
    left_out[SURPLUS] += len(too_many)

    entries = tuple(
        _entry(candidate, split(candidate), measured[candidate.module])
        for candidate in kept
        if candidate.name not in too_many
    )
    in_use = {entry.module for entry in entries}
    modules = {
        task.module: ModuleEntry(
            module=task.module,
            family=family_of[task.module],
            imports=task.strict.imports,
            auto_imports=task.auto.imports,
            digest=library.environment_digest(task.strict),
            runs=measured[task.module].runs,
            auto_runs=measured[task.module].auto_runs,
        )
        for task in tasks
        if task.module in in_use
    }
    header = {
        "name": NAME,
        "revision": REVISION,
        "lean": lean,
        "library_digest": library.digest,
        "portfolio_1": {"tactics": list(PORTFOLIO_1), "heartbeats": PORTFOLIO_1_LIMITS.heartbeats},
        "named": selection.named,
        "kept": len(entries),
        "left_out": dict(sorted(left_out.items())),
        "wall_limits": sum(t.wall_limits for module in measured.values() for t in module.theorems.values()),
    }
    return Manifest(header, modules, entries)


def _reason_to_drop(
    candidate: Candidate, split: str, classes: dict[str, set[str]], module: MeasuredModule
) -> str | None:
    if not module.tactics:
        return NO_TACTICS
    if module.theorems[candidate.name].refused:
        return REFUSED
    if split == TRAIN:
        return None
    if candidate.class_in_imports:
        return CLASS_IN_IMPORTS
    if candidate.statement_class in classes[TRAIN]:
        return CLASS_IN_TRAIN
    if split == VALID and candidate.statement_class in classes[TEST]:
        return CLASS_IN_TEST
    return None


def _entry(candidate: Candidate, split: str, module: MeasuredModule) -> Entry:
    theorem = module.theorems[candidate.name]
    by_portfolio = Stratum.HARD if theorem.solver is None else Stratum.EASY
    return Entry(
        name=candidate.name,
        module=candidate.module,
        statement=theorem.statement,
        round_trips=theorem.round_trips,
        split=split,
        stratum=Stratum.OPAQUE if candidate.opaque else by_portfolio,
        expression_hash=candidate.expression_hash,
        goal_hash=candidate.goal_hash,
        statement_class=candidate.statement_class,
        solver=theorem.solver,
        auto_twin=candidate.auto_twin,
    )


def _lean_version(pool: WorkerPool) -> str:
    with pool.lease(Environment(("Init",))) as worker:
        return f"{worker.greeting['lean']} ({worker.greeting['githash']})"
