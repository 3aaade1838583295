"""Statements that were searched on both sides: how many an arm certified true, how many false, how many it left open.

decided(evaluation, sides)             # `sides` from the corpus, `sides_of(corpus.theorems(benchmark, split))`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich import box
from rich.table import Table

from corpus.records import TheoremRecord
from prover.evaluation.evaluate import Evaluation

#: What is known of a statement's grade where nothing is.
UNGRADED = ""


@dataclass(frozen=True, slots=True)
class Side:
    """The theorem that says the opposite, and how hard the statement is known to be."""

    counterpart: str
    grade: str = UNGRADED


@dataclass(frozen=True, slots=True)
class Decided:
    """One arm, by grade: statements certified true and false, and statements in all."""

    arm: str
    true: Mapping[str, int]
    false: Mapping[str, int]
    statements: Mapping[str, int]

    @property
    def undecided(self) -> int:
        return sum(self.statements.values()) - sum(self.true.values()) - sum(self.false.values())


def sides_of(theorems: Iterable[TheoremRecord]) -> dict[str, Side]:
    """By theorem; only those that have a counterpart. A loaded row's grade is its label."""
    listed = {one.name: one for one in theorems}
    found: dict[str, Side] = {}
    for name, one in listed.items():
        denial = denial_of(name)
        if "counterpart" in one.extra:
            found[name] = Side(str(one.extra["counterpart"]), str(one.extra.get("grade", UNGRADED)))
        elif denial in listed and "hypothesis" in one.extra:
            grade = f"label {one.extra['label']}" if "label" in one.extra else UNGRADED
            found |= {name: Side(denial, grade), denial: Side(name, grade)}
    return found


def denial_of(name: str) -> str:
    """What the denial of a theorem is called, in lean-magma and among loaded rows."""
    return f"not.{name}"


def decided(evaluation: Evaluation, sides: Mapping[str, Side]) -> list[Decided]:
    """Of every arm; none where no statement was searched on both sides."""
    found = []
    for arm in evaluation.arms:
        names = set(arm.outcomes)
        pairs = [
            (name, sides[name].counterpart, sides[name].grade)
            for name in names
            if name in sides and sides[name].counterpart == denial_of(name) in names
        ]
        if pairs:
            found.append(
                Decided(
                    arm.name,
                    # A plain dict: `asdict` makes pairs of a Counter's entries, which are no JSON.
                    dict(Counter(grade for one, _, grade in pairs if one in arm.solved)),
                    dict(Counter(grade for _, other, grade in pairs if other in arm.solved)),
                    dict(Counter(grade for _, _, grade in pairs)),
                )
            )
    return found


def decided_table(found: Iterable[Decided], title: str) -> Table:
    """Certified true, certified false and undecided, one line an arm; by grade the decided ones of all."""
    rows = list(found)
    grades = sorted({grade for one in rows for grade in one.statements} - {UNGRADED})
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("arm", "true", "false", "undecided", "of", *grades):
        table.add_column(heading, justify="left" if heading == "arm" else "right", no_wrap=True)
    for one in rows:
        table.add_row(
            one.arm,
            str(sum(one.true.values())),
            str(sum(one.false.values())),
            str(one.undecided),
            str(sum(one.statements.values())),
            *(f"{one.true.get(g, 0) + one.false.get(g, 0)}/{one.statements.get(g, 0)}" for g in grades),
        )
    return table
