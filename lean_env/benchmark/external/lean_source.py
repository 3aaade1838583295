"""Rows of Lean source: its theorems, lemmas and examples, with what the text alone says against using them."""

from __future__ import annotations

from lean_env.benchmark.external.row import Row
from lean_env.lean_text.mask import mask
from lean_env.lean_text.scope import Scope
from lean_env.lean_text.theorems import bare_signature, theorems_of


def read_lean(text: str, file: str = "", split: str = "") -> list[Row]:
    """A row for each theorem, lemma and example of `text`, in order. Examples get numbers for names."""
    rows: list[Row] = []
    examples = 0
    for found in theorems_of(text.replace("\r\n", "\n")):
        examples += not found.name
        objection = found.scope.objection(mask(f"{found.binders} : {found.conclusion}"))
        rows.append(
            Row(
                name=found.name or f"example_{examples}",
                binders=found.binders,
                conclusion=found.conclusion,
                scope=found.scope,
                place=f"{file}:{found.line}",
                split=split,
                proved=found.proved,
                objection=objection if found.conclusion else "there is no statement after its name",
            )
        )
    return rows


def bare_statement(text: str, scope: Scope, place: str, name: str, split: str = "") -> Row:
    """A row whose text is only a statement, with or without a proof."""
    binders, conclusion, proved = bare_signature(text)
    return Row(
        name, binders, conclusion, scope, place, split, proved, scope.objection(mask(binders + " " + conclusion))
    )
