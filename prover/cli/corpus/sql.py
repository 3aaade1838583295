"""`flywheel corpus sql`."""

from __future__ import annotations

import csv as csv_format
import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import UserError, console, emit_json, errors
from prover.cli.tables import WideOption, show_table


def sql(
    query: Annotated[str | None, typer.Argument(help="One SELECT.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Show the tables instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 1000,
    seconds: Annotated[float, typer.Option(min=0.1, help="Stop the query after so long.")] = 30.0,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header, on stdout.")] = False,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Asks the database one question that can change nothing.

    Example: flywheel corpus sql "SELECT source, count(*) AS proofs FROM proof GROUP BY source"
    """
    from corpus.sql import ask, tables

    if schema:
        console.print(Text("\n".join(tables())), soft_wrap=True)
        return
    if query is None:
        raise UserError('give a query (`flywheel corpus sql "SELECT ..."`), or --schema for the tables')
    with Place.of(home, db).corpus() as corpus:
        answer = ask(corpus, query, limit=limit, seconds=seconds)
    if json:
        emit_json(
            {"columns": answer.columns, "rows": [list(map(_value, row)) for row in answer.rows], "more": answer.more}
        )
        return
    if csv:
        writer = csv_format.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows([map(_value, row) for row in answer.rows])
    else:
        cut = range(len(answer.columns))
        show_table(answer.columns, [list(map(_value, row)) for row in answer.rows], wide=wide, cut=cut)
    if answer.more:
        errors.print(f"there are more than {limit} rows: --limit shows more")


def _value(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
