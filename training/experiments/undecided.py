"""Statements that were searched on both sides, over several seeds: certified true, certified false and undecided.

    undecided(experiment)          # a line an arm and a budget; nothing where no statement was searched on both sides

A statement is decided by an arm when the gate has certified it or its denial. Differences are to M_0 of the same seed
within as many tactic steps, with intervals by a bootstrap over seeds and statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table

from prover.evaluation.decided import Decided, decided, denial_of
from prover.evaluation.evaluate import STEP_MARKS, ArmResult
from prover.evaluation.statistics import Interval, two_way_interval
from training.experiments.experiment import BASELINE, Experiment

#: Of the budgets at which solved theorems are counted, those that a search with 40 tables is not done with.
_MARKS = tuple(mark for mark in STEP_MARKS if mark <= 64)


@dataclass(frozen=True, slots=True)
class Undecided:
    """One arm within `steps` tactic steps a side. Counts are by seed; shares are of `statements`."""

    arm: str
    steps: int
    statements: int
    true: tuple[int, ...]
    false: tuple[int, ...]
    #: Share undecided minus that of M_0, and its interval; None for M_0 itself.
    difference: float | None
    interval: Interval | None

    @property
    def open(self) -> tuple[int, ...]:
        """Undecided ones by seed."""
        return tuple(self.statements - a - b for a, b in zip(self.true, self.false, strict=True))

    @property
    def share(self) -> float:
        return sum(self.open) / (len(self.open) * self.statements)

    @property
    def resolved(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high


def undecided(experiment: Experiment) -> list[Undecided]:
    """Every arm at its whole budget, and at the smaller ones of `_MARKS`."""
    return [one for stratum in range(len(experiment.strata)) for one in _of_stratum(experiment, stratum)]


def named(experiment: Experiment, last: str) -> dict[str, list[str]]:
    """Statements that `last` decides in some seed and that, in the same seed, neither M_0 at the whole budget, nor M_0,
    nor a portfolio arm decides: by statement, which seeds, and as what (`false in seed 1`)."""
    found: dict[str, list[str]] = {}
    for seed in experiment.seeds:
        for evaluation in seed.evaluations:
            arms = {arm.name: arm for arm in evaluation.arms}
            others = [arm for name, arm in arms.items() if name.startswith((BASELINE, "portfolio"))]
            known = {name.removeprefix("not.") for arm in others for name in arm.solved}
            for name in sorted(arms[last].solved):
                statement = name.removeprefix("not.")
                if statement not in known:
                    verdict = "true" if name == statement else "false"
                    found.setdefault(statement, []).append(f"{verdict} in seed {seed.number}")
    return found


def undecided_table(found: list[Undecided], name: str) -> Table:
    """For a terminal and for table.txt."""
    title = f"{name}: {found[0].statements} statements, each to be proved and to be denied; counts by seed"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("steps", "arm", "certified true", "certified false", "undecided", "share", "minus M_0 [95 %]", ""):
        table.add_column(heading, justify="left" if heading == "arm" else "right", no_wrap=True)
    before = found[0].steps
    for one in found:
        if one.steps != before:
            table.add_section()
            before = one.steps
        minus = ""
        if one.difference is not None and one.interval is not None:
            minus = f"{one.difference:+.1%} [{one.interval.low:+.1%}, {one.interval.high:+.1%}]"
        counts = (" ".join(map(str, counts)) for counts in (one.true, one.false, one.open))
        resolved = "" if one.resolved or not minus else "not resolved"
        table.add_row(str(one.steps), one.arm, *counts, f"{one.share:.1%}", minus, resolved)
    return table


def by_grade(experiment: Experiment) -> list[Decided]:
    """Decided statements of each grade by arm, seeds together: 12/30 are twelve of ten statements in three runs."""
    totals: dict[str, Decided] = {}
    for seed in experiment.seeds:
        for one in (found for evaluation in seed.evaluations for found in decided(evaluation, experiment.sides)):
            sofar = totals.get(one.arm, Decided(one.arm, {}, {}, {}))
            sums = (
                dict(Counter(a) + Counter(b))
                for a, b in ((sofar.true, one.true), (sofar.false, one.false), (sofar.statements, one.statements))
            )
            totals[one.arm] = Decided(one.arm, *sums)
    return list(totals.values())


def _of_stratum(experiment: Experiment, stratum: int) -> Iterator[Undecided]:
    evaluations = [seed.evaluations[stratum] for seed in experiment.seeds]
    names = sorted(set.intersection(*(set(one.arm(BASELINE).outcomes) for one in evaluations)))
    statements = [name for name in names if denial_of(name) in names]
    if not statements:
        return
    whole = evaluations[0].arm(BASELINE).budget.steps
    for steps in (*(mark for mark in _MARKS if mark < whole), whole):
        baseline = _decided([one.arm(BASELINE) for one in evaluations], statements, steps)
        for arm in evaluations[0].arms:
            # An arm with a budget of its own counts once, at the end.
            own = arm.budget.steps if steps == whole else steps
            if steps != whole and arm.budget.steps > whole:
                continue
            arms = [one.arm(arm.name) for one in evaluations]
            true, false = (_sides(arms, statements, own, denied) for denied in (False, True))
            either = np.maximum(true, false)
            minus = None if arm.name == BASELINE else baseline - either
            yield Undecided(
                arm.name,
                steps,
                len(statements),
                tuple(int(row.sum()) for row in true),
                tuple(int(row.sum()) for row in false),
                None if minus is None else float(minus.mean()),
                None if minus is None else two_way_interval(minus),
            )


def _decided(arms: list[ArmResult], statements: list[str], steps: int) -> npt.NDArray[np.float64]:
    decided: npt.NDArray[np.float64] = np.maximum(
        _sides(arms, statements, steps, False), _sides(arms, statements, steps, True)
    )
    return decided


def _sides(arms: list[ArmResult], statements: list[str], steps: int, denied: bool) -> npt.NDArray[np.float64]:
    """(seeds, statements): 1 where this side is certified within so many steps."""
    rows = []
    for arm in arms:
        solved = arm.solved_at(steps)
        rows.append([float((denial_of(name) if denied else name) in solved) for name in statements])
    return np.array(rows)
