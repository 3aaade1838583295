"""`flywheel run`: the whole loop."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.output import UserError, emit_json
from prover.cli.run_options import (
    BenchOption,
    DeviceOption,
    NameOption,
    RayOption,
    RecipeOption,
    SearchOption,
    SeedOption,
    WithoutOption,
    WorkersOption,
    settings_of,
)


def run(
    config: ConfigOption = None,
    name: NameOption = None,
    generations: Annotated[
        int | None, typer.Option("--generations", "-g", min=0, help="Generations after M_0.")
    ] = None,
    bench: BenchOption = None,
    recipe: RecipeOption = None,
    without: WithoutOption = None,
    search: SearchOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")] = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """The whole loop for several generations: rounds, gate, corpus, training, evaluation.

    Examples: flywheel run --name first --generations 3
              flywheel run --config mine.toml --name first --resume
              flywheel run --name first --resume --generations 8          # goes on where three ended
              flywheel run --name first --ray 10.0.0.1:6379 --db postgresql://host/corpus
              flywheel run --config text.toml --recipe llama3 --without dpo
    """
    require_lean()
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import screens, work

    more: dict[str, Any] = {
        "generations": generations,
        "seed": seed,
        "workers": workers,
        "device": device,
        "search__kind": search,
    }
    left_out = tuple(without) if without else None
    settings = settings_of(config, name, place, flags, recipe=recipe, without=left_out, **more)
    with place.corpus(create=True) as corpus:
        exists = settings.name in {run.name for run in corpus.runs()}
    if exists and not resume:
        raise UserError(f"there is a run {settings.name!r} already; --resume goes on with it, --name starts another")
    work.recipe_of(settings)
    started = time.monotonic()
    report = work.turn_all(settings, place, cluster=ray)
    if json:
        emit_json(report.as_json())
    else:
        screens.show_screen(screens.run_screen(report, settings, place, time.monotonic() - started))
