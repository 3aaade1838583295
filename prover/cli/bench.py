"""`flywheel bench …`: the benchmarks, their theorems, and building them anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json

if TYPE_CHECKING:
    from corpus.records import TheoremRecord
    from lean_env.benchmark.lean_logic.benchmark import Row
    from lean_env.theorem import Theorem

app = typer.Typer(no_args_is_help=True, help="The benchmarks, their theorems, and building them anew.")

BenchmarkArgument = Annotated[str, typer.Argument(help="lean-core or lean-core-auto.")]

LOGIC = "lean-logic"
EXTERNAL = "external/"

app.command("load")(external.load)


@app.command()
def build(
    benchmark: BenchmarkArgument = "lean-core",
    out: Annotated[Path | None, typer.Option(help="Write the manifest here; by default it is only compared.")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Measures every theorem anew (some ten minutes on two cores; a second call goes on where the first was stopped),
    says whether the result equals the manifest that ships with the program, and puts it into the corpus.

    Example: flywheel bench build lean-core --out lean_core.jsonl.gz
    """
    from lean_env.benchmark.lean_core.benchmark import build_lean_core, load_lean_core
    from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1_LIMITS
    from prover.benchmarks.registry import environment_policy_of, register_manifest
    from prover.lean import Lean

    environment_policy_of(benchmark)
    with Lean(workers, PORTFOLIO_1_LIMITS) as lean, Ticker(f"build {benchmark}") as tick:
        manifest = build_lean_core(
            lean.installation, lean.searchers, lambda done, total: tick(f"{done} of {total} theorems", done, total)
        )
    same = manifest == load_lean_core()
    if out is not None:
        manifest.write(out)
    with Place.of(home, db).corpus(create=True) as corpus:
        record = register_manifest(corpus, benchmark, manifest)
    if json:
        emit_json({"equals_shipped": same, "counts": manifest.counts(), "header": manifest.header, "stored": record})
        return
    _print_counts(manifest.counts())
    console.print(f"{'equal to' if same else 'DIFFERENT FROM'} the manifest that ships with this version")


@app.command("list")
def list_(
    benchmark: Annotated[str | None, typer.Argument(help="A benchmark: its theorems; none: all benchmarks.")] = None,
    split: Annotated[str | None, typer.Option(help="train, valid or test.")] = None,
    stratum: Annotated[
        str | None, typer.Option(help="easy, hard or opaque; of lean-logic same-size, beyond or non-theorem.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 30,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Benchmarks with their sizes, or a benchmark's theorems in a stable random order.

    Examples: flywheel bench list lean-core --split valid --stratum hard --limit 5
              flywheel bench list lean-logic
              flywheel bench list external/minif2f
    """
    from lean_env.benchmark.lean_core.benchmark import load_lean_core
    from lean_env.benchmark.lean_logic import load_lean_logic
    from prover.benchmarks.registry import BENCHMARKS, environment_policy_of

    if benchmark is not None and benchmark.startswith(EXTERNAL):
        stored = external.theorems_of(benchmark, Place.of(home, db))
        chosen = [one for one in stored if split in (None, one.split) and stratum in (None, one.stratum)]
        _print_theorems(chosen[:limit], json)
        return
    if benchmark == LOGIC:
        logic = load_lean_logic()
        if split or stratum or json:
            _print_theorems(logic.theorems(split, stratum)[:limit], json)
        else:
            console.print(f"{LOGIC}@{logic.revision}: statements by split, stratum, family, logic and size")
            _print_distribution(logic.distribution())
        return
    manifest = load_lean_core()
    if benchmark is None:
        cores = {name: manifest.counts() for name, kind in BENCHMARKS.items() if kind.environments}
        if json:
            emit_json(cores)
            return
        console.print(f"{', '.join(cores)}: theorems by split and stratum")
        _print_counts(manifest.counts())
        for reason, count in manifest.header["left_out"].items():
            console.print(f"  left out, {reason}: {count}")
        for record in external.stored(Place.of(home, db)):
            unusable = len(record.meta["unusable"])
            console.print(
                f"{record.key}: {record.theorems} theorems, {unusable} unusable; from {record.meta['source']}"
            )
        console.print(f"{LOGIC} is generated; `flywheel bench list {LOGIC}` does it and shows its distribution")
        return
    _print_theorems(manifest.subset(limit, split, stratum, environment_policy_of(benchmark)), json)


@app.command()
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


def _print_theorems(theorems: Sequence[Theorem | TheoremRecord], json: bool) -> None:
    if json:
        emit_json(theorems)
        return
    for theorem in theorems:
        console.print(f"{theorem.name}  [{theorem.split}, {theorem.stratum}]\n    {theorem.statement}", markup=False)


def _print_distribution(rows: Sequence[Row]) -> None:
    """Depths together, sizes across."""
    sizes = sorted({row.sizes for row in rows}, key=lambda text: int(text.split("-")[0]))
    table = Table("split", "stratum", "family", "logic", *sizes, "all")
    groups = dict.fromkeys((row.split, row.stratum, row.family, row.logic) for row in rows)
    for group in groups:
        own = [row for row in rows if (row.split, row.stratum, row.family, row.logic) == group]
        counts = [sum(row.count for row in own if row.sizes == size) for size in sizes]
        cells = (str(count or "") for count in counts)
        table.add_row(*(str(value or "") for value in group), *cells, str(sum(counts)))
    console.print(table)


def _print_counts(counts: dict[str, dict[str, int]]) -> None:
    strata = sorted({stratum for row in counts.values() for stratum in row})
    table = Table("split", *strata, "all")
    for split, row in counts.items():
        table.add_row(split, *(str(row.get(stratum, 0)) for stratum in strata), str(sum(row.values())))
    console.print(table)
