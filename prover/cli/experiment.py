"""`flywheel experiment`: the loop with several seeds, and with several settings. `experiment recipes`: all recipes.
`experiment variants`: learning at test time beside search alone."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.help import Commands
from prover.cli.output import UserError
from prover.cli.run_options import BenchOption, NameOption, WorkersOption, settings_of

app = typer.Typer(cls=Commands, invoke_without_command=True)

SeedsOption = Annotated[
    int, typer.Option(min=1, help="Runs with seeds 0, 1, ... (of each arm that names no other number)")
]
JobsOption = Annotated[
    int, typer.Option(min=1, help="Runs at once, each in a process of its own with its share of the workers.")
]
GenerationsOption = Annotated[int | None, typer.Option("--generations", "-g", min=0, help="Generations after M_0.")]


@app.callback()
def experiment(
    context: typer.Context,
    seeds: SeedsOption = 3,
    config: ConfigOption = None,
    name: NameOption = None,
    generations: GenerationsOption = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    jobs: JobsOption = 1,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """The whole loop once for each of several seeds, and what it adds to the frozen M_0 of the same seed, with
    intervals over seeds and theorems. Stopped or killed, the same command goes on.

    A --config with `[[arm]]` tables runs each arm with each seed: an arm is a name and the settings that it changes,
    and all are compared with the first. Their table is written anew after each arm and seed.

    Examples: flywheel experiment --bench lean-logic --seeds 3 --name logic
              flywheel experiment --config arms.toml --seeds 2 --jobs 2
    """
    if context.invoked_subcommand is not None:
        before = [name for name in context.params if "COMMANDLINE" in str(context.get_parameter_source(name))]
        if before:
            raise UserError(f"{', '.join(before)}: options go behind `{context.invoked_subcommand}`, not before it")
        return
    require_lean()
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import work

    given = {"name": name, "generations": generations, "workers": workers, **flags}
    if config is not None and (variants := work.variants_of(config, seeds, **given)):
        return work.ablation(variants, place, json, jobs)
    settings = work.FlywheelConfig.load(config, **given)
    work.experiment(settings, seeds, place, json, jobs)


@app.command()
def recipes(
    seeds: SeedsOption = 3,
    config: ConfigOption = None,
    name: NameOption = None,
    generations: GenerationsOption = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    jobs: JobsOption = 1,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Every recipe that the settings can have, and each without its characteristic steps, from one M_0 with equal
    search and training; all compared with the first. One table and plot, written anew after each arm and seed, with
    what the rounds found, the health of the last models, and what it took. Stopped or killed, the same command goes on.

    With `[[arm]]` tables in --config these are the arms; unequal ones are refused. docs/RECIPES.md has the recipes.

    Examples: flywheel experiment recipes --bench lean-logic-rungs --seeds 3
              flywheel experiment recipes --config recipes.toml --seeds 6
    """
    require_lean()
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import work

    given = {"name": name, "generations": generations, "workers": workers, **flags}
    work.ablation(work.arms_of_recipes(config, seeds, **given), place, json, jobs)


@app.command()
def variants(
    config: ConfigOption = None,
    name: NameOption = None,
    theorems: Annotated[int, typer.Option(min=1, help="Statements that the newest model left open.")] = 40,
    count: Annotated[int, typer.Option("--variants", min=1, help="Variants of each.")] = 40,
    turns: Annotated[int, typer.Option(min=1, help="Rounds over them, each with a training.")] = 3,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Tactic steps of each try at the statement itself. Default: as in the evaluation."),
    ] = None,
    split: Annotated[Literal["valid", "test"], typer.Option(help="Of which evaluation.")] = "valid",
    stratum: Annotated[list[str] | None, typer.Option(help="Of this stratum alone; repeatable.")] = None,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Whether learning at test time helps: statements that evaluations of a run's newest ranker left open, each with
    variants of it (as `flywheel prove --variants`), and then by search alone in the same processor seconds. Both
    directions and McNemar's exact p. Each statement's two rows are stored when they are done; stopped or killed, the
    same command goes on.

    Examples: flywheel experiment variants --name logic --theorems 40 --variants 40
              flywheel experiment variants --name logic --steps 1024     # tries that are worth waiting for
              flywheel experiment variants --name rungs --stratum rung-06 --stratum rung-07 --json
    """
    require_lean()
    place = Place.of(home, db)
    settings = settings_of(config, name, place, create=False, workers=workers)
    from prover.cli.experiment_variants import compare
    from training.experiments.at_test_time import TrialSettings

    compare(settings, TrialSettings(theorems, count, turns, split, tuple(stratum or ()), steps), place, json)
