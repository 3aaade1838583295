"""A benchmark's way into the corpus: its theorems as rows, its held-out statements as the leakage guard."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.lean_core import load_lean_core
from lean_env.benchmark.manifest import Manifest, Policy

#: Names that `--bench` understands, with the environment policy each stands for.
BENCHMARKS = {"lean-core": Policy.STRICT, "lean-core-auto": Policy.AUTO}


class UnknownBenchmark(ValueError):
    """No benchmark of this name; the message lists those there are."""


def policy_of(benchmark: str) -> Policy:
    """The environment policy of a benchmark's name. Raises UnknownBenchmark."""
    try:
        return BENCHMARKS[benchmark]
    except KeyError:
        raise UnknownBenchmark(f"no benchmark {benchmark!r}; there are: {', '.join(BENCHMARKS)}") from None


def register(corpus: Corpus, benchmark: str, manifest: Manifest | None = None) -> BenchmarkRecord:
    """Stores the benchmark (again is harmless) and guards its valid and test statements, all strata of them.

    Raises UnknownBenchmark, ManifestError, and Conflict when the same revision is stored with other theorems.
    """
    policy = policy_of(benchmark)
    manifest = manifest or load_lean_core()
    corpus.set_guard(manifest.guard())
    records = [
        TheoremRecord(
            name=theorem.name,
            statement=theorem.statement,
            statement_hash=theorem.expression_hash,
            environment=theorem.environment.key,
            module=theorem.module,
            split=theorem.split,
            stratum=theorem.stratum,
            family=manifest.modules[theorem.module or ""].family,
        )
        for theorem in manifest.theorems(policy=policy)
    ]
    revision = hashlib.sha256(repr([sorted(asdict(record).items()) for record in records]).encode()).hexdigest()[:16]
    return corpus.add_benchmark(benchmark, revision, str(manifest.header["library_digest"]), records)
