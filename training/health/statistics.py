"""The figures of the health panel as pure functions. docs/HEALTH.md says what each of them tells.

Log-probabilities are natural, over the same candidates wherever two are compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pass_at(attempts: int, solved: int, k: int) -> float:
    """The unbiased estimate of the chance that one of `k` attempts solves, from `solved` of `attempts` that did:
    1 - C(n - c, k) / C(n, k) (Chen et al. 2021, arXiv:2107.03374, section 2.1). Raises ValueError for k > attempts."""
    if not 0 <= solved <= attempts or not 1 <= k <= attempts:
        raise ValueError(f"pass@{k} of {solved} solved among {attempts} attempts")
    return float(1 - Fraction(math.comb(attempts - solved, k), math.comb(attempts, k)))


def mean_pass_at(tries: Mapping[str, Sequence[bool]], k: int) -> float | None:
    """Mean over the theorems with at least `k` attempts; None without any."""
    found = [pass_at(len(each), sum(each), k) for each in tries.values() if len(each) >= k]
    return math.fsum(found) / len(found) if found else None


def slope(rates: Mapping[int, float | None]) -> float | None:
    """What a doubling of k adds to pass@k: the least-squares slope over log2 k. None for fewer than two rates."""
    points = [(math.log2(k), rate) for k, rate in rates.items() if rate is not None]
    if len(points) < 2:
        return None
    x, y = (math.fsum(values) / len(points) for values in zip(*points, strict=True))
    return math.fsum((a - x) * (b - y) for a, b in points) / math.fsum((a - x) ** 2 for a, _ in points)


@dataclass(frozen=True, slots=True)
class Openings:
    """How proofs begin, over the theorems with two proofs or more: how many those are, distinct first heads a theorem,
    and the share of theorems whose proofs all begin alike."""

    theorems: int
    heads: float
    alike: float


def openings(heads: Mapping[str, Sequence[str]]) -> Openings | None:
    """`heads`: for each theorem the first tactic's head of each proof that was found, found again counted again. None
    where no theorem has two."""
    distinct = [len(set(each)) for each in heads.values() if len(each) > 1]
    if not distinct:
        return None
    return Openings(len(distinct), sum(distinct) / len(distinct), sum(n == 1 for n in distinct) / len(distinct))


def entropy(log_probs: Floats) -> float:
    """In nats."""
    return float(-(np.exp(log_probs) * np.where(np.isneginf(log_probs), 0.0, log_probs)).sum())


def divergence(p: Floats, q: Floats) -> float:
    """Kullback and Leibler's, of p from q, in nats: what coding p's actions with q costs. inf where q excludes what p
    allows."""
    there = ~np.isneginf(p)
    return float((np.exp(p[there]) * (p[there] - q[there])).sum())


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of the likeliest action. error: the expected calibration error; confidence: its mean probability; accuracy: the
    share of states where it is on an accepted proof."""

    error: float
    confidence: float
    accuracy: float

    @property
    def excess(self) -> float:
        """By how much confidence is above accuracy."""
        return self.confidence - self.accuracy


def calibration(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> Calibration | None:
    """The expected calibration error over `bins` of equal width (Guo et al. 2017, arXiv:1706.04599, section 2):
    sum over bins of (share of states) * |accuracy - mean confidence|. None without states."""
    if not confidences:
        return None
    p, y = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(float((y[bin_of == b] - p[bin_of == b]).sum())) for b in range(bins)]
    return Calibration(math.fsum(gaps) / len(p), float(p.mean()), float(y.mean()))


def inherited(teacher: Sequence[int], student: Sequence[int], right: Sequence[Collection[int]]) -> float | None:
    """The share of the teacher's mistakes that the student makes, too: of the states where the teacher's likeliest
    action is on no accepted proof, those where the student's is the same. None where the teacher makes no mistake."""
    wrong = [(t, s) for t, s, accepted in zip(teacher, student, right, strict=True) if t not in accepted]
    return sum(t == s for t, s in wrong) / len(wrong) if wrong else None
