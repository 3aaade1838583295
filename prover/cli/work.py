"""What the loop's commands do once their options are read: the part that imports Lean, torch and the corpus.

Apart from the options so that `flywheel --help` and a mistyped option do not wait seconds for torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.climb import climb
from corpus.health import health_of_run
from corpus.query import stats
from corpus.store import Corpus
from corpus.template_use import template_use
from prover.benchmarks.registry import register
from prover.cli.context import Place
from prover.cli.output import Ticker, UserError, console, emit_json, errors
from prover.cli.screens import experiment_screen, show_screen
from prover.evaluation.decided import sides_of
from prover.lean import Backend, Lean
from training.config import FlywheelConfig
from training.events import Event
from training.experiments import ablation_report
from training.experiments.ablation import beginnings, in_order, run_variants
from training.experiments.beginning import worth_waiting
from training.experiments.ending import ending_of_experiment
from training.experiments.experiment import evaluation_proofs, run_seeds, seeded
from training.experiments.recipe_arms import recipe_arms, require_equal
from training.experiments.report import as_json, firsts, write_experiment
from training.experiments.run_report import RunReport, unused_note, write_report
from training.experiments.side_runs import Order, SideRuns
from training.experiments.variants import Variant, variants_of
from training.flywheel import Flywheel
from training.recipes.choice import recipe_of

# Ray is imported where a cluster is asked for.
if TYPE_CHECKING:
    from prover.rounds.cluster import Cluster

__all__ = [
    "FlywheelConfig",
    "ablation",
    "arms_of_recipes",
    "count_proofs",
    "experiment",
    "newest",
    "opened",
    "recipe_of",
    "show",
    "turn_all",
    "variants_of",
    "write_report",
]


@contextmanager
def _at_work(
    config: FlywheelConfig, place: Place, title: str, backend: Backend = "embedded", cluster: str | None = None
) -> Iterator[tuple[Lean, Corpus, Callable[[Event], None]]]:
    """Lean, the corpus with the benchmark in it, and a progress display; all closed afterwards. `cluster`: the address
    of the Ray cluster that searches."""
    with (
        _joined(cluster, backend) as nodes,
        Lean(config.workers, config.limits, backend=backend, cluster=nodes) as lean,
        place.corpus(create=True) as corpus,
        Ticker(title) as tick,
    ):
        tick(f"preparing {config.benchmark}, which takes a while the first time")
        register(corpus, config.benchmark, lean, lambda done, total: tick("reading statements", done, total))

        said: set[str] = set()  # by a run in a process of its own, and again when it is read

        def report(event: Event) -> None:
            line = event.note if event.note.startswith(title) else f"{title}: {event.note}"
            if event.lasting and line not in said:
                said.add(line)
                errors.print(line, markup=False, highlight=False, soft_wrap=True)
            if not event.lasting:
                tick(f"{event.phase}: {event.note}", event.done, event.total)

        yield lean, corpus, report
        tell_what_ran(lean)


@contextmanager
def _joined(address: str | None, backend: Backend) -> Iterator[Cluster | None]:
    if address is None:
        yield None
        return
    if backend == "dojo":
        raise UserError("--backend dojo searches on this machine alone; leave out --ray or --backend")
    try:
        from prover.rounds.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UserError(f"--ray needs Ray: pip install 'lean-flywheel[cluster]' ({error})") from error
    say = partial(errors.print, markup=False, highlight=False, soft_wrap=True)
    with Cluster.join(address, say) as cluster:
        say(f"searching on {len(cluster.cores())} nodes of the Ray cluster, {sum(cluster.cores().values())} cores")
        yield cluster


def tell_what_ran(lean: Lean) -> None:
    """A line for the user when workers were replaced because a tactic ran code of its own."""
    if replaced := sum(counters.ran_code for counters in lean.counters().values()):
        errors.print(
            f"{replaced} Lean workers were replaced, because tactics ran code of their own in them (native_decide, "
            "options that compute). The verdicts on proofs do not depend on these workers; docs/TRUST.md says why."
        )


@contextmanager
def opened(
    config: FlywheelConfig, place: Place, title: str, backend: Backend = "embedded", cluster: str | None = None
) -> Iterator[Flywheel]:
    """A flywheel over this configuration with a progress display; workers and database are closed afterwards."""
    with _at_work(config, place, title, backend, cluster) as (lean, corpus, report):
        yield Flywheel(config, lean, corpus, place.models(config.name), report)


def turn_all(
    settings: FlywheelConfig, place: Place, notes: Sequence[str] = (), cluster: str | None = None
) -> RunReport:
    """The whole loop and its report, written to HOME/reports/NAME with these `notes`."""
    with opened(settings, place, settings.name, cluster=cluster) as flywheel:
        turns = flywheel.run()
        evaluations = flywheel.evaluate(*(turn.generation.number for turn in turns), last=True)
        return write_report(
            evaluations,
            flywheel.meter.phases,
            f"{settings.benchmark}, {settings.evaluation.split}: run {settings.name}",
            place.home / "reports" / settings.name,
            evaluation_proofs(flywheel.corpus, settings.name),
            (*notes, unused_note(template_use(flywheel.corpus, settings.name), flywheel.benchmark.repertoire)),
            climb(flywheel.corpus, settings.name),
            sides_of(flywheel.corpus.theorems(settings.benchmark, settings.evaluation.split)),
            health_of_run(flywheel.corpus, settings.name),
        )


def experiment(settings: FlywheelConfig, seeds: int, place: Place, json: bool, jobs: int = 1) -> None:
    """The loop with seeds 0, 1, ..., `jobs` of them at once; its report in HOME/reports/NAME."""
    started = time.monotonic()
    orders = [_order(one, True, place) for one in seeded(settings, range(seeds))]
    with (
        _at_work(settings, place, settings.name) as (lean, corpus, report),
        SideRuns(orders, jobs, report) as sooner,
    ):
        found = run_seeds(settings, range(seeds), lean, corpus, place.models, report, before=sooner.wait)
    title = f"{settings.benchmark}, {settings.evaluation.split}: {settings.name}, {seeds} seeds"
    files = write_experiment(found, title, place.home / "reports" / settings.name)
    ending = ending_of_experiment(found)
    if json:
        figures = as_json(found, list(firsts(found)))
        emit_json({**figures, "ending": ending.as_json(), "files": [str(file) for file in files]})
        return
    show_screen(experiment_screen(ending, settings, seeds, place, time.monotonic() - started))


def arms_of_recipes(file: Path | None, seeds: int, **given: Any) -> Sequence[Variant]:
    """The arms of a file with `[[arm]]` tables, or every recipe that its settings can have. Raises ConfigError."""
    if file is not None and (variants := variants_of(file, seeds, **given)):
        require_equal(variants)
        return variants
    found = recipe_arms(FlywheelConfig.load(file, **given), seeds)
    for name, why in found.left_out.items():
        errors.print(f"left out: {name}: {why}", markup=False, highlight=False, soft_wrap=True)
    return found.arms


def ablation(variants: Sequence[Variant], place: Place, json: bool, jobs: int = 1) -> None:
    """Each arm with each of its seeds, `jobs` of them at once; the report in HOME/reports/NAME is written anew after
    each of them."""
    settings = variants[0].config
    folder = place.home / "reports" / settings.name
    title = f"{settings.benchmark}, {settings.evaluation.split}: {settings.name}"
    orders = [
        _order(one.run(seed), one is variants[0], place, beginnings(variants, one, seed))
        for one, seed in in_order(variants)
    ]
    with (
        _at_work(settings, place, settings.name) as (lean, corpus, report),
        SideRuns(
            orders,
            jobs,
            report,
            held=lambda order, running: worth_waiting(order.like, order.config, running, corpus),
        ) as sooner,
    ):
        for found in run_variants(variants, lean, corpus, place.models, report, before=sooner.wait):
            files = ablation_report.write_ablation(found, title, folder)
            name, seed = list(found.runs)[-1]
            errors.print(f"{settings.name}: {name} with seed {seed} is done; {len(found.missing)} to go", markup=False)
    if json:
        emit_json({**ablation_report.as_json(found), "files": [str(file) for file in files]})
        return
    console.print(ablation_report.render(found))
    for file in files:
        console.print(str(file), soft_wrap=True)


def _order(config: FlywheelConfig, baselines: bool, place: Place, like: Sequence[FlywheelConfig] = ()) -> Order:
    return Order(config, baselines, place.database, place.models(config.name), tuple(like))


def show(report: RunReport, json: bool) -> None:
    if json:
        emit_json(report.as_json())
        return
    console.print(report.render())
    for file in report.files:
        console.print(str(file), soft_wrap=True)


def newest(flywheel: Flywheel) -> int | None:
    finished = [g.number for g in flywheel.corpus.generations(flywheel.config.name) if g.finished_at]
    return max(finished, default=None)


def count_proofs(flywheel: Flywheel) -> int:
    return stats(flywheel.corpus).proofs
