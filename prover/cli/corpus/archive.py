"""`flywheel corpus archive`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json


def archive(
    snapshot: Annotated[str, typer.Argument(help="The snapshot's hash, or the beginning of it.")],
    file: Annotated[Path, typer.Argument(help="The zip file to write; one that is there is replaced.")],
    terms: Annotated[
        bool, typer.Option(help="With the closed proof terms, for which every proof is replayed once.")
    ] = True,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Writes a whole snapshot into one file that another machine can check and train on.

    The same corpus gives the same bytes. Example: flywheel corpus archive HASH proofs.zip
    """
    from corpus.exchange import archive as write

    with Place.of(home, db).corpus() as corpus, Ticker("archiving") as tick:

        def report(done: int, total: int) -> None:
            tick(f"{done} of {total} proofs", done, total)

        if terms:
            from prover.exchange import archive_with_terms
            from prover.lean import Lean

            with Lean(workers=1) as lean:
                proofs = archive_with_terms(corpus, snapshot, file, lean, report)
        else:
            proofs = write(corpus, snapshot, file, report=report)
    size = file.stat().st_size
    if json:
        emit_json({"file": file, "snapshot": snapshot, "proofs": proofs, "terms": terms, "bytes": size})
    else:
        console.print(
            f"{file}: {proofs} proofs {'with' if terms else 'without'} terms, {size / 1e6:.1f} MB", markup=False
        )
