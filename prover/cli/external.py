"""`--bench`: what it names, from a path into the corpus where it is somebody else's benchmark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.cli.context import Place
from prover.cli.output import Ticker, UserError, errors

if TYPE_CHECKING:
    from corpus.records import BenchmarkRecord
    from lean_env.benchmark.external import External, Format


def resolve(bench: str | None, place: Place, workers: int | None) -> dict[str, Any]:
    """The settings that `--bench` stands for. A path is loaded first, unless the same files are in the corpus."""
    from lean_env.benchmark.external import PREFIX, Format, default_name
    from lean_env.benchmark.external.reading import read_benchmark
    from prover.benchmarks.external import find_external, register_external
    from prover.benchmarks.registry import BENCHMARKS, benchmark_of

    if bench is None or bench in BENCHMARKS:
        return {"benchmark": bench}
    if not bench.startswith(PREFIX):
        path = Path(bench)
        if not path.exists():
            benchmark_of(bench)  # raises UnknownBenchmark, before the seconds that torch takes
        key = PREFIX + default_name(path)
        with place.corpus(create=True) as corpus, path_errors():
            record = find_external(corpus, key, read_benchmark(path).digest)
            if record is None:
                record = register_external(corpus, loaded(path, Format.AUTO, workers))
        left_out = len(record.meta["unusable"])
        errors.print(
            f"{record.key}: {record.theorems} theorems usable, {left_out} not; `flywheel bench load {bench}` says why",
            markup=False,
            soft_wrap=True,
        )
        bench = record.key
    return {"benchmark": bench, "evaluation__strata": ("all",)}


def stored(place: Place) -> list[BenchmarkRecord]:
    """The benchmarks that were loaded into this corpus; [] without a corpus."""
    from corpus.errors import CorpusError
    from lean_env.benchmark.external import PREFIX

    try:
        with place.corpus() as corpus:
            return [record for record in corpus.benchmarks() if record.name.startswith(PREFIX)]
    except CorpusError:
        return []


def loaded(path: Path, format: Format, workers: int | None, **options: Any) -> External:
    """The benchmark at `path`, every statement elaborated. Raises what `path_errors` catches."""
    from lean_env.benchmark.external import load_external
    from prover.lean import Lean

    with Lean(workers or os.cpu_count() or 1) as lean, Ticker(f"load {path}") as tick:
        return load_external(
            path,
            lean.staters,
            lean.library,
            format=format,
            under_header=lean.state_under_header,
            report=lambda done, total: tick(f"{done} of {total} theorems", done, total),
            **options,
        )


@contextmanager
def path_errors() -> Iterator[None]:
    """What is wrong with a path or an option as one line."""
    from lean_env.benchmark.external import UnknownField, Unreadable

    try:
        yield
    except (Unreadable, UnknownField, OSError) as error:
        raise UserError(str(error)) from error
