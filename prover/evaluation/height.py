"""How high an arm climbs on held-out statements that are graded in rungs.

    heights(evaluation)                    # by arm: solve rate of each rung, their sum, and its interval

*Height* is the sum of the solve rates over the rungs: an arm that proves all of the lowest five rungs and half of the
sixth stands at 5.5. The interval is a bootstrap over the theorems of each rung by itself, so rungs of different numbers
of theorems count alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table

from prover.evaluation.evaluate import ArmResult, Evaluation
from prover.evaluation.statistics import RESAMPLES, Interval

_RUNG = re.compile(r"rung-(\d+)")


@dataclass(frozen=True, slots=True)
class Height:
    """One arm. `solved` and `theorems` are counts by rung. `difference` is the height minus that of the baseline on the
    same theorems, with a paired interval; None for the baseline itself and where it did not run."""

    arm: str
    solved: Mapping[int, int]
    theorems: Mapping[int, int]
    height: float
    interval: Interval
    difference: float | None = None
    difference_interval: Interval | None = None

    @property
    def rates(self) -> dict[int, float]:
        """Solve rate of each rung."""
        return {rung: self.solved[rung] / theorems for rung, theorems in self.theorems.items()}


def heights(evaluation: Evaluation, baseline: str = "M_0") -> list[Height]:
    """Of every arm of an evaluation; none where its theorems are not in rungs."""
    against = next((arm for arm in evaluation.arms if arm.name == baseline), None)
    return [_height(arm, against) for arm in evaluation.arms if rungs_of(arm)]


def rungs_of(arm: ArmResult) -> dict[int, list[str]]:
    """The theorems of each rung, by the strata of an arm's outcomes; none where there are not at least two rungs."""
    found: dict[int, list[str]] = {}
    for outcome in arm.outcomes.values():
        if match := _RUNG.fullmatch(outcome.stratum):
            found.setdefault(int(match.group(1)), []).append(outcome.theorem)
    return dict(sorted(found.items())) if len(found) > 1 else {}


def sum_interval(groups: Sequence[Sequence[float]], seed: int = 0) -> Interval:
    """Percentile bootstrap of the sum of the groups' means, each group resampled by itself, 10,000 resamples."""
    generator = np.random.Generator(np.random.PCG64(seed))
    sums: npt.NDArray[np.float64] = np.zeros(RESAMPLES)
    for values in groups:
        distinct, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
        draws = generator.multinomial(len(values), counts / len(values), size=RESAMPLES)
        sums += draws @ distinct / len(values)
    low, high = np.quantile(sums, (0.025, 0.975))
    return Interval(float(low), float(high))


class Climb(Protocol):
    """A line of the table: `Height` of one evaluation, or the mean of several seeds."""

    @property
    def arm(self) -> str: ...

    @property
    def rates(self) -> Mapping[int, float]: ...

    @property
    def height(self) -> float: ...

    @property
    def interval(self) -> Interval: ...

    @property
    def difference(self) -> float | None: ...

    @property
    def difference_interval(self) -> Interval | None: ...


def heights_table(
    found: Sequence[Climb],
    title: str,
    by_seed: Mapping[str, Sequence[float]] | None = None,
    minus: str = "minus M_0 [95 %]",
) -> Table:
    """Per cent solved by rung, one line an arm; what is zero is left blank, so that the slope is seen. `by_seed`: the
    height of each arm with each seed. `minus`: the heading of the differences."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    rungs = list(found[0].rates) if found else []
    seeds = ["by seed"] if by_seed else []
    for heading in (*(f"r{rung}" for rung in rungs), *seeds, "height [95 %]", minus):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        difference = ""
        if one.difference is not None and one.difference_interval is not None:
            low, high = one.difference_interval
            difference = f"{one.difference:+.2f} [{low:+.2f}, {high:+.2f}]"
        table.add_row(
            one.arm,
            *(f"{100 * one.rates[rung]:.0f}" if one.rates[rung] else "" for rung in rungs),
            *([" ".join(f"{height:.1f}" for height in by_seed[one.arm])] if by_seed else []),
            f"{one.height:.2f} [{one.interval.low:.2f}, {one.interval.high:.2f}]",
            difference,
        )
    return table


def _height(arm: ArmResult, against: ArmResult | None) -> Height:
    rungs = rungs_of(arm)
    solved = {rung: [float(name in arm.solved) for name in names] for rung, names in rungs.items()}
    height = sum(sum(values) / len(values) for values in solved.values())
    difference, interval = None, None
    if against is not None and against.name != arm.name:
        paired = [
            [float(name in arm.solved) - float(name in against.solved) for name in names] for names in rungs.values()
        ]
        difference = sum(sum(values) / len(values) for values in paired)
        interval = sum_interval(paired)
    return Height(
        arm=arm.name,
        solved={rung: int(sum(values)) for rung, values in solved.items()},
        theorems={rung: len(values) for rung, values in solved.items()},
        height=height,
        interval=sum_interval(list(solved.values())),
        difference=difference,
        difference_interval=interval,
    )
