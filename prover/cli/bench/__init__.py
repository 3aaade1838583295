"""`flywheel bench …`: one file a subcommand, put together here."""

from __future__ import annotations

import typer

from prover.cli.bench.build import build
from prover.cli.bench.list import list_
from prover.cli.bench.load import load
from prover.cli.bench.show import show
from prover.cli.help import Commands

app = typer.Typer(cls=Commands, no_args_is_help=True, help="The benchmarks, their theorems, and building them anew.")
app.command("list", short_help="The benchmarks, or a benchmark's theorems.")(list_)
app.command(short_help="One theorem: statement, environment, hashes.")(show)
app.command(short_help="Load a benchmark that somebody else wrote.")(load)
app.command(short_help="Measure every theorem of lean-core anew (ten minutes).")(build)
