"""Rows of Lean source: its theorems, lemmas and examples, with what the text alone says against using them."""

from __future__ import annotations

from lean_env.benchmark.external.row import Row
from lean_env.lean_text.commands import Place, place_of
from lean_env.lean_text.header import read_header, without_output
from lean_env.lean_text.mask import mask
from lean_env.lean_text.modules import OwnModules
from lean_env.lean_text.scope import Scope
from lean_env.lean_text.theorems import bare_signature, theorems_of


def read_lean(text: str, file: str = "", split: str = "", own: OwnModules | None = None) -> list[Row]:
    """A row for each theorem, lemma and example of `text`, in order. Examples get numbers for names. `own`: the modules
    of its repository that the file imports."""
    rows: list[Row] = []
    examples = 0
    text = text.replace("\r\n", "\n")
    for found in theorems_of(text):
        examples += not found.name
        needs = (own is not None and own.text) or found.scope.objection(mask(f"{found.binders} : {found.conclusion}"))
        standing, line = _above_place(text, place_of(text, found.start)) if needs else ("", 1)
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
                above=standing,
                above_line=line,
                own=own,
            )
        )
    return rows


def above(text: str) -> tuple[str, int]:
    """A header's text: what stands above a theorem without its imports, and without commands that only say something
    (`#eval` would run code). Lines are kept, and the number of the first one is there."""
    body = without_output(read_header(text).body).rstrip("\n")
    stripped = body.lstrip("\n")
    return f"{stripped}\n", len(body) - len(stripped) + 1


def _above_place(text: str, place: Place) -> tuple[str, int]:
    """`open Nat in` holds for the one theorem, and the header is this theorem's alone: there it is `open Nat`."""
    standing, first = above(text[: place.start])
    return standing + "".join(f"{line}\n" for line in place.above), first


def bare_statement(text: str, scope: Scope, place: str, name: str, split: str = "", header: str = "") -> Row:
    """A row whose text is only a statement, with or without a proof. `header` stands above it."""
    binders, conclusion, proved = bare_signature(text)
    standing, line = above(header) if scope.objection(mask(binders + " " + conclusion)) else ("", 1)
    return Row(name, binders, conclusion, scope, place, split, proved, above=standing, above_line=line)
