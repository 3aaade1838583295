"""VERINA's tasks (arXiv:2505.23135, section 3): a Lean file each, divided by comments `-- !benchmark @start NAME`.

    NAME/task.lean      import, solution_aux, precond_aux, precond, code_aux, code, postcond_aux, postcond, proof_aux,
                        proof

A task's theorem says that its code keeps what the postcondition promises wherever the precondition holds. It stands
under precondition, code and postcondition. `proof_aux` has lemmas that its author wrote for the proof: they are a part
of the answer, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from lean_env.benchmark.external.lean_source import read_lean
from lean_env.benchmark.external.row import Row
from lean_env.benchmark.external.sections import Section, SectionsError, sections_of, without
from lean_env.lean_text.scope import Scope

TASK = "task.lean"
#: `@start import type=solution`: what an import is for follows its name.
_MARK = re.compile(r"^[ \t]*--[ \t]*!benchmark[ \t]+@(?P<side>start|end)[ \t]+(?P<name>\w+)[^\n]*$", re.MULTILINE)
_NEEDED = ("precond", "code", "postcond", "proof")


def is_verina(text: str) -> bool:
    """Whether a Lean text is divided as VERINA's are."""
    return _MARK.search(text) is not None


def verina_row(text: str, file: str = "", split: str = "") -> Row:
    """The task's theorem. Its name is that of the task's folder, where it has one."""
    text = text.replace("\r\n", "\n")
    folder = PurePosixPath(file).parent.name
    name = folder if PurePosixPath(file).name == TASK and folder else ""
    bad = Row(name or file, "", "", Scope(), f"{file}:1", split)
    try:
        sections = sections_of(text, _MARK)
    except SectionsError as error:
        return replace(bad, objection=f"no task of VERINA: {error}")
    if missing := [part for part in _NEEDED if len(sections.get(part, ())) != 1]:
        return replace(bad, objection=f"no task of VERINA: it has to have one section {missing[0]}")
    return _theorem(text, sections, bad, name)


def _theorem(text: str, sections: Mapping[str, list[Section]], bad: Row, name: str) -> Row:
    (proof,) = sections["proof"]
    answer = (proof, *sections.get("proof_aux", ()))
    rows = read_lean(without(text, *answer), bad.place.rpartition(":")[0], bad.split)
    if not rows or int(rows[-1].place.rpartition(":")[2]) > proof.line:
        return replace(bad, objection="no task of VERINA: no theorem stands before its section proof")
    row = rows[-1]
    proved = any(one.proved for one in read_lean(text) if one.name == row.name)
    return replace(row, name=name or row.name, proved=proved, extra={"theorem": row.name})
