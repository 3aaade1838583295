"""`flywheel round`: one round of proof search."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.output import UserError, console, emit_json
from prover.cli.policies import server_of
from prover.cli.run_options import (
    BackendOption,
    BenchOption,
    DeviceOption,
    NameOption,
    PolicyModelOption,
    PolicyPromptOption,
    PolicySamplesOption,
    PolicyUrlOption,
    RayOption,
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
    policy_url: PolicyUrlOption = None,
    policy_model: PolicyModelOption = None,
    policy_prompt: PolicyPromptOption = None,
    policy_samples: PolicySamplesOption = None,
    bench: BenchOption = None,
    search: SearchOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    backend: BackendOption = "embedded",
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One proof-search round over train theorems; accepted proofs go into the corpus. Again: resumes, or does nothing.

    Examples: flywheel round --name first
              flywheel round --name mine --bench external/mine
              flywheel round --name first --policy-url http://127.0.0.1:8000
              flywheel round --name first --ray auto
    """
    require_lean()
    if policy_url and generation is not None:
        raise UserError("--generation and --policy-url are two policies; leave one out")
    server = server_of(policy_url, policy_model, policy_prompt, policy_samples)
    place = Place.of(home, db)
    flags = external.resolve(bench, place, workers)
    from prover.cli import work

    settings = settings_of(config, name, place, flags, workers=workers, device=device, search__kind=search)
    with work.opened(settings, place, "round", backend, ray) as flywheel:
        if not flywheel.corpus.theorems(settings.benchmark, "train"):
            raise UserError(
                f"{settings.benchmark} has no train theorems; `flywheel bench load --split train` makes some"
            )
        number = work.newest(flywheel) if generation is None else generation
        before = work.count_proofs(flywheel)
        if server is not None:
            flywheel.search_with(server.limited_to(flywheel.actions.repertoire.allows))
        elif number is None:
            flywheel.begin()
        else:
            flywheel.search(number)
        outcome = {
            "generation": None if server else number,
            "model": server.name if server else None,
            "proofs_before": before,
            "proofs": work.count_proofs(flywheel),
        }
    if json:
        emit_json(outcome)
    else:
        model = "round 0 (seeds, portfolio-1, grammar)" if number is None else f"a round with M_{number}"
        model = f"a round with {server.name}" if server else model
        console.print(f"{model}: {outcome['proofs']} proofs in the corpus, {before} before")
