"""The options that the loop's commands share, and a run's settings from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from prover.cli import external
from prover.cli.context import Place

if TYPE_CHECKING:
    from training.config import FlywheelConfig


NameOption = Annotated[str | None, typer.Option("--name", "-n", help="The run's name.")]
SeedOption = Annotated[int | None, typer.Option("--seed")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", "-j", min=1, help="Lean workers that search; default: cores.")
]
BackendOption = Annotated[
    Literal["embedded", "dojo"],
    typer.Option(help="Search in the Lean workers directly, or through LeanDojo's own Dojo; verified alike."),
]
BenchOption = Annotated[
    str | None,
    typer.Option(
        "--bench",
        help="lean-core, lean-std, lean-logic[-rungs], external/NAME (`bench list` has all), or a path to load.",
    ),
]


def settings_of(
    config: Path | None, name: str | None, workers: int | None, place: Place, flags: dict[str, Any] | None = None
) -> FlywheelConfig:
    """A run's settings. The benchmark is the one in `flags`, or else the one that the run was started on."""
    from prover.cli import work

    settings = work.FlywheelConfig.load(config, name=name, workers=workers)
    if not (flags and flags["benchmark"]):
        flags = external.flags_of_run(settings.name, place)
    return work.FlywheelConfig.load(config, name=name, workers=workers, **flags)
