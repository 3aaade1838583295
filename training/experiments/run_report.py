"""A run's report: the table of all generations beside their baselines, curves, where the time went, what was found."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table

from corpus.climb import NO_RUNG, Climb
from corpus.health import FIGURES, Health
from corpus.template_use import TemplateUse
from prover.actions.repertoire import Repertoire
from prover.evaluation.decided import Decided, Side, decided, decided_table
from prover.evaluation.evaluate import Evaluation
from prover.evaluation.height import heights
from prover.evaluation.height_plot import plot_heights
from prover.evaluation.plots import Curve, Point, plot_generations, plot_steps
from prover.evaluation.report import report, report_json, report_text
from training.experiments.ending import Ending, Proofs, ending_of_run
from training.experiments.markdown import lean_block
from training.meter import Busy

#: What every arm is compared with: the frozen twin, and the strongest automation without learning.
BASELINES = ("M_0", "portfolio")
_DECIDED = "Statements certified true, certified false and undecided; by what is known of them, those that are decided"
#: Columns of a table's file: fourteen rungs, height and difference side by side.
_WIDTH = 200
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
    #: What the run's rounds have solved so far, one entry a round.
    climbed: tuple[Climb, ...] = ()
    #: Of statements that were searched on both sides, one list an evaluation.
    decided: tuple[list[Decided], ...] = ()
    #: Of the generations that were examined, by number.
    health: Mapping[int, Health] = field(default_factory=dict)

    def render(self) -> RenderableType:
        """For a terminal."""
        busy = [busy_table(self.phases)] if self.phases else []
        climbed = [climb_table(self.climbed)] if self.climbed else []
        sides = [decided_table(each, _DECIDED) for each in self.decided]
        health = [health_table(self.health)] if self.health else []
        return Group(*(report(each, BASELINES) for each in self.evaluations), *sides, *climbed, *health, *busy)

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        phases = {name: {**asdict(b), "lean": b.lean, "own": b.own, "idle": b.idle} for name, b in self.phases.items()}
        return {
            "evaluations": [report_json(each, BASELINES) for each in self.evaluations],
            "ending": self.ending.as_json(),
            "phases": phases,
            "climb": [asdict(one) | {"rate": one.rate} for one in self.climbed],
            "decided": [[asdict(one) | {"undecided": one.undecided} for one in each] for each in self.decided],
            "health": {f"M_{number}": one.as_json() for number, one in self.health.items()},
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
    climbed: Sequence[Climb] = (),
    sides: Mapping[str, Side] | None = None,
    health: Mapping[int, Health] | None = None,
) -> RunReport:
    """Writes table, JSON, plots and (with the `proofs` of the run's evaluations) examples.md into `folder` and returns
    the report. `notes` come first in the table's file; `climbed` is what the run's rounds have solved (`corpus.climb`).
    `sides`: theorems that have one which says the opposite. `health`: by generation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    graded = heights(evaluations[0]) if len(evaluations) == 1 else []
    if graded:
        solved = {"this run": train_rates(climbed)} if climbed else {}
        curves = [*plot_heights(graded, title, folder / "curve", solved)]
    else:
        curves = [*plot_curve(evaluations, title, folder / "curve")]
    for each in evaluations:
        curves += plot_steps(each, folder / (f"steps-{each.stratum}" if len(evaluations) > 1 else "steps"))
    ending = ending_of_run(evaluations, proofs or {})
    files = [folder / "table.txt", folder / "report.json", *curves]
    if proofs is not None:
        files.append(folder / "examples.md")
        files[-1].write_text(_new_proofs(ending), encoding="utf-8")
    both = tuple(filter(None, (decided(each, sides or {}) for each in evaluations)))
    result = RunReport(
        tuple(evaluations), phases, tuple(files), ending, tuple(notes), tuple(climbed), both, health or {}
    )
    tables = "\n".join(
        [*(f"{note}\n" for note in notes), *(report_text(each, BASELINES, _WIDTH) for each in evaluations)]
    )
    for arms in both:
        tables += "\n" + _plain(decided_table(arms, _DECIDED))
    if climbed:
        tables += "\n" + _plain(climb_table(climbed))
    if health:
        tables += "\n" + _plain(health_table(health)) + "".join(f"{line}\n" for line in health_lines(health))
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
            lines += [f"{found.theorem}, {found.length} steps:", "", *lean_block(found.text), ""]
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


def unused_note(use: Mapping[str, TemplateUse], repertoire: Repertoire) -> str:
    """Which templates of the repertoire are in no proof of the run's rounds, and how often each was tried."""
    unused = [t.name for t in repertoire.templates if not use.get(t.name, TemplateUse()).proofs]
    if not unused:
        return f"All {len(repertoire.templates)} templates are in proofs that the rounds found."
    tried = ", ".join(f"{name} ({use.get(name, TemplateUse()).tried:,})" for name in unused)
    of = f"{len(unused)} of {len(repertoire.templates)} templates"
    return f"In no proof that the rounds found, with how often they were tried: {of}: {tried}."


def train_rates(climbed: Sequence[Climb]) -> list[float]:
    """The share solved so far of the graded train statements tried so far, once for each model that searched, the
    rounds before M_0 first: disproofs, which are in no rung, are not among them."""
    last = {one.generation: one for one in climbed}
    counts = [
        [sum(n for rung, n in found.items() if rung != NO_RUNG) for found in (one.solved, one.tried)]
        for one in last.values()
    ]
    return [solved / max(1, tried) for solved, tried in counts]


def climb_table(climbed: Sequence[Climb]) -> Table:
    """Train statements solved so far after each round, and the share of those tried; by rung where there are rungs."""
    rungs = sorted({rung for one in climbed for rung in one.tried} - {NO_RUNG})
    table = Table("round", title="Train statements solved so far (of those tried so far)", title_justify="left")
    for heading in ("by", *(f"r{rung}" for rung in rungs), "solved", "tried", "share", "steps"):
        table.add_column(heading, justify="right")
    for number, one in enumerate(climbed):
        table.add_row(
            str(number),
            one.arm if one.generation is None else f"M_{one.generation} {one.arm}",
            *(f"{one.solved.get(rung, 0)}/{one.tried.get(rung, 0)}" for rung in rungs),
            str(sum(one.solved.values())),
            str(sum(one.tried.values())),
            f"{one.rate:.0%}",
            f"{one.steps:,}",
        )
    return table


def health_table(health: Mapping[int, Health]) -> Table:
    """Every figure that was measured for some generation, a column a generation."""
    table = Table("figure", title="Health of the generations (docs/HEALTH.md)", title_justify="left")
    for number, one in health.items():
        table.add_column(f"M_{number}{'!' * bool(one.alarms)}", justify="right")
    for name, figure in FIGURES.items():
        values = [one.figures[name] for one in health.values()]
        if any(value is not None for value in values):
            table.add_row(figure.label, *map(figure.text, values))
    return table


def health_lines(health: Mapping[int, Health]) -> list[str]:
    """Alarms, remedies and notes in words."""
    lines = []
    for number, one in health.items():
        lines += [f"M_{number} alarm, {alarm.failure}: {alarm.text}" for alarm in one.alarms]
        lines += [f"M_{number} remedy, {remedy}" for remedy in one.remedies]
        lines += [f"M_{number} note: {note}" for note in one.notes]
    return lines


def _plain(table: Table) -> str:
    text = io.StringIO()
    Console(file=text, width=_WIDTH, no_color=True, force_terminal=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


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
