"""Tables that fit 80 columns: long names are cut in the middle, where they differ least, unless `--wide`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.cells import cell_len, chop_cells
from rich.table import Table
from rich.text import Text

from prover.cli.output import console

WideOption = Annotated[bool, typer.Option("--wide", help="Long names whole, however wide the table gets.")]

WIDTH = 80
#: No column is cut to less than this.
LEAST = 8


def short(text: str, width: int) -> str:
    """The text on at most `width` columns of a terminal: its beginning and its end, with `…` between."""
    if cell_len(text) <= width:
        return text
    left, right = width // 2, width - width // 2 - 1
    # A letter can be two columns wide.
    start = chop_cells(text, left)[0] if left else ""
    end = chop_cells(text[::-1], right)[0][::-1] if right else ""
    return f"{start}…{end}"


def show_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    wide: bool = False,
    cut: Sequence[int] = (0,),
    title: str | None = None,
) -> None:
    """Prints the rows; the columns `cut` (by number) give way, the widest first, until all of it fits 80 columns."""
    cells = [["" if value is None else str(value).replace("\n", " ") for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)]
    # A border on each side, one between two columns, a space around each cell.
    while not wide and sum(widths) + 3 * len(widths) + 1 > WIDTH:
        widest = max(cut, key=lambda column: widths[column])
        if widths[widest] <= LEAST:
            break
        widths[widest] -= 1
    table = Table(title=title, title_justify="left")
    for header in headers:
        table.add_column(header, no_wrap=True, overflow="ignore")
    for row in cells:
        table.add_row(*(Text(cell if wide else short(cell, width)) for cell, width in zip(row, widths, strict=True)))
    # A table that is wider than the terminal is broken by the terminal, not cut by us.
    console.print(table, width=sum(widths) + 3 * len(widths) + 1 if not wide else 10_000, crop=False, soft_wrap=wide)
