"""`flywheel corpus merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.corpus.import_ import Trust, TrustOption
from prover.cli.output import Ticker, console, emit_json


def merge(
    other: Annotated[str, typer.Argument(help="The other corpus: an SQLite file, a home folder or a database URL.")],
    trust: TrustOption = Trust.NONE,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Takes another corpus into this one, with its runs and attempts; the other is only read.

    What both have is there once, so that merging again takes what is new. Trained models stay where they are.
    Example: flywheel corpus merge ../other-machine/flywheel-home
    """
    from corpus.merge import merge as take
    from corpus.store import Corpus

    address = str(Path(other) / "corpus.db") if "://" not in other and Path(other).is_dir() else other
    with (
        Corpus.open(address, create=False) as source,
        Place.of(home, db).corpus(create=True) as corpus,
        Ticker("merging") as tick,
    ):

        def report(done: int, total: int) -> None:
            tick(f"{done} of {total} proofs", done, total)

        if trust is Trust.NONE:
            from prover.exchange import merge_checked
            from prover.lean import Lean

            with Lean(workers=1) as lean:
                done = merge_checked(corpus, source, lean, report)
        else:
            done = take(corpus, source, report=report)
    if json:
        emit_json(done)
        return
    console.print(
        f"new: {done.proofs} proofs, {done.attempts} attempts in {done.rounds} rounds of {done.runs} runs, "
        f"{done.benchmarks} benchmarks, {done.traces} traces of people's steps, {done.snapshots} snapshots"
    )
    if done.withheld or done.not_frozen or done.retracted:
        console.print(
            f"{done.withheld} proofs withheld by the leakage guard here, {done.retracted} retracted as there, "
            f"{done.not_frozen} snapshots not taken over, since their proofs are not all here"
        )
