"""What a run shows at its end: the table of all generations beside their baselines, the curve, where the time went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from prover.evaluation import Evaluation
from prover.reporting import Point, plot_generations, plot_steps, report, report_json, report_text
from training.meter import Busy

#: What every arm is compared with: the frozen twin, and the strongest automation without learning.
BASELINES = ("M_0", "portfolio")


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run: its last evaluation holds all generations; `phases` says where time went; `files` what was
    written (table, JSON, curve as SVG and PNG)."""

    evaluation: Evaluation
    phases: Mapping[str, Busy]
    files: tuple[Path, ...]

    def render(self) -> RenderableType:
        """For a terminal."""
        return Group(report(self.evaluation, BASELINES), busy_table(self.phases))

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        phases = {name: {**asdict(b), "lean": b.lean, "own": b.own, "idle": b.idle} for name, b in self.phases.items()}
        return {
            **report_json(self.evaluation, BASELINES),
            "phases": phases,
            "files": [str(file) for file in self.files],
        }


def write_report(evaluation: Evaluation, phases: Mapping[str, Busy], title: str, folder: Path) -> RunReport:
    """Writes table, JSON and plots into `folder` and returns the report."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = [*plot_curve(evaluation, title, folder / "curve"), *plot_steps(evaluation, folder / "steps")]
    result = RunReport(evaluation, phases, (folder / "table.txt", folder / "report.json", *curves))
    (folder / "table.txt").write_text(report_text(evaluation, BASELINES) + "\n", encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(result.as_json(), indent=1, default=str) + "\n", encoding="utf-8")
    return result


def plot_curve(evaluation: Evaluation, title: str, stem: Path) -> tuple[Path, Path]:
    """Solve rate by generation, the arms without a model as level lines."""
    rows = {row.arm: row for row in evaluation.rows()}
    points = [
        Point(int(arm.removeprefix("M_")), row.rate, row.interval) for arm, row in rows.items() if arm.startswith("M_")
    ]
    levels = {arm: row.rate for arm, row in rows.items() if not arm.startswith("M_")}
    return plot_generations({"flywheel": points}, levels, title, stem)


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
