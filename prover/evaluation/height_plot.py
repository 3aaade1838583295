"""The picture of a climb: height by generation against the frozen M_0, its rungs, and train statements.

plot_heights(heights(evaluation), "run first", Path("curve"), {"the run": [0.08, 0.21, ...]})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prover.evaluation.height import Climb
from prover.evaluation.plots import LEVEL_STYLES, figure_of, write_figure

_GENERATION = re.compile(r"M_(\d+)")


def plot_heights(
    found: Sequence[Climb], title: str, stem: Path, solved: Mapping[str, Sequence[float]] = MappingProxyType({})
) -> tuple[Path, Path]:
    """Three panels: height by generation with 95 % intervals, where M_0 and all arms without a generation of their own
    are level; per cent solved of each rung by generation; and of each line in `solved` the share of the train
    statements tried so far that are solved, round by round (no such panel without any).

    Writes `stem`.svg and `stem`.png and returns both paths.
    """
    climbed = {int(match[1]): one for one in found if (match := _GENERATION.fullmatch(one.arm))}
    figure = figure_of(width=15.0 if solved else 12.0)
    panels = figure.subplots(1, 3 if solved else 2, width_ratios=(4, 4, 3) if solved else (1, 1))
    _by_generation(panels[0], climbed, [one for one in found if not _GENERATION.fullmatch(one.arm)])
    if climbed:
        _by_rung(panels[1], [climbed[number] for number in sorted(climbed)], sorted(climbed))
    for label, rates in solved.items():
        panels[2].plot(range(len(rates)), [100 * rate for rate in rates], marker=".", label=label)
    if solved:
        panels[2].set_xticks(range(max(map(len, solved.values()))))
        panels[2].set_xlabel("round (0: before M_0)")
        panels[2].set_ylabel("train statements solved so far, % of those tried")
        panels[2].set_ylim(bottom=0)
        panels[2].legend(fontsize=8)
    return write_figure(figure, title, stem)


def _by_generation(axes: Any, climbed: Mapping[int, Climb], level: Sequence[Climb]) -> None:
    numbers = sorted(climbed)
    points = [climbed[number] for number in numbers]
    below = [max(0.0, one.height - one.interval.low) for one in points]
    above = [max(0.0, one.interval.high - one.height) for one in points]
    values = [one.height for one in points]
    axes.errorbar(numbers, values, yerr=[below, above], color="C0", marker="o", capsize=4, label="flywheel")
    if 0 in climbed:
        frozen = climbed[0]
        axes.axhline(frozen.height, color="C3", linestyle="-", linewidth=1.5, label="M_0, frozen")
        axes.axhspan(*frozen.interval, color="C3", alpha=0.12, linewidth=0)
    for number, one in enumerate(level):
        style = LEVEL_STYLES[number % len(LEVEL_STYLES)]
        axes.axhline(one.height, color=f"C{4 + number}", linestyle=style, linewidth=1.2, label=one.arm)
    axes.set_xticks(numbers)
    axes.set_xlabel("generation")
    axes.set_ylabel("height: sum of the rungs' solve rates (95 %)")
    axes.set_ylim(bottom=0)


def _by_rung(axes: Any, climbed: Sequence[Climb], numbers: Sequence[int]) -> None:
    """A field a rung and generation, with its per cent."""
    rungs = list(climbed[0].rates)
    percent = [[100 * one.rates[rung] for one in climbed] for rung in rungs]
    axes.imshow(percent, aspect="auto", origin="lower", cmap="Blues", vmin=0, vmax=100)
    for row, rates in enumerate(percent):
        for column, rate in enumerate(rates):
            color = "white" if rate > 60 else "black"
            axes.text(column, row, f"{rate:.0f}", ha="center", va="center", fontsize=7, color=color)
    axes.set_xticks(range(len(numbers)), [f"M_{number}" for number in numbers])
    axes.set_yticks(range(len(rungs)), [str(rung) for rung in rungs])
    axes.set_xlabel("solved of each rung, %")
    axes.set_ylabel("rung")
