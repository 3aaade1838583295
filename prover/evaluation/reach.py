"""Reach: what any of several arms solves. It says whether the actions and the premises on offer can prove a theorem at
all, where one arm's rate also depends on how well it chooses among them.

    reach(evaluation).solved, reach(evaluation).shares[0].alone
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from prover.evaluation.evaluate import Evaluation
from prover.evaluation.statistics import Interval, bootstrap_interval


@dataclass(frozen=True, slots=True)
class Share:
    """One arm's part. Counts of theorems."""

    arm: str
    solved: int
    #: Solved by this arm and by no other.
    alone: int
    #: Solved by this arm or by one before it.
    together: int


@dataclass(frozen=True, slots=True)
class Reach:
    """`shares` in the order of the arms. `solved`: by any of them, of so many `theorems`; `interval` is of the rate."""

    shares: tuple[Share, ...]
    solved: int
    theorems: int
    interval: Interval

    @property
    def rate(self) -> float:
        return self.solved / max(1, self.theorems)


def reach(evaluation: Evaluation) -> Reach:
    """What the arms solve together, each within its whole budget, on the theorems on which all came to a verdict."""
    times = Counter(name for arm in evaluation.arms for name in arm.solved)
    together: set[str] = set()
    shares = []
    for arm in evaluation.arms:
        together |= arm.solved
        alone = sum(times[name] == 1 for name in arm.solved)
        shares.append(Share(arm.name, len(arm.solved), alone, len(together)))
    names = evaluation.arms[0].outcomes if evaluation.arms else {}
    interval = bootstrap_interval([float(name in together) for name in names])
    return Reach(tuple(shares), len(together), len(names), interval)
