"""Printing what a benchmark says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from prover.cli.output import console

if TYPE_CHECKING:
    from prover.benchmarks.contract import Sheet


def print_sheet(sheet: Sheet) -> None:
    """Title, table, notes."""
    console.print(sheet.title, markup=False)
    table = Table(*sheet.columns) if sheet.columns else Table(show_header=False, show_edge=False)
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    console.print(table)
    for note in sheet.notes:
        console.print(f"  {note}", markup=False)
