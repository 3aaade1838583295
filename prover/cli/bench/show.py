"""`flywheel bench show`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.bench.sheet import print_sheet
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import UserError, emit_json


def show(
    theorem: Annotated[str, typer.Argument(help="A theorem's full name.")],
    benchmark: Annotated[str, typer.Option("--bench")] = "lean-core",
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One theorem: statement, environment, which automation runs there, hashes.

    Example: flywheel bench show List.map_append
    """
    from prover.benchmarks.registry import benchmark_of

    try:
        sheet = benchmark_of(benchmark).show(Place.of(home, db).corpus, theorem)
    except KeyError:
        raise UserError(
            f"{benchmark} has no theorem {theorem!r}; `flywheel bench list {benchmark}` shows some"
        ) from None
    if json:
        emit_json(sheet.data)
        return
    print_sheet(sheet)
