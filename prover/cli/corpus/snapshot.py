"""`flywheel corpus snapshot`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json


def snapshot(
    run: Annotated[str | None, typer.Option(help="Only proofs found by this run.")] = None,
    check: Annotated[str | None, typer.Option("--verify", help="Check every hash of this snapshot instead.")] = None,
    all_: Annotated[bool, typer.Option("--list", help="List the snapshots instead.")] = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Freezes the accepted train proofs under a content hash, for `flywheel train --snapshot HASH`.

    Example: flywheel corpus snapshot; flywheel corpus snapshot --verify HASH
    """
    from corpus.snapshot import SnapshotFilter, snapshots, take_snapshot, verify

    with Place.of(home, db).corpus() as corpus:
        if check is not None:
            count = verify(corpus, check)
            if json:
                emit_json({"snapshot": check, "verified_proofs": count})
            else:
                console.print(f"{count} proofs, every hash holds")
            return
        found = snapshots(corpus) if all_ else [take_snapshot(corpus, SnapshotFilter(run=run))]
    if json:
        emit_json(found if all_ else found[0])
        return
    for one in found:
        human = f", {one.human} traces of people's steps" if one.human else ""
        console.print(f"{one.hash}  {one.proofs} proofs of {one.theorems} theorems{human}")
