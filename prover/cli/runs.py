"""`flywheel runs …`: the runs of a corpus."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from corpus.health import health_of
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.help import Commands
from prover.cli.output import UserError, console, emit_json

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Runs of the loop.")


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """The runs of this corpus with their generations. Example: flywheel runs list"""
    with Place.of(home, db).corpus() as corpus:
        found = [(run, corpus.generations(run.name)) for run in corpus.runs()]
    if json:
        emit_json([{"run": run, "generations": generations} for run, generations in found])
        return
    table = Table("run", "started", "generation", "snapshot", "states", "valid loss", "alarms")
    for record, generations in found:
        table.add_row(record.name, f"{record.created_at:%Y-%m-%d %H:%M}", "", "", "", "", "")
        for one in generations:
            metrics = one.metrics
            state = f"M_{one.number}" if one.finished_at else f"M_{one.number} (unfinished)"
            loss = f"{metrics['valid_loss']:.3f}" if metrics else ""
            examined = health_of(one)
            alarms = ", ".join(dict.fromkeys(alarm.failure for alarm in examined.alarms)) if examined else ""
            states = str(metrics.get("states", ""))
            table.add_row("", "", state, (one.snapshot_hash or "")[:12], states, loss, alarms)
    console.print(table)


@app.command("health")
def health(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its name.")],
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """How healthy a run's generations are, with alarms and what was done about them.

    Example: flywheel runs health first

    A column with `!` has an alarm. docs/HEALTH.md says what each figure means.
    """
    from corpus.health import health_of_run
    from training.experiments.run_report import health_lines, health_table

    with Place.of(home, db).corpus() as corpus:
        found = health_of_run(corpus, run)
    if json:
        emit_json({f"M_{number}": one.as_json() for number, one in found.items()})
        return
    if not found:
        raise UserError(f"No generation of {run!r} was examined: `flywheel run --name {run} --resume` does it.")
    console.print(health_table(found))
    for line in health_lines(found):
        console.print(line, markup=False, soft_wrap=True)
