"""`flywheel bench list`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli import external
from prover.cli.bench.sheet import print_sheet
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json


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
    """The benchmarks; or what one has, and the first of its theorems in a stable order.

    Examples: flywheel bench list
              flywheel bench list lean-core --split valid --stratum hard --limit 5
              flywheel bench list external/minif2f
    """
    from prover.benchmarks.registry import benchmark_of

    place = Place.of(home, db)
    if benchmark is None:
        _list_benchmarks(place, json)
        return
    chosen = benchmark_of(benchmark)
    theorems = chosen.theorems(place.corpus, split, stratum)[:limit]
    if json:
        emit_json(theorems)
        return
    if split is None and stratum is None:
        print_sheet(chosen.overview(place.corpus))
    for theorem in theorems:
        console.print(f"{theorem.name}  [{theorem.split}, {theorem.stratum}]\n    {theorem.statement}", markup=False)


def _list_benchmarks(place: Place, json: bool) -> None:
    from prover.benchmarks.registry import BENCHMARKS

    found = {name: benchmark.about for name, benchmark in BENCHMARKS.items()}
    for record in external.stored(place):
        unusable = len(record.meta["unusable"])
        found[record.key] = f"{record.theorems} theorems, {unusable} unusable; from {record.meta['source']}"
    if json:
        emit_json(found)
        return
    for name, about in found.items():
        console.print(f"{name:16} {about}", markup=False, soft_wrap=True)
    console.print("`flywheel bench list NAME` shows what one has; `flywheel bench load PATH` adds somebody else's")
