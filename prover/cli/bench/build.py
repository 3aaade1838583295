"""`flywheel bench build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.bench.counts import print_counts
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json

BenchmarkArgument = Annotated[str, typer.Argument(help="lean-core or lean-core-auto.")]


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

    Example: flywheel bench build lean-core --out lean_core.jsonl.gz
    """
    from lean_env.benchmark.lean_core.benchmark import build_lean_core, load_lean_core
    from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1_LIMITS
    from prover.benchmarks.registry import environment_policy_of, register_manifest
    from prover.lean import Lean

    environment_policy_of(benchmark)
    with Lean(workers, PORTFOLIO_1_LIMITS) as lean, Ticker(f"build {benchmark}") as tick:
        manifest = build_lean_core(
            lean.installation, lean.searchers, lambda done, total: tick(f"{done} of {total} theorems", done, total)
        )
    same = manifest == load_lean_core()
    if out is not None:
        manifest.write(out)
    with Place.of(home, db).corpus(create=True) as corpus:
        record = register_manifest(corpus, benchmark, manifest)
    if json:
        emit_json({"equals_shipped": same, "counts": manifest.counts(), "header": manifest.header, "stored": record})
        return
    print_counts(manifest.counts())
    console.print(f"{'equal to' if same else 'DIFFERENT FROM'} the manifest that ships with this version")
