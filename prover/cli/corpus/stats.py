"""`flywheel corpus stats`."""

from __future__ import annotations

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.tables import WideOption, show_table


def stats(
    wide: WideOption = False, home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False
) -> None:
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
    coverage = [(row.benchmark, row.split, row.stratum, row.proved, row.theorems) for row in numbers.coverage]
    headers = ("benchmark", "split", "stratum", "proved", "theorems")
    show_table(headers, coverage, wide=wide, cut=(0, 2), title="coverage")
    firsts = [
        (one.run, "no model" if one.generation is None else f"M_{one.generation}", one.proofs)
        for one in numbers.origins
    ]
    show_table(("run", "generation", "proofs"), firsts, wide=wide, title="found first by")
