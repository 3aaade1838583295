"""An experiment for people: a table a stratum, the curve, and proofs of what only later generations prove."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from prover.evaluation.decided import decided_table
from prover.evaluation.height import heights_table
from prover.evaluation.height_plot import plot_heights
from prover.evaluation.plots import Curve, Point, plot_generations
from prover.evaluation.report import NOT_RESOLVED
from training.experiments.experiment import BASELINE, Cell, Experiment
from training.experiments.markdown import lean_block
from training.experiments.undecided import by_grade, named, undecided, undecided_table

_GENERATION = re.compile(r"M_(\d+)")
_EXAMPLES = 2


@dataclass(frozen=True, slots=True)
class First:
    """A held-out theorem that generation `generation` of one seed proved, and no earlier one: its proof as Lean text.
    `beyond_reach`: M_0 at the whole budget or with later lemmas does not prove it either, where it was tried so."""

    stratum: str
    seed: int
    generation: int
    theorem: str
    length: int
    text: str
    beyond_reach: bool


def firsts(experiment: Experiment) -> Iterator[First]:
    """All theorems that M_0 does not prove at its attempt's budget and a later generation does."""
    for seed in experiment.seeds:
        for evaluation in seed.evaluations:
            whole = {n for arm in evaluation.arms if arm.name.startswith(f"{BASELINE} ") for n in arm.solved}
            known: set[str] = set()
            for arm in evaluation.arms:
                if not (match := _GENERATION.fullmatch(arm.name)):
                    continue
                for theorem in sorted(arm.solved - known):
                    if arm.name != BASELINE:
                        length, text = seed.proofs[arm.name][theorem]
                        number = int(match.group(1))
                        yield First(
                            evaluation.stratum, seed.number, number, theorem, length, text, theorem not in whole
                        )
                known |= arm.solved


def write_experiment(experiment: Experiment, title: str, folder: Path) -> list[Path]:
    """Writes table.txt, experiment.json, curve.svg, curve.png and examples.md; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    table, data, examples = folder / "table.txt", folder / "experiment.json", folder / "examples.md"
    with table.open("w", encoding="utf-8") as file:
        Console(file=file, width=220, no_color=True, force_terminal=False).print(render(experiment))
    table.write_text("".join(f"{line.rstrip()}\n" for line in table.read_text(encoding="utf-8").splitlines()))
    found = list(firsts(experiment))
    data.write_text(json.dumps(as_json(experiment, found), indent=1) + "\n", encoding="utf-8")
    examples.write_text(_examples(found), encoding="utf-8")
    return [table, data, examples, *_plot(experiment, title, folder / "curve")]


def render(experiment: Experiment) -> RenderableType:
    """For a terminal."""
    parts: list[RenderableType] = []
    for stratum in experiment.strata:
        parts.append(_stratum_table(experiment, stratum))
        if climbed := experiment.climbed(stratum):
            title = "% solved of each rung, mean over seeds, and height: the sum of the rates"
            parts.append(heights_table(climbed, title, {one.arm: one.by_seed for one in climbed}))
        last = _generations(experiment, stratum)[-1].arm
        floors = ", ".join(f"{arm} {experiment.noise_floor(stratum, arm):.1%}" for arm in (BASELINE, last))
        parts.append(Text(f"Noise floor (mean difference of two runs that differ in the seed alone): {floors}.\n"))
    if both := undecided(experiment):
        parts.append(undecided_table(both, experiment.name))
        parts.append(decided_table(by_grade(experiment), "at the arm's budget, all seeds together, by grade"))
        last = _generations(experiment, experiment.strata[-1])[-1].arm
        parts.append(_named_text(last, named(experiment, last)))
    parts.append(_time_table(experiment))
    return Group(*parts)


def _named_text(last: str, found: dict[str, list[str]]) -> Text:
    head = f"Decided by {last} and neither by M_0, M_0 at the whole budget nor an arm of the portfolio: {len(found)}\n"
    return Text(head + "".join(f"  {name}: {', '.join(seeds)}\n" for name, seeds in found.items()))


def as_json(experiment: Experiment, found: list[First]) -> dict[str, object]:
    """For scripts: every figure of the tables, and every theorem's first proof."""
    return {
        "name": experiment.name,
        "seeds": [seed.number for seed in experiment.seeds],
        "cells": [asdict(cell) | {"rate": cell.rate, "resolved": cell.resolved} for cell in experiment.cells],
        "heights": {
            s: [asdict(one) | {"height": one.height} for one in experiment.climbed(s)] for s in experiment.strata
        },
        "undecided": [asdict(one) | {"undecided": one.open, "share": one.share} for one in undecided(experiment)],
        "firsts": [asdict(first) for first in found],
        "phases": {seed.number: {k: asdict(busy) for k, busy in seed.phases.items()} for seed in experiment.seeds},
    }


