"""Arms times seeds for people: one table a stratum with the noise floor under it, curves by generation, JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from corpus.health import FIGURES
from prover.evaluation.height import heights_table
from prover.evaluation.plots import figure_of, write_figure
from prover.evaluation.report import NOT_RESOLVED
from prover.evaluation.statistics import Interval
from training.experiments.ablation import Ablation, Figure, Row

#: The figures of health that say whether a model's proofs become alike, and what the table calls them.
HEALTH = {
    "pass@1": "pass@1",
    "pass@32": "pass@32",
    "slope": "slope",
    "heads": "heads",
    "one_opening": "one opening",
    "entropy": "entropy",
}


def write_ablation(ablation: Ablation, title: str, folder: Path) -> list[Path]:
    """Writes table.txt, ablation.json and a curve a stratum into `folder`, each whole or not at all; returns the
    paths."""
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    Console(file=text, width=200, no_color=True, force_terminal=False).print(render(ablation))
    table = "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
    files = {"table.txt": table, "ablation.json": json.dumps(as_json(ablation), indent=1) + "\n"}
    for name, content in files.items():
        partial = folder / f".{name}.partial"
        partial.write_text(content, encoding="utf-8")
        partial.replace(folder / name)
    curves = [path for stratum in ablation.strata for path in _plot(ablation, stratum, title, folder)]
    return [*(folder / name for name in files), *curves]


def render(ablation: Ablation) -> RenderableType:
    """For a terminal."""
    parts: list[RenderableType] = []
    for stratum in ablation.strata:
        rows = ablation.rows(stratum)
        parts += [_table(ablation, stratum, rows), Text(_floor(rows))]
        if climbed := [_Climbed.of(row) for row in rows if row.height is not None]:
            title = f"% solved of each rung, mean over seeds, and height; less that of {ablation.variants[0].name}"
            parts.append(heights_table(climbed, title, minus=f"minus {ablation.variants[0].name} [95 %]"))
    if ablation.strata:
        rows = ablation.rows(ablation.strata[0])
        parts += [learned_table(rows), Text(_repeated(rows)), Text(_bases(ablation))]
    parts += [Text(f"{one.name}: {_changes(one.changes)}") for one in ablation.variants]
    if missing := ablation.missing:
        parts.append(Text(f"Still to run: {', '.join(f'{name} with seed {seed}' for name, seed in missing)}."))
    return Group(*parts)


def as_json(ablation: Ablation) -> dict[str, object]:
    """For scripts: every figure of the tables."""
    return {
        "name": ablation.name,
        "arms": {one.name: {"seeds": one.seeds, "changes": dict(one.changes)} for one in ablation.variants},
        "missing": [list(key) for key in ablation.missing],
        "strata": {stratum: [_row_json(row) for row in ablation.rows(stratum)] for stratum in ablation.strata},
    }


def _row_json(row: Row) -> dict[str, object]:
    floor, length = (None if np.isnan(value) else value for value in (row.floor, row.length))
    return {**asdict(row), "floor": floor, "length": length, "resolved": (row.height or row.rate).resolved}


def _table(ablation: Ablation, stratum: str, rows: list[Row]) -> Table:
    first = ablation.variants[0]
    evaluation = first.config.evaluation
    title = (
        f"{ablation.name}: {first.config.benchmark}, {evaluation.split}, {stratum or 'all strata'}, "
        f"{rows[0].theorems} theorems; last generations, less that of {first.name}"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    graded = any(row.height is not None for row in rows)
    headings = ["seeds", "solved by seed", "rate [95 %]"]
    headings += ["height [95 %]"] if graded else []
    headings += [f"minus {first.name} [95 %]", "", "proof steps", "train solved by seed", "train steps"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        shown = row.height or row.rate
        scale, digits = (1.0, 2) if row.height is not None else (100.0, 1)
        rate = _value(row.rate, 100.0, 1)
        table.add_row(
            row.label,
            str(len(row.seeds)),
            " ".join(map(str, row.solved)),
            f"{rate} %",
            *([_value(row.height, 1.0, 2) if row.height is not None else ""] if graded else []),
            _difference(shown, scale, digits),
            NOT_RESOLVED if shown.difference is not None and not shown.resolved else "",
            "-" if np.isnan(row.length) else f"{row.length:.1f}",
            " ".join(map(str, row.train_solved)),
            f"{np.mean(row.train_steps):,.0f}" if row.train_steps else "",
        )
    return table


def learned_table(rows: list[Row]) -> Table:
    """What the rounds of each arm's models found, how its last generation looks on the health panel, and what all that
    took: means over its seeds."""
    title = "Rounds and trainings after M_0, and the health of the last generation: means over seeds"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm")
    counts = ("verified", "unique", "rounds' steps", "updates", "10^3 tokens", "search s", "training s")
    for heading in (*counts, *HEALTH.values(), "alarms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in (one for one in rows if one.learned):
        found = row.learned
        table.add_row(
            row.label,
            *(_mean([getattr(one, name) for one in found]) for name in ("verified", "unique", "steps", "updates")),
            _mean([one.tokens / 1000 for one in found]),
            *(_mean([getattr(one, name) for one in found]) for name in ("search_seconds", "train_seconds")),
            *(FIGURES[name].text(_health(row, name)) for name in HEALTH),
            " ".join(str(len(one.health.alarms)) if one.health else "-" for one in found),
        )
    return table


def _repeated(rows: list[Row]) -> str:
    """Of how few theorems the figures of repeated attempts are: those that the run's budget pays for."""
    counts = [one.health.counts for row in rows for one in row.learned if one.health is not None]
    theorems = sorted({each.get("theorems", 0) for each in counts})
    if not theorems:
        return "No generation's health was examined."
    least, most = theorems[0], theorems[-1]
    return (
        f"pass@k, slope, heads and one opening are of {least if least == most else f'{least} to {most}'} held-out "
        "theorems an arm and seed, tried again and again ([health] share)."
    )


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):,.0f}"


