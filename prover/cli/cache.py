"""`flywheel cache …`: what is installed on this machine, and how to remove it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from prover.cli.context import JsonOption
from prover.cli.help import Commands
from prover.cli.output import console, emit_json

app = typer.Typer(cls=Commands, no_args_is_help=True, help="What is installed on this machine, and how to remove it.")


@app.command()
def show(json: JsonOption = False) -> None:
    """What the cache holds, with sizes. Example: flywheel cache show"""
    from lean_env import paths

    entries = paths.cache_report()
    if json:
        emit_json(entries)
        return
    table = Table("what", "MB", "path")
    for entry in entries:
        table.add_row(entry.name, f"{entry.bytes / 1e6:,.0f}", str(entry.path))
    console.print(table)


@app.command()
def clear(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Removes the embedded Lean; `flywheel setup` brings it back. The corpus and the models are not in the cache."""
    if not yes:
        typer.confirm("Remove the embedded Lean from this machine?", abort=True)
    from lean_env.setup import install

    freed = install.clear_cache()
    console.print(f"{freed / 1e6:,.0f} MB freed")
