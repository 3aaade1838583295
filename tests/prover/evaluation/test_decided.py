"""Statements that were searched on both sides, counted by arm and by grade."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from countdown import FixedPolicy
from rich.console import Console

from corpus.records import AttemptStatus, TheoremRecord
from corpus.round_results import TheoremOutcome
from prover.evaluation.decided import decided, decided_table, sides_of
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.search.budget import Budget

#: Names on both sides of `not.` in the alphabet.
NAMES = ("apple", "zebra", "middle")
SOLVED = {"M_0": {"apple"}, "M_1": {"apple", "not.zebra"}}


def _evaluation() -> Evaluation:
    arms = []
    for arm, solved in SOLVED.items():
        found = []
        for name in (*NAMES, *(f"not.{name}" for name in NAMES), "alone"):
            status = AttemptStatus.PROVED if name in solved else AttemptStatus.UNPROVED
            steps = 3 if name in solved else None
            found.append(TheoremOutcome(name, "", status, steps, 3, 0, 0.1, 0.1, 0.3, 0, 0.2))
        arms.append((Arm(arm, FixedPolicy(), Budget(64)), found))
    return gather(arms, interrupted=False, benchmark="b", split="valid", stratum="", seed=0, test_evaluations=0)


def _record(name: str, **extra: object) -> TheoremRecord:
    return TheoremRecord(name, "", name, "Init", None, "valid", "", "", extra)


def test_each_arm_is_counted_by_side_and_grade() -> None:
    grades = dict(zip(NAMES, ("true-2", "false-3", "open"), strict=True))
    records = [
        one
        for name, grade in grades.items()
        for one in (
            _record(name, counterpart=f"not.{name}", grade=grade),
            _record(f"not.{name}", counterpart=name, grade=grade),
        )
    ]
    sides = sides_of([*records, _record("alone")])
    assert sides.keys() == {one.name for one in records}
    first, second = decided(_evaluation(), sides)
    assert json.loads(json.dumps(asdict(second)))["true"] == {"true-2": 1}
    assert (first.arm, first.true, first.false, first.undecided) == ("M_0", {"true-2": 1}, {}, 2)
    assert (second.true, second.false, second.undecided) == ({"true-2": 1}, {"false-3": 1}, 1)
    assert second.statements == dict.fromkeys(grades.values(), 1)
    console = Console(width=120, record=True)
    console.print(decided_table([first, second], "both sides"))
    shown = console.export_text()
    assert "undecided" in shown and shown.count("1/1") == 3


def test_loaded_rows_go_by_their_labels_and_others_have_no_sides() -> None:
    rows = [_record("apple", hypothesis="43", label="true"), _record("not.apple", hypothesis="43", label="false")]
    sides = sides_of(rows)
    assert {one.grade for one in sides.values()} == {"label true"}
    assert sides["apple"].counterpart == "not.apple" and sides["not.apple"].counterpart == "apple"
    assert sides_of([_record("p"), _record("not.p")]) == {}
    assert decided(_evaluation(), {}) == []
    assert not sides_of([replace(rows[0], name="q")])
