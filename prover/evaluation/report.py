"""Evaluations for people: tables for the terminal, plain text and JSON. The plots are in plots.py and height_plot.py.

Everything is computed from an `Evaluation`; nothing here runs Lean or a model.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from prover.evaluation.evaluate import AT_WHOLE_BUDGET, BY, SECOND_MARKS, Comparison, Evaluation, Row
from prover.evaluation.height import heights, heights_table
from prover.evaluation.reach import Reach, reach

NOT_RESOLVED = "not resolved"


def comparisons(evaluation: Evaluation, baselines: Sequence[str]) -> list[Comparison]:
    """Every arm against every baseline that was run with it, and no pair twice. An arm with another search is also
    compared with the same one that has the run's, an arm at the whole budget with the baselines that have it, too."""
    names = [arm.name for arm in evaluation.arms]
    pairs: list[tuple[str, str]] = []
    for arm in names:
        same = [arm.partition(BY)[0]] if BY in arm else []
        longer = [baseline + AT_WHOLE_BUDGET for baseline in baselines] if arm.endswith(AT_WHOLE_BUDGET) else []
        for baseline in (*baselines, *same, *longer):
            if baseline in names and arm != baseline and {(baseline, arm), (arm, baseline)}.isdisjoint(pairs):
                pairs.append((arm, baseline))
    return [comparison for pair in pairs for comparison in evaluation.compare(*pair)]


def steps_table(evaluation: Evaluation) -> Table:
    """Solved theorems by tactic steps, one line an arm."""
    marks = evaluation.step_marks
    table = _table(title_of(evaluation), "arm", *(f"@{mark}" for mark in marks), "solved", "of", "rate [95 %]")
    for row in evaluation.rows():
        table.add_row(
            row.arm,
            *(_count(row.solved_at[mark]) for mark in marks),
            str(row.solved),
            str(row.theorems),
            f"{row.rate:.1%} [{row.interval.low:.1%}, {row.interval.high:.1%}]",
        )
    return table


def seconds_table(evaluation: Evaluation) -> Table:
    """Solved theorems by mean processor seconds a theorem, and what each arm spent, one line an arm."""
    marks = [f"{mark:g} s" for mark in SECOND_MARKS]
    table = _table("By processor seconds a theorem", "arm", *marks, "spent", "steps", "Lean s", "model s")
    for row in evaluation.rows():
        table.add_row(
            row.arm,
            *(_count(row.solved_within[mark]) for mark in SECOND_MARKS),
            f"{row.seconds:.2f} s",
            f"{row.steps:,}",
            f"{row.lean_seconds:.0f}",
            f"{row.model_seconds:.0f}",
        )
    return table


def reach_table(reached: Reach) -> Table:
    """What any arm solves, and each arm's part in it."""
    low, high = reached.interval.low, reached.interval.high
    title = f"What any arm solves: {reached.solved} of {reached.theorems}, {reached.rate:.1%} [{low:.1%}, {high:.1%}]"
    table = _table(title, "arm", "solved", "by it alone", "with those above")
    for share in reached.shares:
        table.add_row(share.arm, str(share.solved), str(share.alone), str(share.together))
    return table


def comparisons_table(compared: Sequence[Comparison]) -> Table:
    """Paired differences, with who solved what alone."""
    title = "Paired differences (wins : losses = solved by the first alone : by the second alone)"
    table = _table(title, "arms", "at", "wins : losses", "either", "difference [95 %]", "p", "")
    for c in compared:
        table.add_row(
            f"{c.arm} - {c.other}",
            c.at,
            f"{c.wins} : {c.losses}",
            str(c.union),
            f"{c.difference:+.1%} [{c.interval.low:+.1%}, {c.interval.high:+.1%}]",
            f"{c.p:.2g}",
            "" if c.resolved else NOT_RESOLVED,
        )
    return table


def report(evaluation: Evaluation, baselines: Sequence[str]) -> RenderableType:
    """The tables and what has to be said with them."""
    notes = [
        f"Over the {_theorems(evaluation)} theorems on which every arm came to a verdict; "
        f"{evaluation.unanswered} left out (errors or interruption). Seed {evaluation.seed}. "
        "Columns of seconds: solved when so much processor time a theorem (model, Lean, the rest) is spent on "
        "average; - where an arm's steps end before. Intervals: bootstrap over theorems; p: exact sign test.",
    ]
    if any(arm.budgets for arm in evaluation.arms):
        given = "; ".join(
            f"{arm.name} {arm.budget.steps} to {arm.most_steps}" for arm in evaluation.arms if arm.budgets
        )
        notes.append(f"A theorem's steps grow with its effort, for all arms alike: {given}.")
    if evaluation.test_evaluations is not None:
        notes.append(f"Evaluations on test so far, in this corpus: {evaluation.test_evaluations}.")
    if hits := sum(row.wall_limit_hits for row in evaluation.rows()):
        notes.append(f"{hits} tactics or searches were ended by the clock: another machine may get other counts.")
    if evaluation.interrupted:
        notes.append("INTERRUPTED: run the same command again to resume.")
    tables = [steps_table(evaluation), seconds_table(evaluation)]
    if len(evaluation.arms) > 1:
        tables.append(reach_table(reach(evaluation)))
    if climbed := heights(evaluation):
        tables.insert(0, heights_table(climbed, f"{title_of(evaluation)}; % solved of each rung, and their sum"))
    if compared := comparisons(evaluation, baselines):
        tables.append(comparisons_table(compared))
    return Group(*tables, *(Text(note) for note in notes))


def report_text(evaluation: Evaluation, baselines: Sequence[str], width: int = 120) -> str:
    """The report as plain text without colours."""
    text = io.StringIO()
    Console(file=text, width=width, no_color=True, force_terminal=False).print(report(evaluation, baselines))
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def report_json(evaluation: Evaluation, baselines: Sequence[str]) -> dict[str, Any]:
    """The report as JSON-ready values, with each theorem's outcome in each arm."""
    return {
        "benchmark": evaluation.benchmark,
        "split": evaluation.split,
        "stratum": evaluation.stratum,
        "seed": evaluation.seed,
        "theorems": _theorems(evaluation),
        "unanswered": evaluation.unanswered,
        "test_evaluations": evaluation.test_evaluations,
        "interrupted": evaluation.interrupted,
        "arms": [_row_json(row) for row in evaluation.rows()],
        "reach": asdict(reach(evaluation)),
        "heights": [asdict(height) for height in heights(evaluation)],
        "comparisons": [asdict(c) | {"resolved": c.resolved} for c in comparisons(evaluation, baselines)],
        "outcomes": {arm.name: [asdict(o) for o in arm.outcomes.values()] for arm in evaluation.arms},
    }


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def title_of(evaluation: Evaluation) -> str:
    """What was evaluated, in a line."""
    stratum = evaluation.stratum or "all strata"
    return f"{evaluation.benchmark}, {evaluation.split}, {stratum}: {_theorems(evaluation)} theorems"


def _theorems(evaluation: Evaluation) -> int:
    return len(evaluation.arms[0].outcomes) if evaluation.arms else 0


def _count(count: int | None) -> str:
    return "-" if count is None else str(count)


def _row_json(row: Row) -> dict[str, Any]:
    values = asdict(row)
    for key in ("solved_at", "solved_within"):
        values[key] = {str(mark): count for mark, count in values[key].items()}
    return values
