"""`flywheel corpus filters`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.tables import WideOption, show_table

if TYPE_CHECKING:
    from corpus.filters import Rate


def filters(
    run: Annotated[str | None, typer.Option(help="Of this run alone.")] = None,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Filters against the kernel: what reward models, confidence and judges accept of the samples that they saw.

    Of what the kernel refuses: the share accepted. Of what it certifies: the share rejected. Of what the filter
    accepts: the share that is false. In brackets 95 % intervals, theorems drawn anew.

    Examples: flywheel corpus filters
              flywheel corpus filters --run judged --json
    """
    from corpus.filters import filter_rates

    with Place.of(home, db).corpus() as corpus:
        found = filter_rates(corpus, run)
    if json:
        emit_json(found)
        return
    if not found:
        console.print("No filter but the kernel has judged any sample yet: recipes with one are in docs/RECIPES.md.")
        return
    headers = ("run", "filter", "samples", "theorems", "false accepts", "false rejects", "false of accepted")
    rows = [
        (
            one.run,
            one.filter,
            str(one.samples),
            str(one.theorems),
            *map(_shown, (one.false_accepts, one.false_rejects, one.false_share)),
        )
        for one in found
    ]
    show_table(headers, rows, wide=wide, cut=(0,))
    if undecided := sum(one.undecided for one in found):
        console.print(f"{undecided} samples left out: they were not run, or the kernel could not decide.")


def _shown(rate: Rate) -> str:
    if rate.share is None or rate.low is None or rate.high is None:
        return "none"
    return f"{rate.share:.0%} [{rate.low:.0%}, {rate.high:.0%}] of {rate.total}"
