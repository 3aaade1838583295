"""`flywheel round`: one round of proof search."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.output import UserError, console, emit_json
from prover.cli.run_options import (
    BackendOption,
    BenchOption,
    DeviceOption,
    NameOption,
    SearchOption,
    WorkersOption,
    settings_of,
)


def round_(
    config: ConfigOption = None,
    name: NameOption = None,
    generation: Annotated[
        int | None,
        typer.Option(help="Search with this generation's model; default: the newest, or round 0 without one."),
    ] = None,
    bench: BenchOption = None,
    search: SearchOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "embedded",
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One proof-search round over train theorems; accepted proofs go into the corpus. Again: resumes, or does nothing.

    Examples: flywheel round --name first
              flywheel round --name mine --bench external/mine
    """
    require_lean()
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import work

    settings = settings_of(config, name, place, flags, workers=workers, device=device, search__kind=search)
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
