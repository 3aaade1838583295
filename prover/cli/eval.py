"""`flywheel eval`: generations on held-out theorems of the run's benchmark, of another one, or in one's own Lean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prover.cli import external
from prover.cli.context import DEFAULT_HOME, ConfigOption, DatabaseOption, HomeOption, JsonOption, Place, require_lean
from prover.cli.native_options import (
    NativeOptions,
    ReplOption,
    RepoOption,
    ToolchainOption,
    TrustOption,
    native_options,
)
from prover.cli.output import UserError
from prover.cli.policies import check_models, server_of
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

if TYPE_CHECKING:
    from prover.policies.server.policy import ServerPolicy
    from training.config import FlywheelConfig, SearchSettings
    from training.experiments.run_report import RunReport
    from training.flywheel import Flywheel


def eval_(
    config: ConfigOption = None,
    name: NameOption = None,
    split: Annotated[
        str | None, typer.Option(help="valid or test; each evaluation on test is counted for ever.")
    ] = None,
    stratum: Annotated[
        list[str] | None,
        typer.Option(help="easy, hard, opaque; same-size, beyond; or all. Repeatable: each by itself."),
    ] = None,
    theorems: Annotated[int | None, typer.Option(min=1)] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Tactic steps a theorem.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Also this model: a generation's folder of another run, or a causal language model. Repeatable."
        ),
    ] = None,
    policy_url: PolicyUrlOption = None,
    policy_model: PolicyModelOption = None,
    policy_prompt: PolicyPromptOption = None,
    policy_samples: PolicySamplesOption = None,
    portfolio: Annotated[
        bool,
        typer.Option("--portfolio", help="Portfolio search, alone or beside --policy-url: no trained run is needed."),
    ] = False,
    bench: BenchOption = None,
    search: SearchOption = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="FIELD=VALUE",
            help="Of [search], in the settings' place: invertible=true, value=0.1, max_depth=160. Repeatable.",
        ),
    ] = None,
    whole_budget: Annotated[
        bool,
        typer.Option(
            "--whole-budget",
            help="Also M_0 with the steps of all the run's rounds on top, and the newest generation with as many.",
        ),
    ] = False,
    arm: Annotated[
        list[str] | None,
        typer.Option(help="Of these the arms of this name or pattern alone: M_3, 'portfolio*'. Repeatable."),
    ] = None,
    workers: WorkersOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    backend: BackendOption = "embedded",
    toolchain: ToolchainOption = "embedded",
    repo: RepoOption = None,
    repl: ReplOption = None,
    trust: TrustOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """All generations of a run beside grammar, portfolio-1 and portfolio search, on held-out theorems of the run's
    benchmark or of another one. --search and --with say with which other search the newest generation is tried, too.

    With --toolchain native, portfolio search and each --model on the files at --bench in your own Lean. Nothing of it
    enters the corpus, because the gate certifies proofs over the embedded library only.

    Examples: flywheel eval --name first --split test --theorems 200 --steps 128
              flywheel eval --name first --search andor --with invertible=true
              flywheel eval --name first --whole-budget
              flywheel eval --name first --steps 512 --arm 'portfolio*' --arm M_3
              flywheel eval --name first --bench miniF2F-lean4 --split valid
              flywheel eval --portfolio --bench external/mine --theorems 1000 --steps 256
              flywheel eval --name first --policy-url http://127.0.0.1:8000 --policy-model my-prover
              flywheel eval --toolchain native --repo my-project --bench miniF2F-lean4 --split valid
    """
    require_lean()
    if ray and toolchain == "native":
        raise UserError("--toolchain native searches on this machine alone; leave out --ray")
    fields = {**({"kind": search} if search else {}), **_fields(with_ or [])}
    place = Place.of(home, db)
    check_models(model or [])
    if portfolio and model:
        raise UserError("--portfolio evaluates no model; leave out --portfolio or --model")
    if whole_budget and (portfolio or toolchain == "native"):
        other = "--portfolio" if portfolio else "--toolchain native"
        raise UserError(f"--whole-budget compares generations of a run; leave out --whole-budget or {other}")
    if arm and (portfolio or toolchain == "native"):
        raise UserError("--arm chooses among the arms of a run; leave it out where there is no run")
    server = server_of(policy_url, policy_model, policy_prompt, policy_samples)
    models: list[str | ServerPolicy] = [*(model or []), *([server] if server else [])]
    elsewhere = external.resolve(bench, place, workers) if bench and toolchain == "embedded" else None
    from prover.cli import work

    if (native := native_options(toolchain, repo, repl, trust)) is not None:
        native_settings = work.FlywheelConfig.load(
            config, workers=workers, evaluation__split=split or "test", evaluation__steps=steps
        )
        native_settings = native_settings.model_copy(update={"search": native_settings.search.changed(fields)})
        return _in_own_lean(bench, native, native_settings, theorems, models, place, json)
    settings = settings_of(config, name or ("portfolio" if portfolio else None), place, workers=workers, device=device)
    changes = {
        "split": split,
        "strata": tuple(stratum) if stratum else None,
        "theorems": theorems,
        "steps": steps,
        "whole_budget": whole_budget,
    }
    otherwise = settings.search.changed(fields)
    if portfolio:
        settings = settings.model_copy(update={"search": otherwise})
    with work.opened(settings, place, "eval", backend, ray) as flywheel:
        numbers = [] if portfolio else _trained(flywheel)
        if elsewhere is not None:
            settings, changes = _moved(flywheel, settings, changes, elsewhere)
        words = (settings.benchmark,) if elsewhere is not None else ()
        tried = _Tried(numbers, models, otherwise, arm or [])
        report = _evaluated(flywheel, tried, settings, changes, place.home / "reports", words)
    work.show(report, json)


def _moved(
    flywheel: Flywheel, settings: FlywheelConfig, changes: dict[str, Any], elsewhere: dict[str, Any]
) -> tuple[FlywheelConfig, dict[str, Any]]:
    """Settings and changes for the benchmark of `elsewhere` (`external.resolve`), which is put into the corpus where it
    is not there yet."""
    from prover.benchmarks.registry import register

    benchmark = elsewhere["benchmark"]
    register(flywheel.corpus, benchmark, flywheel.lean)
    changes = {**changes, "strata": changes["strata"] or elsewhere.get("evaluation__strata")}
    if changes["split"] is None and not flywheel.corpus.theorems(benchmark, settings.evaluation.split):
        changes["split"] = "test"  # where files name no split, all is test
    return settings.model_copy(update={"benchmark": benchmark}), changes


def _in_own_lean(
    bench: str | None,
    options: NativeOptions,
    settings: FlywheelConfig,
    theorems: int | None,
    models: Sequence[str | ServerPolicy],
    place: Place,
    json: bool,
) -> None:
    """Portfolio search and each model on the files at `bench`, in the user's own Lean."""
    from prover.cli import native_eval

    if bench is None:
        raise UserError("--toolchain native needs --bench: a path to a benchmark's files")
    native_eval.evaluate(Path(bench), options, settings, theorems, models, place, json)


