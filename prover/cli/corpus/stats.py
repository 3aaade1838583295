"""`flywheel corpus stats`."""

from __future__ import annotations

from rich.table import Table

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json


def stats(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Counts: proofs by source and split, theorems proved of all, who found them first.

    Example: flywheel corpus stats --json
    """
    from corpus import query

    with Place.of(home, db).corpus() as corpus:
        numbers = query.stats(corpus)
    if json:
        emit_json(numbers)
        return
    console.print(
        f"{numbers.proofs} proofs of {numbers.theorems_proved} theorems ({numbers.mean_length:.1f} tactics each, "
        f"{numbers.retracted} retracted) from {numbers.attempts} attempts in {numbers.runs} runs; "
        f"{numbers.snapshots} snapshots; {numbers.test_evaluations} evaluations on test so far"
    )
    if numbers.trees.trees:
        console.print(
            f"search trees of {numbers.trees.trees} attempts, {numbers.trees.stored / 1e6:.1f} MB "
            f"({numbers.trees.unpacked / 1e6:.1f} MB unpacked)"
        )
    for title, counts in (("source", numbers.by_source), ("attempts", numbers.by_status)):
        console.print(f"{title}: " + ", ".join(f"{key} {count}" for key, count in counts.items()))
    table = Table("benchmark", "split", "stratum", "proved", "theorems", title="coverage")
    for row in numbers.coverage:
        table.add_row(row.benchmark, row.split, row.stratum, str(row.proved), str(row.theorems))
    console.print(table)
    firsts = Table("run", "generation", "proofs", title="found first by")
    for origin in numbers.origins:
        label = "no model" if origin.generation is None else f"M_{origin.generation}"
        firsts.add_row(origin.run, label, str(origin.proofs))
    console.print(firsts)
