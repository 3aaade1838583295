"""Evaluations for people: tables for the terminal, plain text, JSON and two plots (SVG and PNG).

Everything is computed from an `Evaluation`; nothing here runs Lean or a model.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from prover.evaluation.evaluate import BY, SECOND_MARKS, STEP_MARKS, ArmResult, Comparison, Evaluation, Row
from prover.evaluation.height import Height, heights, heights_table
from prover.evaluation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_RESOLVED = "not resolved"


@dataclass(frozen=True, slots=True)
class Point:
    """One generation's solve rate in a curve; rates are shares of theorems."""

    generation: int
    rate: float
    interval: Interval


def comparisons(evaluation: Evaluation, baselines: Sequence[str]) -> list[Comparison]:
    """Every arm against every baseline that was run with it, and no pair twice. An arm with another search is also
    compared with the same one that has the run's."""
    names = [arm.name for arm in evaluation.arms]
    pairs: list[tuple[str, str]] = []
    for arm in names:
        for baseline in (*baselines, *([arm.partition(BY)[0]] if BY in arm else [])):
            if baseline in names and arm != baseline and {(baseline, arm), (arm, baseline)}.isdisjoint(pairs):
                pairs.append((arm, baseline))
    return [comparison for pair in pairs for comparison in evaluation.compare(*pair)]


def steps_table(evaluation: Evaluation) -> Table:
    """Solved theorems by tactic steps, one line an arm."""
    table = _table(_title(evaluation), "arm", *(f"@{mark}" for mark in STEP_MARKS), "solved", "of", "rate [95 %]")
    for row in evaluation.rows():
        table.add_row(
            row.arm,
            *(_count(row.solved_at[mark]) for mark in STEP_MARKS),
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
    if evaluation.test_evaluations is not None:
        notes.append(f"Evaluations on test so far, in this corpus: {evaluation.test_evaluations}.")
    if hits := sum(row.wall_limit_hits for row in evaluation.rows()):
        notes.append(f"{hits} tactics or searches were ended by the clock: another machine may get other counts.")
    if evaluation.interrupted:
        notes.append("INTERRUPTED: run the same command again to resume.")
    tables = [steps_table(evaluation), seconds_table(evaluation)]
    if climbed := heights(evaluation):
        tables.insert(0, heights_table(climbed, f"{_title(evaluation)}; % solved of each rung, and their sum"))
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
        "heights": [asdict(height) for height in heights(evaluation)],
        "comparisons": [asdict(c) | {"resolved": c.resolved} for c in comparisons(evaluation, baselines)],
        "outcomes": {arm.name: [asdict(o) for o in arm.outcomes.values()] for arm in evaluation.arms},
    }


@dataclass(frozen=True, slots=True)
class Curve:
    """`stratum` ('' when there is only one) in one colour; `levels`: rates of arms without generations."""

    stratum: str
    points: Sequence[Point]
    levels: Mapping[str, float]


def plot_generations(curves: Sequence[Curve], title: str, stem: Path) -> tuple[Path, Path]:
    """Solve rate by generation with intervals, a colour a stratum, and each baseline as a level line, a style an arm.

    Writes `stem`.svg and `stem`.png and returns both paths.
    """
    figure = _figure()
    axes = figure.subplots()
    styles: tuple[Any, ...] = ("--", ":", "-.", (0, (1, 4)), (0, (6, 4)))
    arms = list(dict.fromkeys(arm for curve in curves for arm in curve.levels))
    for number, curve in enumerate(curves):
        points, suffix = curve.points, f", {curve.stratum}" if curve.stratum else ""
        generations = [point.generation for point in points]
        rates = [100 * point.rate for point in points]
        below = [100 * max(0.0, point.rate - point.interval.low) for point in points]
        above = [100 * max(0.0, point.interval.high - point.rate) for point in points]
        color = f"C{number}"
        axes.errorbar(
            generations, rates, yerr=[below, above], color=color, marker="o", capsize=4, label=f"flywheel{suffix}"
        )
        for arm, rate in curve.levels.items():
            style = styles[arms.index(arm) % len(styles)]
            axes.axhline(100 * rate, linestyle=style, color=color, alpha=0.7, linewidth=1.2, label=f"{arm}{suffix}")
    axes.set_xticks(sorted({point.generation for curve in curves for point in curve.points}))
    axes.set_xlabel("generation")
    axes.set_ylabel("solved, % of theorems (95 % interval)")
    axes.set_ylim(bottom=0)
    return _finish(figure, title, stem)


