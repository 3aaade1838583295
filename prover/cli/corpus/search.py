"""`flywheel corpus search`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.text import Text

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json
from prover.cli.tables import WideOption, short


def search(
    text: Annotated[str, typer.Argument(help='Words and symbols, all of which must occur; "in quotes" as one.')],
    where: Annotated[
        Literal["statements", "tactics"] | None, typer.Option("--in", help="Only there; default: in both.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Finds theorems by name and statement, and proofs by their tactics and premises. A word finds names by any of
    their parts, or the beginning of one; symbols are found as they are.

    Examples: flywheel corpus search "Nat.add_comm"
              flywheel corpus search "∃ ¬" --in statements
    """
    from corpus.search import Where
    from corpus.search import search as find

    with Place.of(home, db).corpus() as corpus, Ticker("indexing") as tick:
        chosen = None if where is None else Where(where)
        found = find(corpus, text, where=chosen, limit=limit, report=lambda rows: tick(f"{rows} rows"))
    if json:
        emit_json(found)
        return
    for hit in found:
        name = hit.theorem if wide else short(hit.theorem, 48)
        what = "statement" if hit.proof is None else f"proof {hit.proof}"
        console.print(Text(f"{name}  {hit.split}, {what}", style="bold"), soft_wrap=True)
        # Around the term on 76 columns; a statement starts with its theorem's name, which is there already.
        excerpt = Text(hit.excerpt)
        excerpt.stylize("reverse", hit.start, hit.end)
        start = 0 if wide else max(0, min(hit.start - 20, len(hit.excerpt) - 76))
        console.print(Text("  ") + (excerpt if wide else excerpt[start : start + 76]), soft_wrap=True)
    more = f"; --limit shows more than {limit}" if len(found) == limit else ""
    console.print(f"{len(found)} found{more}")
