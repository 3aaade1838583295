"""A benchmark's way into the corpus: its theorems as rows, its held-out statements as the leakage guard.

What the loop has to know of a benchmark is here too: what a policy may do, which strata rounds and evaluations use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from corpus.guard import classes_of
from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external import PREFIX, STRATUM, Classes
from lean_env.benchmark.external.text_class import class_of_statement
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.benchmark.lean_core.manifest import EnvironmentPolicy, Manifest
from lean_env.benchmark.lean_logic import LeanLogic, load_lean_logic
from lean_env.benchmark.lean_logic.benchmark import DISPROOF
from lean_env.benchmark.splits import TRAIN
from lean_env.session.stating import state_text
from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.benchmarks.external import find_external
from prover.lean import Lean
from prover.rounds.round import record_of


@dataclass(frozen=True, slots=True)
class Benchmark:
    """repertoire: what trained policies and the grammar may do. train_stratum: what rounds search. false_stratum: train
    rows that are no theorems, the canaries of each round. disproof_stratum: theorems that say so of some of them. ''
    for none."""

    name: str
    repertoire: Repertoire
    train_stratum: str
    false_stratum: str = ""
    disproof_stratum: str = ""
    #: lean-core's two ways to give a theorem its environment.
    environments: EnvironmentPolicy | None = None


NON_THEOREM = "non-theorem"

#: Canaries of lean-core. A round draws its own from them.
NEGATIONS = 400
#: A printed universe variable. Such a statement does not elaborate as text, which has no universe variables.
_UNIVERSE = re.compile(r"\b(Type|Sort) \(?[a-z]|\.\{")

#: What `--bench` understands.
BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("lean-core", LIBRARY, "hard", NON_THEOREM, environments=EnvironmentPolicy.STRICT),
        Benchmark("lean-core-auto", LIBRARY, "hard", NON_THEOREM, environments=EnvironmentPolicy.AUTO),
        Benchmark("lean-logic", ELEMENTARY, "same-size", NON_THEOREM, DISPROOF),
    )
}


class UnknownBenchmark(ValueError):
    """No benchmark of this name; the message lists those there are."""


def benchmark_of(name: str) -> Benchmark:
    """The benchmark of this name; every `external/NAME` may be one (`register` knows). Raises UnknownBenchmark."""
    if name.startswith(PREFIX):
        return Benchmark(name, LIBRARY, STRATUM)
    try:
        return BENCHMARKS[name]
    except KeyError:
        raise UnknownBenchmark(
            f"no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}, and `flywheel bench load PATH` adds others"
        ) from None


def environment_policy_of(name: str) -> EnvironmentPolicy:
    """The environment policy of one of lean-core's names. Raises UnknownBenchmark."""
    environments = benchmark_of(name).environments
    if environments is None:
        raise UnknownBenchmark(f"{name} has no manifest; lean-core and lean-core-auto have")
    return environments


def register(
    corpus: Corpus, name: str, lean: Lean, report: Callable[[int, int], None] | None = None
) -> BenchmarkRecord:
    """Stores the benchmark (again is harmless) and guards its valid and test statements, all strata of them.

    `report` is told how many statements of how many Lean has read, where it has to. Raises UnknownBenchmark,
    ManifestError, StatementRefused, and Conflict when the same revision is stored with other theorems.
    """
    if name.startswith(PREFIX):
        if (record := find_external(corpus, name)) is None:
            raise UnknownBenchmark(f"this corpus has no benchmark {name!r}; `flywheel bench load PATH` adds one")
        return record
    if benchmark_of(name).environments is None:
        return register_logic(corpus, load_lean_logic(), lean, report)
    return register_manifest(corpus, name, load_lean_core())


def register_manifest(corpus: Corpus, name: str, manifest: Manifest) -> BenchmarkRecord:
    """Stores lean-core (strict or auto) as `manifest` has it."""
    corpus.set_guard(manifest.guard())
    records = [
        record_of(theorem, manifest.modules[theorem.module or ""].family)
        for theorem in manifest.theorems(policy=environment_policy_of(name))
    ]
    records += negations(manifest, name)
    revision = hashlib.sha256(repr([sorted(asdict(record).items()) for record in records]).encode()).hexdigest()[:16]
    classes = {entry.name: entry.statement_class for entry in manifest.entries}
    return corpus.add_benchmark(name, revision, str(manifest.header["library_digest"]), records, classes=classes)


def negations(manifest: Manifest, name: str) -> list[TheoremRecord]:
    """NEGATIONS false statements: each denies a theorem of the train split, in that theorem's environment, where
    nothing but an inconsistency could prove it. Drawn by hash from what Lean reads back as printed."""
    readable = {entry.name for entry in manifest.entries if entry.round_trips}
    denied = sorted(
        (
            theorem
            for theorem in manifest.theorems(split="train", policy=environment_policy_of(name))
            if theorem.name in readable and not _UNIVERSE.search(theorem.statement)
        ),
        key=lambda theorem: hashlib.sha256(f"negation\0{theorem.name}".encode()).digest(),
    )
    return [
        record_of(
            replace(
                theorem,
                name=f"not.{theorem.name}",
                statement=f"¬ ({theorem.statement})",
                module=None,
                expression_hash="",
                stratum=NON_THEOREM,
            ),
            manifest.modules[theorem.module or ""].family,
        )
        for theorem in denied[:NEGATIONS]
    ]


def register_logic(
    corpus: Corpus, logic: LeanLogic, lean: Lean, report: Callable[[int, int], None] | None = None
) -> BenchmarkRecord:
    """Stores lean-logic; Lean elaborates every statement the first time, for its canonical hash."""
    for known in corpus.benchmarks():
        same = (known.name, known.revision, known.library_digest) == ("lean-logic", logic.revision, lean.library.digest)
        if same and classes_of(corpus.engine, known.key):
            return known
    theorems = [*logic.theorems(), *logic.disproofs()]
    records: list[TheoremRecord] = []
    classify, classes = Classes(lean.library), {}
    with ThreadPoolExecutor(lean.workers) as executor:
        for theorem, stated in zip(
            theorems, executor.map(lambda one: state_text(lean.staters, one).read(), theorems), strict=True
        ):
            classes[theorem.name] = classify.of(stated.type)
            problem = logic.problem(theorem.name.removeprefix("not."))
            details = {
                "size": problem.size,
                "depth": problem.depth,
                "logic": str(problem.logic or ""),
                "class": problem.canonical,
                "counterexample": problem.counterexample,
            }
            records.append(
                record_of(replace(theorem, expression_hash=stated.expression_hash), str(problem.family), details)
            )
            if report is not None:
                report(len(records), len(theorems))
    meta = {
        "config": logic.config.model_dump(mode="json"),
        "distribution": [asdict(row) for row in logic.distribution()],
    }
    corpus.set_guard(class_of_statement(record.statement) for record in records if record.split != TRAIN)
    return corpus.add_benchmark("lean-logic", logic.revision, lean.library.digest, records, meta, classes)
