"""`flywheel corpus backup` and `flywheel corpus restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json


def backup(
    file: Annotated[Path, typer.Argument(help="The SQLite file to write; it must not be there.")],
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Copies the whole corpus, as it is at one moment, into one file; runs may go on meanwhile.

    Trained models are not in it. Example: flywheel corpus backup monday.db
    """
    from corpus.backup import backup as write

    with Place.of(home, db).corpus() as corpus, Ticker("backing up") as tick:
        size = write(corpus, file, lambda rows: tick(f"{rows} rows", rows))
    if json:
        emit_json({"file": file, "bytes": size})
    else:
        console.print(f"{file}: {size / 1e6:.1f} MB", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `flywheel corpus backup` wrote.")],
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
) -> None:
    """Makes a corpus from a backup, on SQLite or PostgreSQL, where there is none yet: none is ever overwritten.

    Example: flywheel corpus restore monday.db --home recovered
    """
    from corpus.backup import restore as read

    place = Place.of(home, db)
    with Ticker("restoring") as tick:
        read(file, place.database, lambda rows: tick(f"{rows} rows", rows))
    console.print("restored")
