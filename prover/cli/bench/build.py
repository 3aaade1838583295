"""`flywheel bench build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.bench.sheet import print_sheet
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json

BenchmarkArgument = Annotated[str, typer.Argument(help="lean-core, lean-std, or one of their variants.")]


def build(
    benchmark: BenchmarkArgument = "lean-core",
    out: Annotated[Path | None, typer.Option(help="Write the manifest here; by default it is only compared.")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Measures every theorem anew (some ten minutes on two cores; a second call goes on where the first was stopped),
    says whether the result equals the manifest that ships with the program, and puts it into the corpus.
    The split of NAME-random is made anew from the shipped manifest, without measuring.

    Examples: flywheel bench build lean-core --out lean_core.jsonl.gz
              flywheel bench build lean-std-random
    """
    from lean_env.benchmark.lean_core.benchmark import Splitting, build_by_class, build_manifest, load_manifest
    from lean_env.benchmark.lean_core.by_class import split_by_class
    from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1_LIMITS
    from prover.benchmarks.contract import Sheet, counts_table
    from prover.benchmarks.lean_core import CoreBenchmark
    from prover.benchmarks.registry import benchmark_of
    from prover.lean import Lean

    core = benchmark_of(benchmark)
    if not isinstance(core, CoreBenchmark):
        raise UserError(f"{benchmark} has no manifest to build; lean-core and lean-std have")
    with Lean(workers, PORTFOLIO_1_LIMITS) as lean, Ticker(f"build {benchmark}") as tick:
        if core.splitting is Splitting.RANDOM:
            data = build_by_class(
                core.part, lean.installation, lambda done, of: tick(f"{done} of {of} modules", done, of)
            )
            manifest = split_by_class(load_manifest(core.part), data)
        else:
            manifest = build_manifest(
                core.part,
                lean.installation,
                lean.searchers,
                lambda done, of: tick(f"{done} of {of} theorems", done, of),
            )
    same = manifest == core.manifest()
    if out is not None and core.splitting is Splitting.RANDOM:
        out.write_bytes(data)
    elif out is not None:
        manifest.write(out)
    with Place.of(home, db).corpus(create=True) as corpus:
        record = core.store(corpus, manifest)
    if json:
        emit_json({"equals_shipped": same, "counts": manifest.counts(), "header": manifest.header, "stored": record})
        return
    columns, rows = counts_table(manifest.counts())
    print_sheet(Sheet(record.key, rows, columns))
    console.print(f"{'equal to' if same else 'DIFFERENT FROM'} the manifest that ships with this version")
