"""A run's report: the table of all generations beside their baselines, curves, where the time went, what was found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from prover.evaluation.evaluate import Evaluation
from prover.evaluation.report import Curve, Point, plot_generations, plot_steps, report, report_json, report_text
from training.experiments.ending import Ending, Proofs, ending_of_run
from training.meter import Busy

#: What every arm is compared with: the frozen twin, and the strongest automation without learning.
BASELINES = ("M_0", "portfolio")
_GENERATION = re.compile(r"M_(\d+)")


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run."""

    #: The last one of each stratum. It holds all generations.
    evaluations: tuple[Evaluation, ...]
    #: Where time went.
    phases: Mapping[str, Busy]
    #: What was written: table, JSON, new proofs, the curve as SVG and PNG.
    files: tuple[Path, ...]
    ending: Ending
    #: What has to be said with the figures.
    notes: tuple[str, ...] = ()

    def render(self) -> RenderableType:
        """For a terminal."""
        busy = [busy_table(self.phases)] if self.phases else []
        return Group(*(report(each, BASELINES) for each in self.evaluations), *busy)

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        phases = {name: {**asdict(b), "lean": b.lean, "own": b.own, "idle": b.idle} for name, b in self.phases.items()}
        return {
            "evaluations": [report_json(each, BASELINES) for each in self.evaluations],
            "ending": self.ending.as_json(),
            "phases": phases,
            "notes": list(self.notes),
            "files": [str(file) for file in self.files],
        }


def write_report(
    evaluations: Sequence[Evaluation],
    phases: Mapping[str, Busy],
    title: str,
    folder: Path,
    proofs: Proofs | None = None,
    notes: Sequence[str] = (),
) -> RunReport:
    """Writes table, JSON, plots and (with the `proofs` of the run's evaluations) examples.md into `folder` and returns
    the report. `notes` come first in the table's file."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = [*plot_curve(evaluations, title, folder / "curve")]
    for each in evaluations:
        curves += plot_steps(each, folder / (f"steps-{each.stratum}" if len(evaluations) > 1 else "steps"))
    ending = ending_of_run(evaluations, proofs or {})
    files = [folder / "table.txt", folder / "report.json", *curves]
    if proofs is not None:
        files.append(folder / "examples.md")
        files[-1].write_text(_new_proofs(ending), encoding="utf-8")
    result = RunReport(tuple(evaluations), phases, tuple(files), ending, tuple(notes))
    tables = "\n".join([*(f"{note}\n" for note in notes), *(report_text(each, BASELINES) for each in evaluations)])
    files[0].write_text(tables + "\n", encoding="utf-8")
    files[1].write_text(json.dumps(result.as_json(), indent=1, default=str) + "\n", encoding="utf-8")
    return result


def _new_proofs(ending: Ending) -> str:
    """Every proof that only the last generation found, as Markdown."""
    lines = ["# Held-out theorems that the last generation proves and M_0 does not", ""]
    for label in dict.fromkeys(rise.label for rise in ending.rises):
        here = [found for found in ending.found if found.label == label]
        lines += [f"## {label}: {len(here)}", ""]
        for found in here:
            lines += [f"{found.theorem}, {found.length} steps:", "", "```lean", found.text.rstrip(), "```", ""]
    return "\n".join(lines)


def plot_curve(evaluations: Sequence[Evaluation], title: str, stem: Path) -> tuple[Path, Path]:
    """Solve rate by generation, a curve a stratum, the arms without a model as level lines."""
    curves = []
    for evaluation in evaluations:
        rows = {row.arm: row for row in evaluation.rows()}
        points = [
            Point(int(generation.group(1)), row.rate, row.interval)
            for arm, row in rows.items()
            if (generation := _GENERATION.fullmatch(arm))
        ]
        levels = {arm: row.rate for arm, row in rows.items() if not _GENERATION.fullmatch(arm)}
        curves.append(Curve(evaluation.stratum if len(evaluations) > 1 else "", points, levels))
    return plot_generations(curves, title, stem)


def busy_table(phases: Mapping[str, Busy]) -> Table:
    """Where wall time times cores went, by phase."""
    table = Table("phase", title="How busy the cores were (share of wall time x cores)", title_justify="left")
    for heading in ("wall s", "cores", "Lean", "model, search, database", "idle"):
        table.add_column(heading, justify="right")
    for name, busy in phases.items():
        table.add_row(
            name, f"{busy.wall:.0f}", str(busy.cores), f"{busy.lean:.0%}", f"{busy.own:.0%}", f"{busy.idle:.0%}"
        )
    return table
