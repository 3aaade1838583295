"""`flywheel experiment`: the loop with several seeds, and with several settings."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.run_options import BenchOption, NameOption, WorkersOption


def experiment(
    seeds: Annotated[int, typer.Option(min=1, help="Runs with seeds 0, 1, ... (of each arm that names no other)")] = 3,
    config: ConfigOption = None,
    name: NameOption = None,
    generations: Annotated[
        int | None, typer.Option("--generations", "-g", min=0, help="Generations after M_0.")
    ] = None,
    bench: BenchOption = None,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """The whole loop once for each of several seeds, and what it adds to the frozen M_0 of the same seed, with
    intervals over seeds and theorems. Stopped or killed, the same command goes on.

    A --config with `[[arm]]` tables runs each arm with each seed: an arm is a name and the settings that it changes,
    and all are compared with the first. Their table is written anew after each arm and seed.

    Examples: flywheel experiment --bench lean-logic --seeds 3 --name logic
              flywheel experiment --config arms.toml --seeds 2
    """
    require_lean()
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import work

    given = {"name": name, "generations": generations, "workers": workers, **flags}
    if config is not None and (variants := work.variants_of(config, seeds, **given)):
        return work.ablation(variants, place, json)
    settings = work.FlywheelConfig.load(config, **given)
    work.experiment(settings, seeds, place, json)
