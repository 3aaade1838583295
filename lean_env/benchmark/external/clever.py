"""CLEVER's problems (arXiv:2505.13938, section 3): a Lean file each, divided by comments `-- start_def NAME`.

    human_eval/problem_0.lean    problem_details, problem_spec, generated_spec(_body), spec_isomorphism(_proof),
                                 implementation(_signature), test_cases, correctness_definition, correctness_proof
    Imports/AllImports.lean      definitions that the specifications of some of them need

A problem has two theorems. `correctness` says that an implementation keeps the specification; `spec_isomorphism` that a
second specification says the same. Where implementation or second specification is left to write, there is no theorem
yet. Lemmas for a proof are a part of the answer, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from lean_env.benchmark.external.lean_source import read_lean
from lean_env.benchmark.external.row import Row
from lean_env.benchmark.external.sections import Section, SectionsError, sections_of, without
from lean_env.lean_text.mask import mask
from lean_env.lean_text.modules import OwnModules
from lean_env.lean_text.named import definitions_named_in
from lean_env.lean_text.scope import Scope

_MARK = re.compile(r"^[ \t]*--[- \t]*(?P<side>start|end)_def[ \t]+(?P<name>\w+)[ \t]*$", re.MULTILINE)
_SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")
#: What each theorem stands without, and what it cannot do without.
_IMPLEMENTED = ("implementation_signature", "implementation", "correctness_definition", "correctness_proof")
_GENERATED = ("generated_spec", "generated_spec_body", "spec_isomorphism", "spec_isomorphism_proof")
_LEFT_OUT = (
    *("problem_details", "test_cases", "iso_helper_lemmas", "iso_helper_lemmas_proof"),
    *("correctness_helper_lemmas", "correctness_helper_lemmas_proof"),
)


def is_clever(text: str) -> bool:
    """Whether a Lean text is divided as CLEVER's problems are."""
    return {"problem_spec", "correctness_definition"} <= {mark["name"] for mark in _MARK.finditer(text)}


def clever_rows(text: str, file: str = "", split: str = "", own: OwnModules | None = None) -> list[Row]:
    """`problem_0.correctness` and `problem_0.spec_isomorphism`. `own`: the module of definitions for all problems, of
    which each theorem gets those that it names."""
    text = text.replace("\r\n", "\n")
    bad = Row(PurePosixPath(file).stem, "", "", Scope(), f"{file}:1", split)
    try:
        sections = sections_of(text, _MARK)
    except SectionsError as error:
        return [replace(bad, objection=f"no problem of CLEVER: {error}")]
    return [
        _theorem(text, sections, own, bad, "correctness", "implementation", (*_GENERATED, "correctness_proof")),
        _theorem(
            text, sections, own, bad, "spec_isomorphism", "generated_spec", (*_IMPLEMENTED, "spec_isomorphism_proof")
        ),
    ]


def _theorem(
    text: str,
    sections: Mapping[str, list[Section]],
    own: OwnModules | None,
    bad: Row,
    theorem: str,
    given: str,
    left_out: tuple[str, ...],
) -> Row:
    """`given`: the definition that the theorem is about."""
    bad = replace(bad, name=f"{bad.name}.{theorem}")
    file = bad.place.rpartition(":")[0]
    shown = without(text, *(section for name in (*_LEFT_OUT, *left_out) for section in sections.get(name, ())))
    own = own and replace(own, text=definitions_named_in(shown, own.text))
    rows = [row for row in read_lean(shown, file, bad.split, own) if row.name == theorem]
    if not rows:
        return replace(bad, objection=f"no problem of CLEVER: it has no theorem `{theorem}`")
    parts = [section.of(text) for name in (given, f"{given}_body") for section in sections.get(name, ())]
    open_ends = [part for part in parts if _SORRY.search(mask(part))]
    proved = any(one.proved for one in read_lean(text) if one.name == theorem)
    objection = f"its {given} is left to write (`sorry`): there is no theorem yet" if open_ends else rows[0].objection
    return replace(rows[0], name=bad.name, proved=proved, objection=objection)
