"""`flywheel runs …`: the runs of a corpus."""

from __future__ import annotations

import typer
from rich.table import Table

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.help import Commands
from prover.cli.output import console, emit_json

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Runs of the loop.")


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """The runs of this corpus with their generations. Example: flywheel runs list"""
    with Place.of(home, db).corpus() as corpus:
        found = [(run, corpus.generations(run.name)) for run in corpus.runs()]
    if json:
        emit_json([{"run": run, "generations": generations} for run, generations in found])
        return
    table = Table("run", "started", "generation", "snapshot", "states", "valid loss")
    for record, generations in found:
        table.add_row(record.name, f"{record.created_at:%Y-%m-%d %H:%M}", "", "", "", "")
        for one in generations:
            metrics = one.metrics
            state = f"M_{one.number}" if one.finished_at else f"M_{one.number} (unfinished)"
            loss = f"{metrics['valid_loss']:.3f}" if metrics else ""
            table.add_row("", "", state, (one.snapshot_hash or "")[:12], str(metrics.get("states", "")), loss)
    console.print(table)
