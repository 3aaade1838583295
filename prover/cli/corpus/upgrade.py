"""`flywheel corpus upgrade`."""

from __future__ import annotations

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, Place
from prover.cli.output import DONE, console


def upgrade(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None) -> None:
    """Brings the database's schema up to date with this version of the program; nothing stored is changed."""
    Place.of(home, db).corpus(upgrade=True).close()
    console.print("the schema is up to date")
    raise typer.Exit(DONE)
