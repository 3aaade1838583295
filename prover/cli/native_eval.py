"""`flywheel eval --toolchain native`: a benchmark's statements in the user's own Lean."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from corpus.records import AttemptStatus
from lean_env.benchmark.external import Row, UnknownField, Unreadable, default_name
from lean_env.benchmark.external.reading import read_benchmark
from lean_env.theorem import Theorem
from prover.cli.context import Place
from prover.cli.native import LIMITS, opened
from prover.cli.native_options import NativeOptions
from prover.cli.output import Ticker, UserError, console, counted, emit_json
from prover.cli.policies import policy_of
from prover.evaluation.evaluate import Arm
from prover.lean import Lean
from prover.native.evaluation import Journal, NativeAttempt, OtherSettings, evaluate_natively, native_theorems
from prover.native.prove import native_space
from prover.policies.portfolio import PORTFOLIO_EDGES, PortfolioPolicy
from prover.policies.server.policy import ServerPolicy
from prover.rounds.round import stop_on_signals
from prover.search.budget import Budget
from prover.search.streams import stream_seed
from training.config import FlywheelConfig
from training.events import Interrupted
from training.experiments.run_report import write_report


def evaluate(
    path: Path,
    options: NativeOptions,
    settings: FlywheelConfig,
    count: int | None,
    models: Sequence[str | ServerPolicy],
    place: Place,
    json: bool,
) -> None:
    """Portfolio search and each model on `count` theorems of the benchmark at `path`, None for all. Attempts go to
    HOME/reports/native-NAME-SPLIT as they end; the same command goes on where it was. Raises UserError,
    NativeUnavailable, Interrupted."""
    try:
        reading = read_benchmark(path)
    except (Unreadable, UnknownField, OSError) as error:
        raise UserError(f"--toolchain native reads the benchmark's own files: {error}") from error
    wanted = settings.evaluation
    theorems, unusable = _stated([row for row in reading.rows if row.split == wanted.split])
    if not theorems:
        splits = Counter(row.split for row in reading.rows)
        raise UserError(f"{path} has no {wanted.split} theorems that can be stated; its splits: {dict(splits)}")
    theorems.sort(key=lambda forms: stream_seed("sample", "evaluation", forms[0].name))
    theorems = theorems[:count]
    folder = place.home / "reports" / f"native-{default_name(path)}-{wanted.split}"
    stop = threading.Event()
    with (
        Lean(workers=1, limits=LIMITS) as lean,
        opened(options, LIMITS) as native,
        Ticker(f"native {path.name}") as tick,
        stop_on_signals(stop),
    ):
        about = {
            "benchmark": reading.digest,
            "split": wanted.split,
            "lean": native.project.version,
            "repository": str(native.project.root),
            "steps": wanted.steps,
            "seed": settings.seed,
            "search": settings.search.stored(),
        }
        try:
            with Journal.open(folder / "attempts.jsonl", about) as journal:
                evaluation = evaluate_natively(
                    _arms(lean, settings, models),
                    theorems,
                    native,
                    lean,
                    journal,
                    benchmark=f"{default_name(path)} in Lean {native.project.version}",
                    split=wanted.split,
                    seed=settings.seed,
                    workers=settings.workers,
                    stop=stop,
                    on_progress=lambda arm, solved, done, total: tick(f"{arm}: {solved} of {done} solved", done, total),
                )
                attempts = list(journal.attempts)
        except OtherSettings as error:
            raise UserError(str(error)) from error
    if stop.is_set():
        raise Interrupted(f"interrupted after {len(attempts)} attempts; the same command goes on")
    result = write_report([evaluation], {}, f"{evaluation.benchmark}, {wanted.split}: not certified", folder)
    latest = list({(a.arm, a.outcome.theorem): a for a in attempts}.values())
    if json:
        emit_json({**result.as_json(), "attempts": latest, "not_attempted": unusable})
        return
    console.print(result.render())
    _print_words(latest, unusable)
    for file in (folder / "attempts.jsonl", *result.files):
        console.print(str(file), soft_wrap=True)


def _stated(rows: Sequence[Row]) -> tuple[list[tuple[Theorem, ...]], dict[str, str]]:
    """What can be attempted, and why the other rows cannot."""
    stated, unusable = [], {}
    for row in rows:
        try:
            stated.append(native_theorems(row))
        except ValueError as error:
            unusable[row.name] = str(error)
    return stated, unusable


def _arms(lean: Lean, settings: FlywheelConfig, models: Sequence[str | ServerPolicy]) -> list[Arm]:
    space, budget, search = native_space(lean), Budget(settings.evaluation.steps), settings.search.as_search()
    wide = replace(search, edges_per_state=PORTFOLIO_EDGES)
    arms = [Arm("portfolio", PortfolioPolicy(space), budget, wide, source="portfolio")]
    for model in models:
        policy = policy_of(model, space)
        about = {"model": _place(model)} if isinstance(model, str) else model.settings
        arms.append(Arm(policy.name, policy, budget, search, settings=about))
    if len({arm.name for arm in arms}) < len(arms):
        raise UserError("two models of one name; evaluate them by two commands")
    return arms


def _place(model: str) -> str:
    return str(Path(model).resolve()) if Path(model).exists() else model


def _print_words(attempts: Sequence[NativeAttempt], unusable: dict[str, str]) -> None:
    """Whose word the proofs are, and what was not attempted."""
    verdicts = Counter(f"{a.arm}: {a.verdict}" for a in attempts if a.tactics)
    console.print(counted("solved", sorted(verdicts.items())))
    refused = Counter(a.verdict.splitlines()[0] for a in attempts if a.outcome.status is AttemptStatus.ERROR)
    if reasons := (refused + Counter(unusable.values())).most_common():
        console.print(counted("not attempted, because", reasons))
