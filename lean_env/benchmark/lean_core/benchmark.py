"""The benchmarks `lean-core` and `lean-std`: theorems of the library, each to be proved from what its module imports.

    flywheel bench build lean-core          (python: `build_manifest(LEAN_CORE, ...)`)

The manifests are shipped with the package (`load_manifest`). Building one again gives the same on every machine: files
decide what is in it, stable hashes decide the splits, heartbeats decide the strata. lean-core takes about nine minutes
of processor time. An interrupted build goes on where it stopped, module by module.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path

from lean_env import paths
from lean_env.benchmark.lean_core.by_class import letters_by_class, packed, split_by_class
from lean_env.benchmark.lean_core.families import families, splits, surplus
from lean_env.benchmark.lean_core.manifest import Entry, Manifest, ModuleEntry, Stratum
from lean_env.benchmark.lean_core.measure import MeasuredModule, Measurement, Task
from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1, PORTFOLIO_1_LIMITS
from lean_env.benchmark.lean_core.selection import Candidate, Selection, auto_environment, select
from lean_env.benchmark.splits import SPLITS, TEST, TRAIN, VALID
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.library.index import INIT, STD, Library, LibraryUnavailable
from lean_env.theorem import Environment


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the library whose theorems are a benchmark."""

    name: str
    #: Its modules are those that importing this loads, Init's excepted where it is not Init itself.
    root: str
    #: Grows when a rule of this benchmark changes; results of different revisions are not comparable.
    revision: int = 1
    #: Theorems of one name say the same about another type: modules are one family by names, too.
    joined_by_names: bool = False

    @property
    def file(self) -> str:
        """The name of the data file with its manifest."""
        return f"{self.name.replace('-', '_')}.jsonl.gz"

    @property
    def file_by_class(self) -> str:
        """The name of the data file with its split *random*."""
        return f"{self.name.replace('-', '_')}_random.json.gz"


class Splitting(StrEnum):
    """How theorems are held out. Two ways are two benchmarks: their results are never put together."""

    #: By families of modules: nothing like a held-out theorem is trained on.
    NOVEL = "novel"
    #: By statement class: a held-out theorem's neighbours are trained on, its copies are not (by_class.py).
    RANDOM = "random"


LEAN_CORE = Part("lean-core", INIT)
#: `HashMap.size_insert_le` and `TreeMap.size_insert_le` are copies that no class sees: other lemmas prove them, in the
#: same way. By classes alone a third of the maps' 13,700 theorems would be held out from the others.
LEAN_STD = Part("lean-std", STD, joined_by_names=True)
PARTS = (LEAN_CORE, LEAN_STD)

#: Further reasons for which a candidate is left out; the first ones are in `lean_env.benchmark.lean_core.selection`.
NO_TACTICS = "no tactic block works in its environment"
REFUSED = "Lean cannot open it in its environment"
CLASS_IN_IMPORTS = "valid or test: a statement of its class is visible in its environment"
CLASS_IN_TRAIN = "valid or test: a statement of its class is in train"
CLASS_IN_TEST = "valid: a statement of its class is in test"
SURPLUS = "test: more than a tenth of the split from one module"


@cache
def load_manifest(part: Part, splitting: Splitting = Splitting.NOVEL) -> Manifest:
    """The manifest shipped with this package, its theorems split in that way. Raises ManifestError."""
    if splitting is Splitting.RANDOM:
        return split_by_class(load_manifest(part), shipped(part.file_by_class))
    return Manifest.read(shipped(part.file))


def load_lean_core() -> Manifest:
    """lean-core's manifest. Raises ManifestError."""
    return load_manifest(LEAN_CORE)


def shipped(file: str) -> bytes:
    """A data file of this package."""
    return resources.files("lean_env.benchmark.lean_core").joinpath("data", file).read_bytes()