def plot_heights(found: Sequence[Height], title: str, stem: Path) -> tuple[Path, Path]:
    """Solve rate by rung, later generations in stronger colours, and height by generation; arms without a generation
    are dashed and level. Writes `stem`.svg and `stem`.png and returns both paths."""
    figure = _figure(width=13.0)
    by_rung, by_generation = figure.subplots(1, 2)
    numbers = {one.arm: int(one.arm[2:]) for one in found if one.arm[:2] == "M_" and one.arm[2:].isdigit()}
    last = max([1, *numbers.values()])
    for one in found:
        rates = [100 * rate for rate in one.rates.values()]
        if one.arm in numbers:
            color: Any = (0.12, 0.47, 0.71, 0.25 + 0.75 * numbers[one.arm] / last)
            by_rung.plot(list(one.theorems), rates, color=color, marker=".", label=one.arm)
            error = [[max(0.0, one.height - one.interval.low)], [max(0.0, one.interval.high - one.height)]]
            by_generation.errorbar(
                [numbers[one.arm]], [one.height], yerr=error, color="C0", marker="o", capsize=4, linestyle=""
            )
        else:
            (line,) = by_rung.plot(list(one.theorems), rates, linestyle="--", linewidth=1, label=one.arm)
            by_generation.axhline(one.height, linestyle="--", linewidth=1, color=line.get_color())
    by_rung.set_xlabel("rung (each asks for 1.3 times the effort of the one below)")
    by_rung.set_ylabel("solved, %")
    by_generation.set_xlabel("generation")
    by_generation.set_ylabel("height: sum of the rungs' solve rates (95 %)")
    by_generation.set_ylim(bottom=0)
    by_generation.set_xticks(sorted(numbers.values()))
    return _finish(figure, title, stem)


def plot_steps(evaluation: Evaluation, stem: Path) -> tuple[Path, Path]:
    """Solved theorems against tactic steps, and against mean processor seconds a theorem, a curve an arm."""
    figure = _figure(width=13.0)
    by_steps, by_seconds = figure.subplots(1, 2, sharey=True)
    for arm in evaluation.arms:
        at = sorted(float(arm.outcomes[name].steps_to_proof or 0) for name in arm.solved)
        _staircase(by_steps, at, arm.budget.steps, arm.name)
        _staircase(by_seconds, _mean_seconds(arm), arm.seconds, arm.name)
    most = max([2, *(arm.budget.steps for arm in evaluation.arms)])
    marks = [2**power for power in range(most.bit_length())]
    by_steps.set_xscale("log", base=2)
    by_steps.set_xlim(1, most)
    by_steps.set_xticks(marks, [str(mark) for mark in marks])
    by_steps.set_xlabel("tactic steps a theorem")
    by_seconds.set_xlabel("mean processor seconds a theorem")
    by_steps.set_ylabel("theorems solved")
    return _finish(figure, _title(evaluation), stem)


def _mean_seconds(arm: ArmResult) -> list[float]:
    """For each solved theorem the mean spending a theorem at which it falls: the inverse of `ArmResult.cap`."""
    taken = [outcome.cpu_seconds for outcome in arm.outcomes.values()]
    caps = sorted(arm.outcomes[name].cpu_seconds for name in arm.solved)
    return [sum(min(cap, seconds) for seconds in taken) / len(taken) for cap in caps]


def _staircase(axes: Any, solved_at: Sequence[float], end: float, label: str) -> None:
    x = [1e-9, *solved_at, max([end, *solved_at])]
    y = [0, *range(1, len(solved_at) + 1), len(solved_at)]
    axes.step(x, y, where="post", label=label)


def _figure(width: float = 9.0) -> Figure:
    import matplotlib

    # Text as text, and ids from a fixed salt: the same numbers give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lean-flywheel"})
    from matplotlib.figure import Figure

    return Figure(figsize=(width, 4.2), layout="constrained")


def _finish(figure: Figure, title: str, stem: Path) -> tuple[Path, Path]:
    figure.suptitle(title, fontsize=11)
    for axes in figure.axes:
        axes.grid(alpha=0.3)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    stem.parent.mkdir(parents=True, exist_ok=True)
    for path, options in ((svg, {"metadata": {"Date": None}}), (png, {"dpi": 150})):
        partial = path.with_name(f".{path.name}.partial")
        figure.savefig(partial, format=path.suffix[1:], **options)
        partial.replace(path)
    return svg, png


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _title(evaluation: Evaluation) -> str:
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
