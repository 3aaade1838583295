"""Rows of Lean source: its theorems, lemmas and examples, with what the text alone says against using them."""

from __future__ import annotations

from lean_env.benchmark.external.row import Row
from lean_env.lean_text.commands import Place, place_of
from lean_env.lean_text.header import read_header, without_output
from lean_env.lean_text.mask import mask
from lean_env.lean_text.scope import Scope
from lean_env.lean_text.theorems import bare_signature, theorems_of


def read_lean(text: str, file: str = "", split: str = "") -> list[Row]:
    """A row for each theorem, lemma and example of `text`, in order. Examples get numbers for names."""
    rows: list[Row] = []
    examples = 0
    text = text.replace("\r\n", "\n")
    for found in theorems_of(text):
        examples += not found.name
        needs = found.scope.objection(mask(f"{found.binders} : {found.conclusion}"))
        rows.append(
            Row(
                name=found.name or f"example_{examples}",
                binders=found.binders,
                conclusion=found.conclusion,
                scope=found.scope,
                place=f"{file}:{found.line}",
                split=split,
                proved=found.proved,
                objection="" if found.conclusion else "there is no statement after its name",
                above=_above_place(text, place_of(text, found.start)) if needs else "",
            )
        )
    return rows


def above(text: str) -> str:
    """A header's text: what stands above a theorem without its imports, and without commands that only say something
    (`#eval` would run code). Lines are kept."""
    return without_output(read_header(text).body).strip("\n") + "\n"


def _above_place(text: str, place: Place) -> str:
    """`open Nat in` holds for the one theorem, and the header is this theorem's alone: there it is `open Nat`."""
    return above(text[: place.start]) + "".join(f"{line}\n" for line in place.above)


def bare_statement(text: str, scope: Scope, place: str, name: str, split: str = "", header: str = "") -> Row:
    """A row whose text is only a statement, with or without a proof. `header` stands above it."""
    binders, conclusion, proved = bare_signature(text)
    needs = scope.objection(mask(binders + " " + conclusion))
    return Row(name, binders, conclusion, scope, place, split, proved, above=above(header) if needs else "")
