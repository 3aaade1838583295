"""`flywheel train`: the next generation of a run, or a model from any snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json
from prover.cli.run_options import DeviceOption, NameOption, SeedOption, WorkersOption, settings_of


def train(
    config: ConfigOption = None,
    name: NameOption = None,
    snapshot: Annotated[
        str | None,
        typer.Option(
            help="Train on exactly this frozen set: the beginning of its hash, or a file of `corpus archive`."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --snapshot: the model's folder; default: in HOME/models.")
    ] = None,
    seed: SeedOption = None,
    base: Annotated[Path | None, typer.Option(help="With --snapshot: start from this model's folder.")] = None,
    device: DeviceOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="With --snapshot: go on with a training that was killed.")
    ] = False,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Trains the next generation from base on a snapshot of the run's whole corpus.

    With --snapshot, trains on exactly that snapshot, writes the model to a folder with what it was made from, and
    registers it as the next generation only of a run that --name names. The same snapshot, settings and seed give the
    same bytes on one machine.

    Examples: flywheel train --name first
              flywheel train --snapshot 3fa9c1 --out model --seed 1
              flywheel train --snapshot proofs.zip --out model
    """
    place = Place.of(home, db)
    if snapshot is not None:
        from prover.cli import retrain

        asked = retrain.Asked(snapshot, config, name, out, seed, base, device or "cpu", resume)
        with Ticker("train") as tick:
            made = retrain.run(place, asked, tick)
        if json:
            emit_json(made)
            return
        console.print(
            f"{made.proofs} proofs: {made.folder}\nweights {made.weights_sha256}\nsnapshot {made.snapshot}",
            soft_wrap=True,
        )
        if made.generation is not None:
            console.print(f"registered as M_{made.generation.number} of run {made.generation.run}")
        return
    if any(option is not None for option in (out, seed, base)) or resume:
        raise UserError("--out, --seed, --base and --resume go with --snapshot")
    _next_generation(config, name, workers, device, place, json)


def _next_generation(
    config: Path | None, name: str | None, workers: int | None, device: str | None, place: Place, json: bool
) -> None:
    from prover.cli import work

    settings = settings_of(config, name, place, workers=workers, device=device)
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
