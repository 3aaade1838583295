"""`flywheel train`: the next generation."""

from __future__ import annotations

from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.run_options import NameOption, WorkersOption, settings_of


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
    settings = settings_of(config, name, workers, place)
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