def _fields(given: Sequence[str]) -> dict[str, str]:
    """FIELD=VALUE, each by itself. Raises UserError."""
    fields = dict(one.split("=", 1) for one in given if "=" in one)
    if len(fields) < len(given):
        raise UserError("--with takes FIELD=VALUE, each field once: --with invertible=true")
    return fields


def _trained(flywheel: Flywheel) -> list[int]:
    """The numbers of the run's finished generations. Raises UserError where there is none."""
    name = flywheel.config.name
    numbers = [record.number for record in flywheel.corpus.generations(name) if record.finished_at]
    if not numbers:
        raise UserError(
            f"run {name!r} has no trained generation; `flywheel run` or `flywheel train` makes one, and "
            "--portfolio needs none"
        )
    return numbers


@dataclass(frozen=True, slots=True)
class _Tried:
    """What is tried: generations by `numbers`, none of them for portfolio search alone, and `models`; the newest
    generation also by the search `otherwise`. `arms`: names and patterns of those that are wanted, all if there are
    none."""

    numbers: Sequence[int]
    models: Sequence[str | ServerPolicy]
    otherwise: SearchSettings
    arms: Sequence[str]


def _evaluated(
    flywheel: Flywheel,
    tried: _Tried,
    settings: FlywheelConfig,
    changes: dict[str, Any],
    reports: Path,
    words: tuple[str, ...],
) -> RunReport:
    """What is tried, on held-out theorems of the settings' benchmark. The report is in a folder under `reports` named
    after the run, `words`, split and strata."""
    from prover.benchmarks.labels import contradicted
    from prover.cli import work
    from prover.cli.output import errors
    from prover.cli.policies import policy_of
    from prover.evaluation.decided import sides_of

    evaluation = settings.evaluation.model_copy(update={k: v for k, v in changes.items() if v is not None})
    flywheel.use(settings.model_copy(update={"evaluation": evaluation}))
    if not flywheel.corpus.theorems(settings.benchmark, evaluation.split):
        raise UserError(f"{settings.benchmark} has no {evaluation.split} theorems; --split names another split")
    guests = [policy_of(source, flywheel.actions, settings.device) for source in tried.models]
    if tried.numbers:
        evaluations = flywheel.evaluate(
            *tried.numbers, guests=guests, searches=[tried.otherwise], last=True, only=tried.arms
        )
    else:
        evaluations = flywheel.evaluate_portfolio(guests)
    folder = "-".join(
        (settings.name if tried.numbers else "portfolio", *words, evaluation.split, *evaluation.strata)
    ).replace("/", "-")
    run = f"run {settings.name}, " if tried.numbers else ""
    title = f"{run}{settings.benchmark}, {evaluation.split}"
    theorems = flywheel.corpus.theorems(settings.benchmark, evaluation.split)
    contradictions = contradicted(flywheel.corpus, theorems)
    apart = {name for one in contradictions for name in one.theorems}
    notes = [one.text for one in contradictions]
    for note in notes:
        errors.print(note, style="bold red")
    return work.write_report(
        [one.without(apart) for one in evaluations],
        flywheel.meter.phases,
        title,
        reports / folder,
        notes=notes,
        sides=sides_of(theorems),
    )
