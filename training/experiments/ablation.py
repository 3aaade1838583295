"""Arms times seeds: what each setting changes, at equal held-out theorems and steps, read from the corpus.

    for table in run_variants(variants, lean, corpus, place.models): ...          # after each arm and seed

Each arm and seed is a run of its own in the corpus. Its evaluations are stored as they end, so a killed experiment goes
on where it was, and what is done is read. All arms of one seed go before the next seed, so that there is something to
compare early. What has no model runs with the first arm alone. Differences are to the first arm, paired by seed and
theorem, over the seeds that both have.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.climb import climb
from corpus.learned import Learned, learned
from corpus.store import Corpus
from prover.evaluation.evaluate import ArmResult
from prover.evaluation.height import rungs_of
from prover.evaluation.statistics import Interval, two_way_interval, two_way_sum_interval
from prover.lean import Lean
from training.config import FlywheelConfig
from training.events import Event, say_nothing
from training.experiments.experiment import SeedRun, run_seed
from training.experiments.variants import Variant

_GENERATION = re.compile(r"M_(\d+)")


@dataclass(frozen=True, slots=True)
class VariantRun:
    """One arm with one seed. `train_solved`: distinct train theorems that all its rounds together proved, and
    `train_steps` the tactic steps that these took. `learned`: what its models found, and what that took."""

    run: SeedRun
    train_solved: int
    train_steps: int
    learned: Learned


@dataclass(frozen=True, slots=True)
class Figure:
    """A value over seeds and theorems, and the same less the first arm's; None for the first arm itself and where no
    seed has both. `resolved`: the difference's interval lies off zero."""

    value: float
    interval: Interval
    difference: float | None = None
    difference_interval: Interval | None = None

    @property
    def resolved(self) -> bool:
        return self.difference_interval is not None and not (
            self.difference_interval.low <= 0 <= self.difference_interval.high
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a stratum's table. `solved`: by seed, of `theorems`. `height` where the theorems are in rungs.
    `rungs`: the mean solve rate of each rung, {} without. `length`: mean steps of the proofs, nan for none.
    `train_solved`, `train_steps`, `learned`: by seed, none for what is no arm of the experiment. `floor`: mean
    difference between the rates of two seeds, nan for one."""

    label: str
    seeds: tuple[int, ...]
    theorems: int
    solved: tuple[int, ...]
    rate: Figure
    height: Figure | None
    rungs: Mapping[int, float]
    length: float
    train_solved: tuple[int, ...]
    train_steps: tuple[int, ...]
    learned: tuple[Learned, ...]

    @property
    def floor(self) -> float:
        pairs = [abs(a - b) / self.theorems for a, b in combinations(self.solved, 2)]
        return float(np.mean(pairs)) if pairs else float("nan")


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is done so far. `runs`: by arm and seed."""

    name: str
    variants: tuple[Variant, ...]
    runs: Mapping[tuple[str, int], VariantRun]

    @property
    def missing(self) -> list[tuple[str, int]]:
        """Arms and seeds that are still to run."""
        wanted = [(one.name, seed) for one in self.variants for seed in range(one.seeds)]
        return [key for key in wanted if key not in self.runs]

    @property
    def other_bases(self) -> list[str]:
        """The arms that did not begin with the first arm's M_0, by the hash of its weights, with some seed."""
        first = {seed: one.learned.base for (name, seed), one in self.runs.items() if name == self.variants[0].name}
        apart = {name for (name, seed), one in self.runs.items() if one.learned.base != first.get(seed)}
        return [one.name for one in self.variants if one.name in apart]

    @property
    def strata(self) -> list[str]:
        return [evaluation.stratum for evaluation in next(iter(self.runs.values())).run.evaluations]

    def rows(self, stratum: str) -> list[Row]:
        """The arms by their last generations, the first one first; below them what the first one was measured beside:
        M_0, M_0 at the whole budget, the baselines without a model."""
        first = self.variants[0].name
        reference = self._last(first, stratum)
        rows = []
        for variant in self.variants:
            if last := self._last(variant.name, stratum):
                rows.append(self._row(variant.name, last, None if variant.name == first else reference, variant.name))
        for arm in self._beside(first, stratum):
            results = {seed: self._arm(first, seed, stratum, arm) for seed in self._seeds(first)}
            rows.append(self._row(f"{first}: {arm}", results, reference, first, arm=False))
        return rows

    def curve(self, variant: str, stratum: str) -> dict[int, tuple[float, Interval]]:
        """By generation: the height where there are rungs, or else the rate, over the seeds that are done."""
        seeds = self._seeds(variant)
        found = {}
        for arm in self._arms(variant, stratum):
            if match := _GENERATION.fullmatch(arm):
                results = {seed: self._arm(variant, seed, stratum, arm) for seed in seeds}
                row = self._row(arm, results, None, variant, arm=False)
                figure = row.height or row.rate
                found[int(match[1])] = (figure.value, figure.interval)
        return dict(sorted(found.items()))

    def _seeds(self, variant: str) -> list[int]:
        return sorted(seed for name, seed in self.runs if name == variant)

    def _arm(self, variant: str, seed: int, stratum: str, arm: str) -> ArmResult:
        evaluations = self.runs[variant, seed].run.evaluations
        return next(one for one in evaluations if one.stratum == stratum).arm(arm)

    def _arms(self, variant: str, stratum: str) -> list[str]:
        seeds = self._seeds(variant)
        evaluations = self.runs[variant, seeds[0]].run.evaluations if seeds else ()
        return [arm.name for one in evaluations if one.stratum == stratum for arm in one.arms]

    def _last(self, variant: str, stratum: str) -> dict[int, ArmResult]:
        numbers = [int(match[1]) for arm in self._arms(variant, stratum) if (match := _GENERATION.fullmatch(arm))]
        return {seed: self._arm(variant, seed, stratum, f"M_{max(numbers)}") for seed in self._seeds(variant)}

    def _beside(self, variant: str, stratum: str) -> list[str]:
        arms = self._arms(variant, stratum)
        return [arm for arm in arms if arm == "M_0" or not _GENERATION.fullmatch(arm)]

    def _row(
        self,
        label: str,
        results: Mapping[int, ArmResult],
        reference: Mapping[int, ArmResult] | None,
        variant: str,
        arm: bool = True,
    ) -> Row:
        by_rung = _tables(list(results.values()))
        tables = list(by_rung.values())
        both = sorted({*results} & {*(reference or {})})
        apart: list[npt.NDArray[np.float64]] = []
        if reference is not None and both:
            pair = _tables([results[seed] for seed in both] + [reference[seed] for seed in both])
            apart = [values[: len(both)] - values[len(both) :] for values in pair.values()]
        whole = np.concatenate(tables, axis=1)
        runs = [self.runs[variant, seed] for seed in results]
        trained = runs if arm else []
        # A run may have been evaluated on other theorems as well, whose proofs are not this table's.
        proofs = [
            (one.run.proofs.get(result.name, {}), result) for one, result in zip(runs, results.values(), strict=True)
        ]
        lengths = [found[name][0] for found, result in proofs for name in result.solved if name in found]
        return Row(
            label=label,
            seeds=tuple(results),
            theorems=whole.shape[1],
            solved=tuple(int(count) for count in whole.sum(axis=1)),
            rate=_rate(whole, np.concatenate(apart, axis=1) if apart else None),
            height=_height(tables, apart) if len(tables) > 1 else None,
            rungs={rung: float(values.mean()) for rung, values in by_rung.items()} if len(tables) > 1 else {},
            length=float(np.mean(lengths)) if lengths else float("nan"),
            train_solved=tuple(one.train_solved for one in trained),
            train_steps=tuple(one.train_steps for one in trained),
            learned=tuple(one.learned for one in trained),
        )


def _tables(results: Sequence[ArmResult]) -> dict[int, npt.NDArray[np.float64]]:
    """(results, theorems) of each rung, or of all theorems where there are none: 1 where solved. Theorems without a
    verdict in some of the results are left out."""
    common = set.intersection(*(set(one.outcomes) for one in results))
    groups = rungs_of(results[0]) or {0: list(results[0].outcomes)}
    kept = {rung: [name for name in names if name in common] for rung, names in groups.items()}
    return {
        r: np.array([[float(n in one.solved) for n in names] for one in results]) for r, names in kept.items() if names
    }


def _rate(values: npt.NDArray[np.float64], apart: npt.NDArray[np.float64] | None) -> Figure:
    if apart is None:
        return Figure(float(values.mean()), two_way_interval(values))
    return Figure(float(values.mean()), two_way_interval(values), float(apart.mean()), two_way_interval(apart))


def _height(tables: list[npt.NDArray[np.float64]], apart: list[npt.NDArray[np.float64]]) -> Figure:
    height, interval = float(sum(values.mean() for values in tables)), two_way_sum_interval(tables)
    if not apart:
        return Figure(height, interval)
    return Figure(height, interval, float(sum(values.mean() for values in apart)), two_way_sum_interval(apart))


def run_variants(
    variants: Sequence[Variant],
    lean: Lean,
    corpus: Corpus,
    models: Callable[[str], Path],
    report: Callable[[Event], None] = say_nothing,
    stop: threading.Event | None = None,
    before: Callable[[str], object] = lambda _run: None,
) -> Iterator[Ablation]:
    """Runs every arm with every seed, or reads what there is of it; after each of them what is done so far. `before` is
    called with the run's name. Raises what Flywheel.run raises."""
    done: dict[tuple[str, int], VariantRun] = {}
    for variant, seed in in_order(variants):
        config = variant.run(seed)
        before(config.name)
        like = beginnings(variants, variant, seed)
        run = run_seed(config, lean, corpus, models, report, stop, baselines=variant is variants[0], like=like)
        climbed = climb(corpus, config.name)
        solved = sum(climbed[-1].solved.values()) if climbed else 0
        steps = climbed[-1].steps if climbed else 0
        done[variant.name, seed] = VariantRun(run, solved, steps, learned(corpus, config.name))
        yield Ablation(variants[0].config.name, tuple(variants), dict(done))


def beginnings(variants: Sequence[Variant], variant: Variant, seed: int) -> list[FlywheelConfig]:
    """The runs of this seed before the variant's, any of which it may begin like."""
    before = takewhile(lambda one: one is not variant, variants)
    return [one.run(seed) for one in before if seed < one.seeds]


def in_order(variants: Sequence[Variant]) -> list[tuple[Variant, int]]:
    """Arms and seeds as they are run: all arms of one seed, then the next seed."""
    seeds = range(max(one.seeds for one in variants))
    return [(variant, seed) for seed in seeds for variant in variants if seed < variant.seeds]
