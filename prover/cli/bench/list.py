"""`flywheel bench list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from prover.cli import external
from prover.cli.bench.counts import print_counts
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.external import EXTERNAL, LOGIC
from prover.cli.output import console, emit_json

if TYPE_CHECKING:
    from corpus.records import TheoremRecord
    from lean_env.benchmark.lean_logic.benchmark import Row
    from lean_env.theorem import Theorem


def list_(
    benchmark: Annotated[str | None, typer.Argument(help="A benchmark: its theorems; none: all benchmarks.")] = None,
    split: Annotated[str | None, typer.Option(help="train, valid or test.")] = None,
    stratum: Annotated[
        str | None, typer.Option(help="easy, hard or opaque; of lean-logic same-size, beyond or non-theorem.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 30,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Benchmarks with their sizes, or a benchmark's theorems in a stable random order.

    Examples: flywheel bench list lean-core --split valid --stratum hard --limit 5
              flywheel bench list lean-logic
              flywheel bench list external/minif2f
    """
    from lean_env.benchmark.lean_core.benchmark import load_lean_core
    from lean_env.benchmark.lean_logic import load_lean_logic
    from prover.benchmarks.registry import BENCHMARKS, environment_policy_of

    if benchmark is not None and benchmark.startswith(EXTERNAL):
        stored = external.theorems_of(benchmark, Place.of(home, db))
        chosen = [one for one in stored if split in (None, one.split) and stratum in (None, one.stratum)]
        _print_theorems(chosen[:limit], json)
        return
    if benchmark == LOGIC:
        logic = load_lean_logic()
        if split or stratum or json:
            _print_theorems(logic.theorems(split, stratum)[:limit], json)
        else:
            console.print(f"{LOGIC}@{logic.revision}: statements by split, stratum, family, logic and size")
            _print_distribution(logic.distribution())
        return
    manifest = load_lean_core()
    if benchmark is None:
        cores = {name: manifest.counts() for name, kind in BENCHMARKS.items() if kind.environments}
        if json:
            emit_json(cores)
            return
        console.print(f"{', '.join(cores)}: theorems by split and stratum")
        print_counts(manifest.counts())
        for reason, count in manifest.header["left_out"].items():
            console.print(f"  left out, {reason}: {count}")
        for record in external.stored(Place.of(home, db)):
            unusable = len(record.meta["unusable"])
            console.print(
                f"{record.key}: {record.theorems} theorems, {unusable} unusable; from {record.meta['source']}"
            )
        console.print(f"{LOGIC} is generated; `flywheel bench list {LOGIC}` does it and shows its distribution")
        return
    _print_theorems(manifest.subset(limit, split, stratum, environment_policy_of(benchmark)), json)


def _print_theorems(theorems: Sequence[Theorem | TheoremRecord], json: bool) -> None:
    if json:
        emit_json(theorems)
        return
    for theorem in theorems:
        console.print(f"{theorem.name}  [{theorem.split}, {theorem.stratum}]\n    {theorem.statement}", markup=False)


def _print_distribution(rows: Sequence[Row]) -> None:
    """Depths together, sizes across."""
    sizes = sorted({row.sizes for row in rows}, key=lambda text: int(text.split("-")[0]))
    table = Table("split", "stratum", "family", "logic", *sizes, "all")
    groups = dict.fromkeys((row.split, row.stratum, row.family, row.logic) for row in rows)
    for group in groups:
        own = [row for row in rows if (row.split, row.stratum, row.family, row.logic) == group]
        counts = [sum(row.count for row in own if row.sizes == size) for size in sizes]
        cells = (str(count or "") for count in counts)
        table.add_row(*(str(value or "") for value in group), *cells, str(sum(counts)))
    console.print(table)