def _health(row: Row, name: str) -> float | None:
    values = [one.health.figures.get(name) for one in row.learned if one.health is not None]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _bases(ablation: Ablation) -> str:
    if others := ablation.other_bases:
        return (
            f"M_0 has other weights than that of {ablation.variants[0].name} with the same seed: {', '.join(others)}."
        )
    return "M_0 of one seed has the same weights in all arms."


@dataclass(frozen=True, slots=True)
class _Climbed:
    """A row as `heights_table` takes it."""

    arm: str
    rates: Mapping[int, float]
    height: float
    interval: Interval
    difference: float | None
    difference_interval: Interval | None

    @classmethod
    def of(cls, row: Row) -> _Climbed:
        assert row.height is not None
        figure = row.height
        return cls(row.label, row.rungs, figure.value, figure.interval, figure.difference, figure.difference_interval)


def _value(figure: Figure, scale: float, digits: int) -> str:
    low, high = scale * figure.interval.low, scale * figure.interval.high
    return f"{scale * figure.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _difference(figure: Figure, scale: float, digits: int) -> str:
    if figure.difference is None or figure.difference_interval is None:
        return ""
    low, high = scale * figure.difference_interval.low, scale * figure.difference_interval.high
    return f"{scale * figure.difference:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _floor(rows: list[Row]) -> str:
    floors = [f"{row.label} {row.floor:.1%}" for row in rows if row.train_solved and not np.isnan(row.floor)]
    if not floors:
        return "Noise floor: unknown, one seed each. A difference between arms may be chance in training and search."
    return f"Noise floor (mean difference between the rates of two seeds of one arm): {', '.join(floors)}."


def _changes(changes: object) -> str:
    return json.dumps(changes) if changes else "the file's settings as they are"


def _plot(ablation: Ablation, stratum: str, title: str, folder: Path) -> tuple[Path, Path]:
    figure = figure_of()
    axes = figure.subplots()
    graded = ablation.rows(stratum)[0].height is not None
    scale = 1.0 if graded else 100.0
    numbers: set[int] = set()
    flat: dict[str, float] = {}
    drawn = [one for one in ablation.variants if ablation.curve(one.name, stratum)]
    # Beside each other, so that intervals can be told apart, and around their generation, so that it can be told, too.
    apart = min(0.06, 0.4 / len(drawn))
    for place, variant in enumerate(drawn):
        curve = ablation.curve(variant.name, stratum)
        values = [scale * value for value, _ in curve.values()]
        below = [scale * max(0.0, value - interval.low) for value, interval in curve.values()]
        above = [scale * max(0.0, interval.high - value) for value, interval in curve.values()]
        at = [number + apart * (place - (len(drawn) - 1) / 2) for number in curve]
        # There are ten colours.
        marker = "os^D"[place // 10 % 4]
        axes.errorbar(at, values, yerr=[below, above], marker=marker, capsize=3, label=variant.name, color=f"C{place}")
        numbers |= curve.keys()
        if len(values) == 1:  # nobody was trained after it: it stays where it is
            flat[f"C{place}"] = values[0]
    for colour, value in flat.items():
        axes.hlines(value, 0, max(numbers), colors=colour, linestyles="dashed")
    axes.set_xticks(sorted(numbers))
    axes.set_xlabel("generation")
    axes.set_ylabel("height (95 %)" if graded else "solved, % of theorems (95 %)")
    axes.set_ylim(bottom=0)
    if len(ablation.strata) == 1:
        return write_figure(figure, title, folder / "curve")
    return write_figure(figure, f"{title}, {stratum}", folder / f"curve-{stratum}")
