"""The one screen that `run`, `experiment` and `demo` end with: which files to open, which commands to try next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from prover.actions.repertoire import LIBRARY
from prover.benchmarks.registry import benchmark_of
from prover.cli.context import DEFAULT_HOME, Place
from prover.cli.output import console
from training.experiments.ending import Ending
from training.experiments.screen import Hint, Screen

if TYPE_CHECKING:
    from training.config import FlywheelConfig
    from training.experiments.run_report import RunReport

_WHY = {
    "curve.png": "the curve",
    "table.txt": "all tables, paired",
    "examples.md": "the new proofs, whole",
}


def show_screen(screen: Screen) -> None:
    """Prints it as the terminal can: without Unicode where that has none."""
    text = screen.text(ascii_only=console.options.ascii_only)
    console.print(text, markup=False, soft_wrap=True, end="")


def run_screen(report: RunReport, settings: FlywheelConfig, place: Place, seconds: float) -> Screen:
    """The end of `flywheel run`."""
    number = max((rise.generations[-1] for rise in report.ending.rises), default=0)
    model = place.models(settings.name) / f"M_{number}"
    if benchmark_of(settings.benchmark).repertoire is LIBRARY:
        use = Hint(f"flywheel prove FILE.lean --model {_quoted(model)}", "your own file")
    else:
        use = Hint(f"flywheel eval --name {settings.name} --split test{_at(place)}", "held-out theorems never used")
    commands = (
        Hint(f"flywheel corpus list --run {settings.name}{_at(place)}", "the proofs it found"),
        use,
        Hint(f"flywheel experiment --bench {settings.benchmark}{_at(place)}", "three seeds"),
    )
    title = f"Run {settings.name}: {settings.benchmark}, {settings.evaluation.split}, {_minutes(seconds)}"
    return Screen(title, report.ending, _files(place.home / "reports" / settings.name), commands)


def experiment_screen(ending: Ending, settings: FlywheelConfig, seeds: int, place: Place, seconds: float) -> Screen:
    """The end of `flywheel experiment`."""
    first = f"{settings.name}-s0"
    commands = (
        Hint(f"flywheel runs list{_at(place)}", "each seed's run"),
        Hint(f"flywheel corpus list --run {first}{_at(place)}", "the proofs of one"),
        Hint(f"flywheel eval --name {first} --split test{_at(place)}", "its generations on test"),
    )
    title = (
        f"Experiment {settings.name}: {settings.benchmark}, {settings.evaluation.split}, {seeds} seeds, "
        f"{_minutes(seconds)}"
    )
    return Screen(title, ending, _files(place.home / "reports" / settings.name), commands)


def demo_screen(
    reports: list[RunReport], settings: list[FlywheelConfig], subset: str, place: Place, seconds: float
) -> Screen:
    """The end of `flywheel demo`: both runs on one screen."""
    ending = reports[0].ending + reports[1].ending
    logic, core = (place.home / "reports" / each.name for each in settings)
    files = (
        Hint(_quoted(logic / "curve.png"), "lean-logic's curve"),
        Hint(_quoted(logic / "examples.md"), "the new proofs, whole"),
        Hint(_quoted(core / "table.txt"), "lean-core's tables"),
    )
    model = place.models(settings[1].name) / f"M_{settings[1].generations}"
    commands = (
        Hint(f"flywheel corpus list{_at(place)}", "what was proved"),
        Hint(f"flywheel prove '1 + 1 = 2' --model {_quoted(model)}", "with it"),
        Hint("flywheel run --bench lean-logic --name first", "a longer run"),
    )
    title = f"Demo, subset {subset}: {_minutes(seconds)}"
    return Screen(title, ending, files, commands)


def _files(folder: Path) -> tuple[Hint, ...]:
    return tuple(Hint(_quoted(folder / name), why) for name, why in _WHY.items())


def _at(place: Place) -> str:
    """The options that name this place, '' for the usual one."""
    home = "" if place.home == DEFAULT_HOME else f" --home {_quoted(place.home)}"
    database = "" if place.database == str(place.home / "corpus.db") else f" --db {shlex.quote(place.database)}"
    return home + database


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _minutes(seconds: float) -> str:
    return f"this call took {seconds / 60:.1f} minutes"
