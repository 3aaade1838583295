"""`flywheel corpus export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json


class Format(StrEnum):
    """What other programs read."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    LEAN = "lean"


def export(
    to: Annotated[Path, typer.Option("--to", help="The folder to make; it must not be there, or be empty.")],
    format: Annotated[Format, typer.Option(help="jsonl and parquet are data sets, lean is one file a module.")],
    snapshot: Annotated[str | None, typer.Option(help="This snapshot; else the corpus is frozen now.")] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Also proofs of valid and test theorems, in splits of their own.")
    ] = False,
    prompt: Annotated[
        str | None,
        typer.Option(help="Layout of `prompt` in training rows, with {state}, {name}, {header}."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Writes proofs, steps and training rows as a data set, with a card (README.md) beside them.

    Steps have LeanDojo Benchmark 4's fields. Example: flywheel corpus export --to proofs --format parquet
    """
    from corpus import export as exporting
    from corpus.snapshot import take_snapshot

    if held_out and format is Format.LEAN:
        raise UserError("--held-out goes with jsonl and parquet: Lean files are for training data")
    with Place.of(home, db).corpus() as corpus, Ticker("exporting") as tick:
        hash = snapshot or take_snapshot(corpus).hash
        if format is Format.LEAN:
            from prover.lean import Lean
            from prover.lean_files import export_lean

            with Lean(workers=1) as lean:
                done = export_lean(corpus, to, hash, lean, lambda n, total: tick(f"{n} of {total} files", n, total))
        else:
            from prover.policies.prompt import DEFAULT_PROMPT, layout_in_words, prompt_of

            layout = prompt or DEFAULT_PROMPT
            done = exporting.export(
                corpus,
                to,
                hash,
                format.value,
                lambda state, name, header: prompt_of(layout, state, name, header),
                held_out,
                layout_in_words(layout),
                lambda n: tick(f"{n} proofs", n),
            )
    if json:
        emit_json(done)
        return
    console.print(f"{done.proofs} proofs of {done.theorems} theorems, {done.steps} steps: {to}", markup=False)
    console.print(f"snapshot {hash}")
