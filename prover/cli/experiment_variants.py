"""What `flywheel experiment variants` does once its options are read."""

from __future__ import annotations

from prover.cli.context import Place
from prover.cli.output import UserError, console, emit_json, errors
from prover.cli.work import opened
from training.config import FlywheelConfig
from training.experiments.at_test_time import NothingToTry, Trial, TrialSettings
from training.experiments.at_test_time_report import as_json, render


def compare(settings: FlywheelConfig, wanted: TrialSettings, place: Place, json: bool) -> None:
    """Raises UserError where there is nothing to compare."""
    with place.corpus() as corpus:
        known = [run.name for run in corpus.runs()]
    if settings.name not in known:
        raise UserError(f"there is no run {settings.name!r} whose model could be tried; `flywheel run` makes one")
    with opened(settings, place, settings.name) as flywheel:
        trial = Trial(flywheel, wanted, place.home / "variants" / settings.name)
        try:
            for found in trial.rows():
                errors.print(
                    f"{settings.name}: {len(found.pairs)} of {found.wanted} statements, won : lost {found.wins} : "
                    f"{found.losses}",
                    markup=False,
                )
        except NothingToTry as error:
            raise UserError(str(error)) from error
    if json:
        emit_json(as_json(found))
        return
    console.print(render(found))
