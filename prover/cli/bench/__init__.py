"""`flywheel bench …`: one file a subcommand, put together here."""

from __future__ import annotations

import typer

from prover.cli.bench.build import build
from prover.cli.bench.list import list_
from prover.cli.bench.load import load
from prover.cli.bench.show import show

app = typer.Typer(no_args_is_help=True, help="The benchmarks, their theorems, and building them anew.")
app.command("list")(list_)
app.command()(show)
app.command()(load)
app.command()(build)
