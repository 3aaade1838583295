"""`flywheel corpus explore`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, Place
from prover.cli.output import Ticker, UserError, console


def explore(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8001,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
) -> None:
    """Datasette on a copy of the corpus, with questions to start from: filters, facets, SQL, JSON and CSV of any table.

    Only this machine reaches it. A PostgreSQL corpus is copied into SQLite first. Needs the extra `explore`.

    Example: flywheel corpus explore --port 9001
    """
    try:
        from corpus.explore.server import explore as serve
    except ImportError as error:
        raise UserError(
            f"The explorer needs more packages ({error.name}): pip install 'lean-flywheel[explore]'"
        ) from error

    with Place.of(home, db).corpus() as corpus, Ticker("copying") as tick:
        serve(
            corpus,
            port,
            report=lambda rows: tick(f"{rows} rows", rows),
            ready=lambda address: console.print(
                f"explorer at {address}corpus (a copy made now, read-only; Ctrl-C ends)", markup=False
            ),
        )
