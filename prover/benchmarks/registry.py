"""Benchmarks by name.

A new one is a class with the methods of `Benchmark` (contract.py) and a line in BENCHMARKS.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from corpus.private import PRIVATE
from lean_env.benchmark.external import PREFIX
from lean_env.benchmark.lean_core.benchmark import LEAN_STD, Splitting
from lean_env.benchmark.lean_core.manifest import EnvironmentPolicy
from prover.benchmarks.contract import Benchmark, Report, UnknownBenchmark
from prover.benchmarks.external import ExternalBenchmark
from prover.benchmarks.lean_core import CoreBenchmark
from prover.benchmarks.lean_logic import LogicBenchmark, low_benchmark, rungs_benchmark
from prover.benchmarks.lean_magma import MagmaBenchmark
from prover.benchmarks.variants import REPERTOIRES, Variants

if TYPE_CHECKING:
    from corpus.records import BenchmarkRecord
    from corpus.store import Corpus
    from prover.lean import Lean

_OURS: tuple[Benchmark, ...] = (
    CoreBenchmark(
        "lean-core", EnvironmentPolicy.STRICT, "theorems of Lean's own library, each over what its module imports"
    ),
    CoreBenchmark("lean-core-auto", EnvironmentPolicy.AUTO, "the same, with omega and grind where possible"),
    CoreBenchmark(
        "lean-core-random",
        EnvironmentPolicy.STRICT,
        "lean-core split at random by statement class, not by families",
        splitting=Splitting.RANDOM,
    ),
    CoreBenchmark(
        "lean-std", EnvironmentPolicy.STRICT, "theorems of Std, as lean-core; its maps and sets are train", LEAN_STD
    ),
    CoreBenchmark(
        "lean-std-random",
        EnvironmentPolicy.STRICT,
        "lean-std split at random by statement class",
        LEAN_STD,
        Splitting.RANDOM,
    ),
    LogicBenchmark(),
    rungs_benchmark(),
    low_benchmark(),
    MagmaBenchmark(),
)

#: What `--bench` understands beside `external/NAME` and a path.
BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _OURS}


def benchmark_of(name: str) -> Benchmark:
    """The benchmark of this name. Every `external/NAME` may be one: `register` finds out. Raises UnknownBenchmark."""
    if name.startswith(PREFIX):
        return ExternalBenchmark(name)
    if name.removeprefix(PRIVATE) in REPERTOIRES and name.startswith(PRIVATE):
        return Variants(name)
    try:
        return BENCHMARKS[name]
    except KeyError:
        near = get_close_matches(name, BENCHMARKS, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(BENCHMARKS)};"
        raise UnknownBenchmark(f"no benchmark {name!r}; {meant} `flywheel bench load PATH` adds others") from None


def register(corpus: Corpus, name: str, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
    """Stores the benchmark of this name (again is harmless). Raises UnknownBenchmark, ManifestError, StatementRefused,
    and Conflict when the same revision is stored with other theorems."""
    return benchmark_of(name).register(corpus, lean, report)
