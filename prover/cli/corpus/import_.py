"""`flywheel corpus import`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json


class Trust(StrEnum):
    """What of somebody's proofs is believed."""

    NONE = "none"
    CERTIFICATES = "certificates"


TrustOption = Annotated[
    Trust,
    typer.Option(
        help="none: every proof is replayed and passes the gate again here. certificates: those that it brings are "
        "believed, for files that nobody but you has touched."
    ),
]


def import_(
    file: Annotated[Path, typer.Argument(help="A zip file that `flywheel corpus archive` wrote.")],
    trust: TrustOption = Trust.NONE,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Takes the proofs, human steps and benchmarks of an archive into the corpus: all of them or, if one is not what
    the archive says, none.

    The archive's snapshot keeps its hash here, so that it can be trained on by it. An interrupted import has changed
    nothing and starts from the beginning. Example: flywheel corpus import proofs.zip
    """
    from corpus.archive import open_archive
    from corpus.exchange import import_archive

    with open_archive(file):
        pass  # before a corpus is made for it
    with Place.of(home, db).corpus(create=True) as corpus, Ticker("importing") as tick:

        def report(done: int, total: int) -> None:
            tick(f"{done} of {total} proofs", done, total)

        if trust is Trust.NONE:
            from prover.exchange import import_checked
            from prover.lean import Lean

            with Lean(workers=1) as lean:
                done = import_checked(corpus, file, lean, report)
        else:
            done = import_archive(corpus, file, report=report)
    if json:
        emit_json(done)
        return
    checked = "certified here" if trust is Trust.NONE else "taken with their certificates"
    console.print(
        f"{done.new} proofs {checked}, {done.known} known before, {done.withheld} withheld by the leakage guard; "
        f"{done.traces} traces of people's steps"
    )
    console.print(f"snapshot {done.snapshot}" if done.frozen else f"no snapshot of the same hash: {done.reason}")
