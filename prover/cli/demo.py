"""`flywheel demo`: two loops on fixed settings."""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path

from prover.cli.context import HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json, errors
from prover.cli.run_options import WorkersOption

#: The demo's settings, in order.
DEMO = ("demo_logic.toml", "demo.toml")


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