def _generations(experiment: Experiment, stratum: str) -> list[Cell]:
    return [c for c in experiment.cells if c.stratum == stratum and _GENERATION.fullmatch(c.arm)]


def _stratum_table(experiment: Experiment, stratum: str) -> Table:
    cells = [cell for cell in experiment.cells if cell.stratum == stratum]
    seeds = ", ".join(str(seed.number) for seed in experiment.seeds)
    title = f"{experiment.name}, {stratum or 'all strata'}: {cells[0].theorems} theorems, seeds {seeds}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm")
    headings = ("solved by seed", "rate [95 %]", "minus M_0 [95 %]", "", "proof steps", "tried steps", "CPU s")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for cell in cells:
        minus, resolved = "", ""
        if cell.difference is not None and cell.difference_interval is not None:
            low, high = cell.difference_interval
            minus = f"{cell.difference:+.1%} [{low:+.1%}, {high:+.1%}]"
            resolved = "" if cell.resolved else NOT_RESOLVED
        table.add_row(
            cell.arm,
            " ".join(map(str, cell.solved)),
            f"{cell.rate:.1%} [{cell.interval.low:.1%}, {cell.interval.high:.1%}]",
            minus,
            resolved,
            "-" if np.isnan(cell.length) else f"{cell.length:.1f}",
            f"{cell.steps:.0f}",
            f"{cell.seconds:.2f}",
        )
    return table


def _time_table(experiment: Experiment) -> Table:
    """Wall and processor seconds of each part of the loop, means over the seeds that this call ran."""
    table = Table(title="Seconds, mean over seeds", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("part", "wall", "CPU, Lean", "CPU, model and the rest"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    names = list(dict.fromkeys(name for seed in experiment.seeds for name in seed.phases))
    for name in names:
        busy = [seed.phases[name] for seed in experiment.seeds if name in seed.phases]
        means = (np.mean([getattr(b, field) for b in busy]) for field in ("wall", "lean_seconds", "own_seconds"))
        table.add_row(name, *(f"{mean:.0f}" for mean in means))
    return table


def _examples(found: list[First]) -> str:
    """A few proofs for each stratum and generation, longest first, those out of M_0's reach before others."""
    lines = ["# Held-out theorems by the generation that proved them first", ""]
    for stratum in dict.fromkeys(first.stratum for first in found):
        for generation in sorted({first.generation for first in found}):
            here = [first for first in found if (first.stratum, first.generation) == (stratum, generation)]
            if not here:
                continue
            reach = sum(first.beyond_reach for first in here)
            whose = f"{stratum or 'all strata'}, M_{generation}"
            lines.append(f"## {whose}: {len(here)}, {reach} not by M_0 with more steps or lemmas\n")
            for first in sorted(here, key=lambda one: (not one.beyond_reach, -one.length, one.theorem))[:_EXAMPLES]:
                lines += [f"Seed {first.seed}, {first.length} steps:", "", *lean_block(first.text), ""]
    return "\n".join(lines) + "\n"


def _plot(experiment: Experiment, title: str, stem: Path) -> tuple[Path, Path]:
    """Heights where all theorems are in rungs, otherwise the solve rates of all strata."""
    if len(experiment.strata) == 1 and (climbed := experiment.climbed(experiment.strata[0])):
        return plot_heights(climbed, title, stem)
    curves = []
    for stratum in experiment.strata:
        generations = _generations(experiment, stratum)
        points = [Point(int(cell.arm.removeprefix("M_")), cell.rate, cell.interval) for cell in generations]
        levels = {
            cell.arm: cell.rate
            for cell in experiment.cells
            if cell.stratum == stratum and cell not in generations and cell.arm != "portfolio-1"
        }
        curves.append(Curve(stratum, points, levels))
    return plot_generations(curves, title, stem)
