"""Intervals and tests for counts of solved theorems.

What they cover: chance in which theorems were drawn. What they do not: chance in training and search, which needs
several seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

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


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p of `wins` against `losses` among discordant pairs (McNemar's exact test); 1 without any."""
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
