"""`flywheel run`, its parts `round`, `train` and `eval`, `runs list`, and the demo."""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.native_options import ReplOption, RepoOption, ToolchainOption, TrustOption, native_options
from prover.cli.output import UserError, console, emit_json, errors

if TYPE_CHECKING:
    from training.config import FlywheelConfig

runs = typer.Typer(no_args_is_help=True, help="Runs of the loop.")

#: The demo's settings, in order.
DEMO = ("demo_logic.toml", "demo.toml")

NameOption = Annotated[str | None, typer.Option("--name", "-n", help="The run's name.")]
SeedOption = Annotated[int | None, typer.Option("--seed")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", "-j", min=1, help="Lean workers that search; default: cores.")
]
BackendOption = Annotated[
    Literal["embedded", "dojo"],
    typer.Option(help="Search in the Lean workers directly, or through LeanDojo's own Dojo; verified alike."),
]
BenchOption = Annotated[
    str | None, typer.Option("--bench", help="lean-core, lean-core-auto, lean-logic, external/NAME, or a path to load.")
]


def run(
    config: ConfigOption = None,
    name: NameOption = None,
    generations: Annotated[int | None, typer.Option("--generations", "-g", min=0, help="Turns after M_0.")] = None,
    bench: BenchOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")] = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Turns the flywheel: rounds, gate, corpus, training, evaluation, for several generations.

    Examples: flywheel run --name first --generations 3
              flywheel run --config mine.toml --name first --resume
    """
    from prover.cli import work

    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    settings = work.FlywheelConfig.load(config, name=name, generations=generations, seed=seed, workers=workers, **flags)
    with place.corpus(create=True) as corpus:
        exists = settings.name in {run.name for run in corpus.runs()}
    if exists and not resume:
        raise UserError(f"there is a run {settings.name!r} already; --resume goes on with it, --name starts another")
    work.show(work.turn_all(settings, place), json)


def experiment(
    seeds: Annotated[int, typer.Option(min=1, help="Runs with seeds 0, 1, ...")] = 3,
    config: ConfigOption = None,
    name: NameOption = None,
    generations: Annotated[int | None, typer.Option("--generations", "-g", min=0, help="Turns after M_0.")] = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """The whole loop once for each of several seeds, and what it adds to the frozen M_0 of the same seed, with
    intervals over seeds and theorems. Stopped or killed, the same command goes on.

    Example: flywheel experiment --bench lean-logic --seeds 3 --name logic
    """
    from prover.cli import work

    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    settings = work.FlywheelConfig.load(config, name=name, generations=generations, workers=workers, **flags)
    work.experiment(settings, seeds, place, json)


def round_(
    config: ConfigOption = None,
    name: NameOption = None,
    generation: Annotated[
        int | None,
        typer.Option(help="Search with this generation's model; default: the newest, or round 0 without one."),
    ] = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    backend: BackendOption = "embedded",
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One proof-search round over train theorems; accepted proofs go into the corpus. Again: resumes, or does nothing.

    Examples: flywheel round --name first
              flywheel round --name mine --bench external/mine
    """
    from prover.cli import work

    place = Place.of(home, db)
    settings = _settings(config, name, workers, place, external.resolve(bench, place, workers))
    with work.opened(settings, place, "round", backend) as flywheel:
        if not flywheel.corpus.theorems(settings.benchmark, "train"):
            raise UserError(
                f"{settings.benchmark} has no train theorems; `flywheel bench load --split train` makes some"
            )
        number = work.newest(flywheel) if generation is None else generation
        before = work.count_proofs(flywheel)
        if number is None:
            flywheel.begin()
        else:
            flywheel.search(number)
        outcome = {"generation": number, "proofs_before": before, "proofs": work.count_proofs(flywheel)}
    if json:
        emit_json(outcome)
    else:
        model = "round 0 (seeds, portfolio-1, grammar)" if number is None else f"a round with M_{number}"
        console.print(f"{model}: {outcome['proofs']} proofs in the corpus, {before} before")


def train(
    config: ConfigOption = None,
    name: NameOption = None,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Trains the next generation from base on a snapshot of the run's whole corpus.

    Example: flywheel train --name first
    """
    from prover.cli import work

    place = Place.of(home, db)
    settings = _settings(config, name, workers, place)
    with work.opened(settings, place, "train") as flywheel:
        newest = work.newest(flywheel)
        record = flywheel.learn(0 if newest is None else newest + 1)
    if json:
        emit_json(record)
    else:
        console.print(
            f"M_{record.number} in {record.model_path}, weights {record.model_hash}, snapshot {record.snapshot_hash}"
        )
        kept_out = record.metrics["kept_out"]
        if any(kept_out.values()):
            console.print(
                f"kept out of training for what they share with held-out statements: {kept_out['statements']} train "
                f"statements, {kept_out['proofs']} proofs, {kept_out['human']} traces of people's steps"
            )


def eval_(
    config: ConfigOption = None,
    name: NameOption = None,
    split: Annotated[
        str | None, typer.Option(help="valid or test; each evaluation on test is counted for ever.")
    ] = None,
    stratum: Annotated[
        list[str] | None,
        typer.Option(help="easy, hard, opaque; same-size, beyond; or all. Repeatable: each by itself."),
    ] = None,
    theorems: Annotated[int | None, typer.Option(min=1)] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Tactic steps a theorem.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Also this model: a generation's folder of another run, or a causal language model. Repeatable."
        ),
    ] = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    backend: BackendOption = "embedded",
    toolchain: ToolchainOption = "embedded",
    repo: RepoOption = None,
    repl: ReplOption = None,
    trust: TrustOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """All generations of a run beside grammar, portfolio-1 and portfolio search, on held-out theorems of the run's
    benchmark or of another one.

    With --toolchain native, portfolio search and each --model on the files at --bench in your own Lean. Nothing of it
    enters the corpus, because the gate certifies proofs over the embedded library only.

    Examples: flywheel eval --name first --split test --theorems 200 --steps 128
              flywheel eval --name first --bench miniF2F-lean4 --split valid
              flywheel eval --toolchain native --repo my-project --bench miniF2F-lean4 --split valid
    """
    from prover.benchmarks.registry import register
    from prover.cli import work
    from prover.cli.policies import policy_of

    place = Place.of(home, db)
    if (native := native_options(toolchain, repo, repl, trust)) is not None:
        from prover.cli import native_eval

        if bench is None:
            raise UserError("--toolchain native needs --bench: a path to a benchmark's files")
        native_settings = work.FlywheelConfig.load(
            config, workers=workers, evaluation__split=split or "test", evaluation__steps=steps
        )
        return native_eval.evaluate(Path(bench), native, native_settings, theorems, model or [], place, json)
    settings = _settings(config, name, workers, place)
    elsewhere = external.resolve(bench, place, workers)
    changes: dict[str, Any] = {
        "split": split,
        "strata": tuple(stratum) if stratum else elsewhere.get("evaluation__strata"),
        "theorems": theorems,
        "steps": steps,
    }
    with work.opened(settings, place, "eval", backend) as flywheel:
        numbers = [record.number for record in flywheel.corpus.generations(settings.name) if record.finished_at]
        if not numbers:
            raise UserError(
                f"run {settings.name!r} has no trained generation; `flywheel run` or `flywheel train` makes one"
            )
        benchmark = elsewhere["benchmark"] or settings.benchmark
        register(flywheel.corpus, benchmark, flywheel.lean)
        if bench and split is None and not flywheel.corpus.theorems(benchmark, settings.evaluation.split):
            changes["split"] = "test"  # where files name no split, all is test
        evaluation_settings = settings.evaluation.model_copy(update={k: v for k, v in changes.items() if v is not None})
        flywheel.config = settings.model_copy(update={"evaluation": evaluation_settings, "benchmark": benchmark})
        if not flywheel.corpus.theorems(benchmark, evaluation_settings.split):
            raise UserError(f"{benchmark} has no {evaluation_settings.split} theorems; --split names another split")
        guests = [policy_of(source, flywheel.actions) for source in model or []]
        evaluations = flywheel.evaluate(*numbers, guests=guests)
        words = [settings.name, *([benchmark] if bench else []), evaluation_settings.split, *evaluation_settings.strata]
        folder = place.home / "reports" / "-".join(words).replace("/", "-")
        report = work.write_report(
            evaluations, flywheel.meter.phases, f"run {settings.name}, {benchmark}, {evaluation_settings.split}", folder
        )
    work.show(report, json)


def _settings(
    config: Path | None, name: str | None, workers: int | None, place: Place, flags: dict[str, Any] | None = None
) -> FlywheelConfig:
    """A run's settings. The benchmark is the one in `flags`, or else the one that the run was started on."""
    from prover.cli import work

    settings = work.FlywheelConfig.load(config, name=name, workers=workers)
    if not (flags and flags["benchmark"]):
        flags = external.flags_of_run(settings.name, place)
    return work.FlywheelConfig.load(config, name=name, workers=workers, **flags)


@runs.command("list")
def runs_list(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False) -> None:
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


def demo(
    workers: WorkersOption = None,
    home: HomeOption = Path("flywheel-demo"),
    json: JsonOption = False,
) -> None:
    """Two loops on fixed settings: watch networks with untrained weights learn to prove, first generated statements
    without any automation (lean-logic), then theorems of Lean's own library (lean-core).

    At most 20 minutes on two cores. Stopped or killed, the same command goes on. Example: flywheel demo
    """
    from prover.cli import work

    place, started = Place.of(home, None), time.monotonic()
    reports = []
    for file_name in DEMO:
        with resources.as_file(resources.files("training").joinpath(file_name)) as file:
            settings = work.FlywheelConfig.load(file, workers=workers)
        errors.print(
            f"{settings.benchmark}: {settings.generations} generations, {settings.round.theorems} theorems a round, "
            f"{settings.evaluation.theorems} held-out theorems ({' and '.join(settings.evaluation.strata)}): "
            "up to 10 minutes on two cores.",
            soft_wrap=True,
        )
        reports.append(work.turn_all(settings, place))
        if not json:
            work.show(reports[-1], json)
            minutes = (time.monotonic() - started) / 60
            console.print(f"{minutes:.1f} minutes; curve: {home / 'reports' / settings.name}")
    if json:
        emit_json([report.as_json() for report in reports])
