"""The table of a benchmark's theorems by split and stratum."""

from __future__ import annotations

from rich.table import Table

from prover.cli.output import console


def print_counts(counts: dict[str, dict[str, int]]) -> None:
    """`counts`: of a split, how many theorems each stratum has."""
    strata = sorted({stratum for row in counts.values() for stratum in row})
    table = Table("split", *strata, "all")
    for split, row in counts.items():
        table.add_row(split, *(str(row.get(stratum, 0)) for stratum in strata), str(sum(row.values())))
    console.print(table)
