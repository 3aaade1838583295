"""`flywheel corpus diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.tables import WideOption, show_table

if TYPE_CHECKING:
    from corpus.generations import Comparison

GenerationArgument = Annotated[str, typer.Argument(help="RUN/M_1; or M_1, if one run alone has it.")]


def diff(
    a: GenerationArgument,
    b: GenerationArgument,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """What the second generation proved and the first did not, what it lost, and whose proofs are shorter: by each
    evaluation that both had under the same conditions, and over the training theorems that both tried.

    Example: flywheel corpus diff first/M_0 first/M_3
    """
    from corpus.generations import diff as compare

    with Place.of(home, db).corpus() as corpus:
        found = compare(corpus, a, b)
    if json:
        emit_json(found)
        return
    for one in found.comparisons:
        _show(found.a, found.b, one, wide)
    if not found.comparisons:
        console.print(f"{found.a} and {found.b} tried no theorem under the same conditions")
    if found.not_compared:
        console.print(f"{found.not_compared} rounds of only one of them, or under other conditions, are left out")


def _show(a: str, b: str, one: Comparison, wide: bool) -> None:
    what = f"evaluation on {one.split}" if one.kind.value == "eval" else "training rounds"
    where = f"{one.benchmark.partition('@')[0]} {one.stratum}".strip()
    console.print(f"{what}, {where}: {one.theorems} theorems, {a} proved {one.proved_before}, {b} {one.proved_after}")
    rows: list[tuple[object, ...]] = [
        *((name, "gained", "") for name in one.gained),
        *((name, "lost", "") for name in one.lost),
        *((length.theorem, "shorter", f"{length.before} -> {length.after}") for length in one.shorter),
        *((length.theorem, "longer", f"{length.before} -> {length.after}") for length in one.longer),
    ]
    if rows:
        show_table(("theorem", "change", "tactics"), rows, wide=wide)
    else:
        console.print("  no difference")
