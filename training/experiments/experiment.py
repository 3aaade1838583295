"""One configuration over several seeds: what the loop adds to its frozen twin, with the spread between runs beside it.

    experiment = run_seeds(config, [0, 1, 2], lean, corpus, place.models)          # flywheel experiment --seeds 3

Each seed is a run of its own, `NAME-s0`, `NAME-s1`, ..., on the same held-out theorems: paired by seed with the M_0
that it started from. Killed and called again it goes on where it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.records import RoundKind
from corpus.round_results import proofs_in
from corpus.store import Corpus
from prover.evaluation.decided import Side, sides_of
from prover.evaluation.evaluate import Evaluation
from prover.evaluation.height import rungs_of
from prover.evaluation.statistics import Interval, two_way_interval, two_way_sum_interval
from prover.lean import Lean
from training.config import FlywheelConfig
from training.events import Event, say_nothing
from training.experiments.beginning import begin_like
from training.flywheel import Flywheel
from training.meter import Busy

BASELINE = "M_0"


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm on one stratum over all seeds. `solved`: by seed. `difference`: mean rate minus that of M_0 of the same
    seed, None for M_0 itself. `length`: mean steps of its proofs (nan without any), `steps`, `seconds`: mean tactic
    steps and processor seconds a theorem."""

    stratum: str
    arm: str
    theorems: int
    solved: tuple[int, ...]
    interval: Interval
    difference: float | None
    difference_interval: Interval | None
    length: float
    steps: float
    seconds: float

    @property
    def rate(self) -> float:
        return sum(self.solved) / (len(self.solved) * self.theorems)

    @property
    def resolved(self) -> bool:
        return self.difference_interval is not None and not (
            self.difference_interval.low <= 0 <= self.difference_interval.high
        )


@dataclass(frozen=True, slots=True)
class Climbed:
    """One arm's height over all seeds, on statements in rungs (`prover.evaluation.height`). `rates`: mean solve rate by
    rung. The difference is to M_0 of the same seed, None for M_0 itself."""

    arm: str
    rates: dict[int, float]
    by_seed: tuple[float, ...]
    interval: Interval
    difference: float | None
    difference_interval: Interval | None

    @property
    def height(self) -> float:
        return sum(self.rates.values())


@dataclass(frozen=True)
class SeedRun:
    """One run: its evaluations (one a stratum), each arm's proofs by theorem as (steps, text), where its time went."""

    number: int
    evaluations: tuple[Evaluation, ...]
    proofs: dict[str, dict[str, tuple[int, str]]]
    phases: dict[str, Busy]


@dataclass(frozen=True)
class Experiment:
    """All seeds of one configuration."""

    name: str
    seeds: tuple[SeedRun, ...]
    #: Of held-out theorems that have one, the theorem that says the opposite, and the statement's grade.
    sides: Mapping[str, Side] = field(default_factory=dict)

    @property
    def strata(self) -> list[str]:
        return [evaluation.stratum for evaluation in self.seeds[0].evaluations]

    @cached_property
    def cells(self) -> list[Cell]:
        """Stratum by stratum, arms in the order in which they ran."""
        return [
            self._cell(number, arm.name)
            for number, evaluation in enumerate(self.seeds[0].evaluations)
            for arm in evaluation.arms
        ]

    def cell(self, stratum: str, arm: str) -> Cell:
        return next(cell for cell in self.cells if (cell.stratum, cell.arm) == (stratum, arm))

    def climbed(self, stratum: str) -> list[Climbed]:
        """The heights of all arms on a stratum, none where its theorems are in no rungs."""
        evaluations = [next(e for e in seed.evaluations if e.stratum == stratum) for seed in self.seeds]
        arms = [arm.name for arm in evaluations[0].arms]
        rungs = rungs_of(evaluations[0].arms[0])
        common = set.intersection(*(set(e.arms[0].outcomes) for e in evaluations))
        kept = {rung: [name for name in names if name in common] for rung, names in rungs.items()}
        tables = {
            arm: {
                rung: np.array([[float(name in e.arm(arm).solved) for name in names] for e in evaluations])
                for rung, names in kept.items()
                if names
            }
            for arm in arms
        }
        return [self._climbed(arm, tables[arm], tables[BASELINE]) for arm in arms] if rungs else []

    @staticmethod
    def _climbed(
        arm: str, solved: dict[int, npt.NDArray[np.float64]], baseline: dict[int, npt.NDArray[np.float64]]
    ) -> Climbed:
        more = None if arm == BASELINE else [solved[rung] - baseline[rung] for rung in solved]
        by_seed = sum(values.mean(axis=1) for values in solved.values())
        return Climbed(
            arm=arm,
            rates={rung: float(values.mean()) for rung, values in solved.items()},
            by_seed=tuple(float(height) for height in np.asarray(by_seed)),
            interval=two_way_sum_interval(list(solved.values())),
            difference=None if more is None else float(sum(values.mean() for values in more)),
            difference_interval=None if more is None else two_way_sum_interval(more),
        )

    def noise_floor(self, stratum: str, arm: str) -> float:
        """Mean difference between the rates of two runs of the same arm that differ in the seed alone (nan for one)."""
        cell = self.cell(stratum, arm)
        pairs = [abs(a - b) / cell.theorems for a, b in combinations(cell.solved, 2)]
        return float(np.mean(pairs)) if pairs else float("nan")

    def _table(self, stratum: int, arm: str) -> npt.NDArray[np.float64]:
        """(seeds, theorems): 1 where solved. Theorems without a verdict in some seed are left out."""
        evaluations = [seed.evaluations[stratum] for seed in self.seeds]
        common = sorted(set.intersection(*(set(e.arm(BASELINE).outcomes) for e in evaluations)))
        return np.array([[float(name in e.arm(arm).solved) for name in common] for e in evaluations])

    def _cell(self, stratum: int, arm: str) -> Cell:
        solved, baseline = self._table(stratum, arm), self._table(stratum, BASELINE)
        evaluations = [seed.evaluations[stratum] for seed in self.seeds]
        difference = None if arm == BASELINE else solved - baseline
        lengths = [
            seed.proofs[arm][name][0]
            for seed, evaluation in zip(self.seeds, evaluations, strict=True)
            for name in evaluation.arm(arm).solved
        ]
        outcomes = [outcome for e in evaluations for outcome in e.arm(arm).outcomes.values()]
        return Cell(
            stratum=evaluations[0].stratum,
            arm=arm,
            theorems=solved.shape[1],
            solved=tuple(int(row.sum()) for row in solved),
            interval=two_way_interval(solved),
            difference=None if difference is None else float(difference.mean()),
            difference_interval=None if difference is None else two_way_interval(difference),
            length=float(np.mean(lengths)) if lengths else float("nan"),
            steps=float(np.mean([outcome.steps for outcome in outcomes])),
            seconds=float(np.mean([outcome.cpu_seconds for outcome in outcomes])),
        )


