"""Plots of evaluations (SVG and PNG): solve rate by generation, and what falls within so many steps or seconds.

The plot of heights is in height_plot.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.evaluation.evaluate import ArmResult, Evaluation
from prover.evaluation.report import title_of
from prover.evaluation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Of level lines, one an arm. A run with a library has seven arms without a generation.
LEVEL_STYLES: tuple[Any, ...] = (
    *("--", ":", "-.", (0, (1, 4)), (0, (6, 4))),
    *((0, (8, 2, 1, 2, 1, 2)), (0, (12, 3)), (0, (3, 6))),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One generation's solve rate in a curve; rates are shares of theorems."""

    generation: int
    rate: float
    interval: Interval


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
    figure = figure_of()
    axes = figure.subplots()
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
            style = LEVEL_STYLES[arms.index(arm) % len(LEVEL_STYLES)]
            axes.axhline(100 * rate, linestyle=style, color=color, alpha=0.7, linewidth=1.2, label=f"{arm}{suffix}")
    axes.set_xticks(sorted({point.generation for curve in curves for point in curve.points}))
    axes.set_xlabel("generation")
    axes.set_ylabel("solved, % of theorems (95 % interval)")
    axes.set_ylim(bottom=0)
    return write_figure(figure, title, stem)


def plot_steps(evaluation: Evaluation, stem: Path) -> tuple[Path, Path]:
    """Solved theorems against tactic steps, and against mean processor seconds a theorem, a curve an arm."""
    figure = figure_of(width=13.0)
    by_steps, by_seconds = figure.subplots(1, 2, sharey=True)
    for arm in evaluation.arms:
        at = sorted(float(arm.outcomes[name].steps_to_proof or 0) for name in arm.solved)
        _staircase(by_steps, at, arm.most_steps, arm.name)
        _staircase(by_seconds, _mean_seconds(arm), arm.seconds, arm.name)
    most = max([2, *(arm.most_steps for arm in evaluation.arms)])
    marks = [2**power for power in range(most.bit_length())]
    by_steps.set_xscale("log", base=2)
    by_steps.set_xlim(1, most)
    by_steps.set_xticks(marks, [str(mark) for mark in marks])
    by_steps.set_xlabel("tactic steps a theorem")
    by_seconds.set_xlabel("mean processor seconds a theorem")
    by_steps.set_ylabel("theorems solved")
    return write_figure(figure, title_of(evaluation), stem)


def _mean_seconds(arm: ArmResult) -> list[float]:
    """For each solved theorem the mean spending a theorem at which it falls: the inverse of `ArmResult.cap`."""
    taken = [outcome.cpu_seconds for outcome in arm.outcomes.values()]
    caps = sorted(arm.outcomes[name].cpu_seconds for name in arm.solved)
    return [sum(min(cap, seconds) for seconds in taken) / len(taken) for cap in caps]


def _staircase(axes: Any, solved_at: Sequence[float], end: float, label: str) -> None:
    x = [1e-9, *solved_at, max([end, *solved_at])]
    y = [0, *range(1, len(solved_at) + 1), len(solved_at)]
    axes.step(x, y, where="post", label=label)


def figure_of(width: float = 9.0) -> Figure:
    """An empty one, `width` inches wide."""
    import matplotlib

    # Text as text, and ids from a fixed salt: the same numbers give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lean-flywheel"})
    from matplotlib.figure import Figure

    return Figure(figsize=(width, 4.2), layout="constrained")


def write_figure(figure: Figure, title: str, stem: Path) -> tuple[Path, Path]:
    """Writes `stem`.svg and `stem`.png, with one legend for all, and returns both paths."""
    figure.suptitle(title, fontsize=11)
    for axes in figure.axes:
        if not axes.images:
            axes.grid(alpha=0.3)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    stem.parent.mkdir(parents=True, exist_ok=True)
    for path, options in ((svg, {"metadata": {"Date": None}}), (png, {"dpi": 150})):
        partial = path.with_name(f".{path.name}.partial")
        figure.savefig(partial, format=path.suffix[1:], **options)
        partial.replace(path)
    return svg, png
