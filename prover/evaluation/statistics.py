"""Intervals and tests for counts of solved theorems.

What most cover: chance in which theorems were drawn. Chance in training and search needs several seeds, and
`two_way_interval`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def bootstrap_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Percentile bootstrap of the mean over theorems, 10,000 resamples; (0, 0) for no values.

    Outcomes have few distinct values (solved or not, or a difference of the two), so a resample is a multinomial draw
    of how often each occurs.
    """
    if not values:
        return Interval(0.0, 0.0)
    distinct, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = generator.multinomial(len(values), counts / len(values), size=RESAMPLES)
    low, high = np.quantile(draws @ distinct / len(values), (0.025, 0.975))
    return Interval(float(low), float(high))


def two_way_interval(values: npt.NDArray[np.float64], seed: int = 0) -> Interval:
    """Percentile bootstrap of the mean of a (seeds, theorems) table, both drawn with replacement, 10,000 resamples:
    chance in training and search as well as in which theorems were drawn. With three seeds it is rough (Owen 2007, "The
    pigeonhole bootstrap", arXiv:0712.1111)."""
    return two_way_sum_interval([values], seed) if values.size else Interval(0.0, 0.0)


def two_way_sum_interval(groups: Sequence[npt.NDArray[np.float64]], seed: int = 0) -> Interval:
    """The same for the sum of the means of several (seeds, theorems) tables with the same seeds in each: seeds are
    drawn once for all of them."""
    return _two_way(tuple((values.shape, values.astype(np.float64).tobytes()) for values in groups), seed)


@lru_cache(maxsize=4096)
def _two_way(groups: tuple[tuple[tuple[int, int], bytes], ...], seed: int) -> Interval:
    """By content: a table of arms is written anew after each run, and most of its rows are as they were. Eleven arms in
    fourteen rungs are half a minute of draws."""
    generator = np.random.Generator(np.random.PCG64(seed))
    seeds = groups[0][0][0]
    rows = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
    sums: npt.NDArray[np.float64] = np.zeros(RESAMPLES)
    for (_seeds, theorems), content in groups:
        values = np.frombuffer(content, dtype=np.float64).reshape(seeds, theorems)
        columns = generator.multinomial(theorems, np.full(theorems, 1 / theorems), size=RESAMPLES) / theorems
        sums += np.einsum("rs,st,rt->r", rows, values, columns, optimize=True)
    low, high = np.quantile(sums, (0.025, 0.975))
    return Interval(float(low), float(high))


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p of `wins` against `losses` among discordant pairs (McNemar's exact test); 1 without any."""
    from scipy.stats import binomtest  # two seconds to import, and most commands compare nothing

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