def run_seeds(
    config: FlywheelConfig,
    seeds: Sequence[int],
    lean: Lean,
    corpus: Corpus,
    models: Callable[[str], Path],
    report: Callable[[Event], None] = say_nothing,
    stop: threading.Event | None = None,
    before: Callable[[str], Mapping[str, Busy]] = lambda _run: {},
) -> Experiment:
    """Runs every seed to its end, in order, or reads what there is of it; `models` gives a run's folder. `before` is
    called with its name and says where time went on it elsewhere. Raises what Flywheel.run raises."""
    done = []
    for one in seeded(config, seeds):
        elsewhere = before(one.name)
        run = run_seed(one, lean, corpus, models, report, stop)
        done.append(replace(run, phases={**run.phases, **elsewhere}))
    return Experiment(config.name, tuple(done), sides_of(corpus.theorems(config.benchmark, config.evaluation.split)))


def seeded(config: FlywheelConfig, seeds: Sequence[int]) -> list[FlywheelConfig]:
    """The settings of a run for each seed."""
    return [config.model_copy(update={"name": f"{config.name}-s{number}", "seed": number}) for number in seeds]


def run_seed(
    config: FlywheelConfig,
    lean: Lean,
    corpus: Corpus,
    models: Callable[[str], Path],
    report: Callable[[Event], None] = say_nothing,
    stop: threading.Event | None = None,
    baselines: bool = True,
    like: Sequence[FlywheelConfig] = (),
) -> SeedRun:
    """One run to its end; `baselines` as in Flywheel. It begins as one of `like`, where it can
    (training/experiments/beginning.py). Raises what Flywheel.run raises."""
    name, stop, report = config.name, stop or threading.Event(), _named(report, config.name)
    flywheel = Flywheel(config, lean, corpus, models(name), report, stop, baselines=baselines)
    if (taken := begin_like(like, config, corpus, models(name))) is not None:
        report(Event("M_0", taken, lasting=True))
    turns = flywheel.run()
    evaluations = flywheel.evaluate(*(turn.generation.number for turn in turns), last=True)
    return SeedRun(config.seed, evaluations, evaluation_proofs(corpus, name), dict(flywheel.meter.phases))


def _named(report: Callable[[Event], None], name: str) -> Callable[[Event], None]:
    """Says of which run it is; what stays to be read says so itself."""

    def named(event: Event) -> None:
        note = f"{name}: {event.note}" if event.lasting else event.note
        report(replace(event, phase=f"{name} {event.phase}", note=note))

    return named


def evaluation_proofs(corpus: Corpus, run: str) -> dict[str, dict[str, tuple[int, str]]]:
    """The proofs of each arm's evaluations: arm -> theorem -> (steps, Lean text)."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for round in corpus.rounds(run, RoundKind.EVAL):
        found.setdefault(round.arm, {}).update(proofs_in(corpus, round))
    return found
