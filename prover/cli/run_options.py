"""The options that the loop's commands share, and a run's settings from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
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
SearchOption = Annotated[
    Literal["best-first", "andor", "samples"] | None,
    typer.Option(
        "--search",
        help="best-first; andor: each goal by itself; samples: no search, proofs are drawn. Default: the settings'.",
    ),
]
RecipeOption = Annotated[
    str | None, typer.Option(help="How a generation is made of what was accepted (docs/RECIPES.md).")
]
WithoutOption = Annotated[
    list[str] | None, typer.Option(metavar="STEP", help="Leave out a step of the recipe; may be given again.")
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="Where a language model runs and is trained: cpu (the default), cuda, cuda:1, mps."),
]
PolicyUrlOption = Annotated[
    str | None,
    typer.Option(help="An OpenAI-compatible server's model as the policy; its key: FLYWHEEL_POLICY_KEY."),
]
PolicyModelOption = Annotated[
    str | None, typer.Option(help="Which model of the server at --policy-url; needed where it has several.")
]
PolicyPromptOption = Annotated[
    str | None, typer.Option(help="What that model is shown: a text with {state}, {goal}, {header}, {name} in it.")
]
PolicySamplesOption = Annotated[int | None, typer.Option(min=1, help="Tactics that it is asked for a state.")]
RayOption = Annotated[
    str | None,
    typer.Option("--ray", help="Search on a Ray cluster: auto (this machine's), or HOST:PORT. docs/CLUSTER.md."),
]
BenchOption = Annotated[
    str | None,
    typer.Option(
        "--bench",
        help="lean-core, lean-std, lean-logic[-rungs], external/NAME (`bench list` has all), or a path to load.",
    ),
]


def settings_of(
    config: Path | None,
    name: str | None,
    place: Place,
    flags: Mapping[str, Any] = MappingProxyType({}),
    *,
    create: bool = True,
    **more: Any,
) -> FlywheelConfig:
    """A run's settings. Without a `config` a run that is there has those that it was started with; with one its
    benchmark is that in `flags`, or else the one that it was started on. `more`: options of the command.

    Raises CorpusError where there is no corpus yet and `create` is false."""
    from prover.cli import work

    settings = work.FlywheelConfig.load(config, name=name, **more, **flags)
    with place.corpus(create=create) as corpus:
        started = next((run.config for run in corpus.runs() if run.name == settings.name), None)
    if started is None:
        return settings
    if config is None:
        return work.FlywheelConfig.load(started=started, name=name, **more, **flags)
    if not flags.get("benchmark"):
        flags = external.resolve(started["benchmark"], place, None)
    return work.FlywheelConfig.load(config, name=name, **more, **flags)