def build_manifest(
    part: Part,
    installation: Installation,
    pool: WorkerPool,
    report: Callable[[int, int], None] | None = None,
    sample: Collection[str] | None = None,
) -> Manifest:
    """Builds the manifest. `pool` holds elaborating workers of `installation`, all of which are used.

    `report(done, total)` counts theorems. With `sample`, only the theorems of these modules are measured and kept,
    with the same splits and strata as in the whole manifest; no module's share of test is capped then.
    Raises LibraryUnavailable where the part is not installed, WorkerDied, NoWorker, OleanError.
    """
    with Library.open(installation) as library:
        require(part, library)
        selection = select(library, part.root)
        by_module = defaultdict(list)
        for candidate in selection.candidates:
            if sample is None or candidate.module in sample:
                by_module[candidate.module].append(candidate.name)
        tasks = [
            Task(module, tuple(names), library.strict_environment(module), auto_environment(library, module))
            for module, names in by_module.items()
        ]
        measured = _measure(pool, tasks, _work_folder(part, library), report)
        return _assemble(part, library, selection, tasks, measured, lean=_lean_version(pool), cap=sample is None)


def build_by_class(part: Part, installation: Installation, report: Callable[[int, int], None] | None = None) -> bytes:
    """The data file of the shipped manifest's split *random*; no Lean is run. Raises LibraryUnavailable, OleanError."""
    manifest = load_manifest(part)
    with Library.open(installation) as library:
        require(part, library)
        selection = select(library, part.root, report)
    seen = {candidate.name for candidate in selection.candidates if candidate.class_in_imports}
    return packed(manifest, letters_by_class(manifest, seen))


def require(part: Part, library: Library) -> None:
    """Raises LibraryUnavailable where the library was installed without that part."""
    if part.root not in library.modules:
        raise LibraryUnavailable(f"{part.name} needs {part.root}, which is not installed: `flywheel setup --with-std`")


def digest_of(part: Part, library: Library) -> str:
    """Identifies all that the part's theorems may see, and themselves."""
    return library.environment_digest(Environment(tuple(dict.fromkeys((INIT, part.root)))))


def _work_folder(part: Part, library: Library) -> Path:
    """Where measurements are kept: by all that they depend on."""
    key = json.dumps([part.revision, digest_of(part, library), PORTFOLIO_1, PORTFOLIO_1_LIMITS.heartbeats])
    return paths.benchmark_work() / f"{part.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _measure(
    pool: WorkerPool, tasks: list[Task], folder: Path, report: Callable[[int, int], None] | None
) -> dict[str, MeasuredModule]:
    sizes = {task.module: len(task.names) for task in tasks}
    done = 0
    measured: dict[str, MeasuredModule] = {}
    with ThreadPoolExecutor(pool.size, thread_name_prefix="measure") as executor:
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
    part: Part,
    library: Library,
    selection: Selection,
    tasks: list[Task],
    measured: dict[str, MeasuredModule],
    lean: str,
    cap: bool,
) -> Manifest:
    left_out = Counter(selection.left_out)
    family_of = families(selection.classes, *([_short_names(selection)] if part.joined_by_names else []))
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
        "name": part.name,
        "revision": part.revision,
        "lean": lean,
        "library_digest": digest_of(part, library),
        "portfolio_1": {"tactics": list(PORTFOLIO_1), "heartbeats": PORTFOLIO_1_LIMITS.heartbeats},
        "named": selection.named,
        "kept": len(entries),
        "left_out": dict(sorted(left_out.items())),
        "wall_limits": sum(t.wall_limits for module in measured.values() for t in module.theorems.values()),
    }
    return Manifest(header, modules, entries)


def _short_names(selection: Selection) -> dict[str, set[str]]:
    """The names of each module's theorems without their namespaces."""
    names: dict[str, set[str]] = defaultdict(set)
    for candidate in selection.candidates:
        names[candidate.module].add(candidate.name.rpartition(".")[2])
    return names


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
