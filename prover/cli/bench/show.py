"""`flywheel bench show`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.external import EXTERNAL, LOGIC
from prover.cli.output import UserError, console, emit_json


def show(
    theorem: Annotated[str, typer.Argument(help="A theorem's full name.")],
    benchmark: Annotated[str, typer.Option("--bench")] = "lean-core",
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One theorem: statement, environment, which automation runs there, hashes.

    Example: flywheel bench show List.map_append
    """
    from lean_env.benchmark.lean_core.benchmark import load_lean_core
    from prover.benchmarks.registry import environment_policy_of

    if benchmark == LOGIC:
        _show_problem(theorem, json)
        return
    if benchmark.startswith(EXTERNAL):
        _show_external(theorem, benchmark, Place.of(home, db), json)
        return
    manifest, policy = load_lean_core(), environment_policy_of(benchmark)
    try:
        entry, shown = manifest.entry(theorem), manifest.theorem(theorem, policy)
    except KeyError:
        raise UserError(
            f"{benchmark} has no theorem {theorem!r}; `flywheel bench list {benchmark}` shows some"
        ) from None
    module = manifest.modules[entry.module]
    if json:
        emit_json({"theorem": shown, "entry": entry, "module": module})
        return
    console.print(f"{shown.name}: {shown.statement}", markup=False)
    runs = module.runs if environment_policy_of(benchmark).value == "strict" else module.auto_runs
    table = Table(show_header=False, show_edge=False)
    for key, value in (
        ("module", entry.module),
        ("imports", " ".join(shown.environment.imports)),
        (
            "runs there",
            ", ".join(name for name, works in runs.items() if works) or "nothing of simp, omega, grind, rcases",
        ),
        ("split, stratum", f"{entry.split}, {entry.stratum.value}"),
        ("portfolio-1", entry.solver or "does not prove it"),
        ("family", module.family),
        ("text elaborates back", "yes" if entry.round_trips else "no"),
        ("expression hash", entry.expression_hash),
        ("environment digest", module.digest),
    ):
        table.add_row(key, value)
    console.print(table)


def _show_problem(name: str, json: bool) -> None:
    from lean_env.benchmark.lean_logic import load_lean_logic

    try:
        problem = load_lean_logic().problem(name)
    except KeyError:
        raise UserError(f"{LOGIC} has no problem {name!r}; `flywheel bench list {LOGIC}` shows some") from None
    if json:
        emit_json(problem)
        return
    console.print(f"{problem.name} {problem.statement}", markup=False)
    kind = f"a theorem, {problem.logic}" if problem.theorem else f"no theorem: {problem.counterexample}"
    console.print(f"{problem.family}, {kind}; size {problem.size}, depth {problem.depth}", markup=False)


def _show_external(name: str, benchmark: str, place: Place, json: bool) -> None:
    record = next((one for one in external.theorems_of(benchmark, place) if one.name == name), None)
    if record is None:
        raise UserError(f"{benchmark} has no usable theorem {name!r}; `flywheel bench list {benchmark}` shows some")
    if json:
        emit_json(record)
        return
    console.print(f"{record.name} {record.statement}", markup=False)
    table = Table(show_header=False, show_edge=False)
    for key, value in (
        ("from", record.extra["place"]),
        ("its header", record.extra["header"]),
        ("imports here", record.environment),
        ("changed", "; ".join(record.extra["notes"]) or "nothing"),
        ("split", record.split),
        ("expression hash", record.statement_hash),
    ):
        table.add_row(key, Text(value))
    console.print(table)
