"""Theorems of JSON files: one object a line, or one list of objects, in any of the schemas that are about.

    miniF2F, ProofNet   name, split, header, formal_statement (a theorem without its header), goal, informal_prefix
    Goedel-Prover-V2    name or problem_id, lean4_code (a whole file)
    NuminaMath-LEAN     uuid, formal_statement (a whole file)
    PutnamBench         name, lean4_statement, lean4_header or nothing
    SAIR                equation1, equation2 or eq1_id, eq2_id (implications.py)
    miniCodeProps       full_name, prop_defn (a theorem), deps (imports, and the definitions above it)
    VERINA              id, lean_code (a whole task)

A field map says where else a field is. The statement may be a whole file, a theorem, or what follows its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lean_env.benchmark.external.implications import implication_rows, is_implication
from lean_env.benchmark.external.lean_source import bare_statement, read_lean
from lean_env.benchmark.external.row import Row
from lean_env.benchmark.external.verina import is_verina, verina_row
from lean_env.lean_text.scope import Scope

#: Where each of our fields is looked for, best first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "problem_name", "theorem_name", "full_name", "problem_id", "uuid", "id"),
    "statement": (
        *("formal_statement", "lean4_code", "lean4_statement", "lean_code", "lean4_theorem", "formal_theorem"),
        *("theorem_statement", "lean4", "statement"),
    ),
    "header": ("header", "lean4_header", "lean4_src_header", "src_header"),
    "split": ("split",),
}
#: miniCodeProps'. `deps` alone is often a list of names in other people's files.
_MINICODEPROPS: Mapping[str, str] = {"statement": "prop_defn", "header": "deps"}


class UnknownField(ValueError):
    """A field map names a field that there is not; the message lists those there are."""


def check_map(fields: Mapping[str, str]) -> None:
    """Raises UnknownField."""
    if unknown := sorted(set(fields) - set(FIELDS)):
        raise UnknownField(f"no field {', '.join(unknown)} to map; there are: {', '.join(FIELDS)}")


def json_objects(text: str) -> Iterator[tuple[int, object]]:
    """Line numbers (from 1; of a list, positions in it) with what stands there; None for what is not JSON."""
    if text.lstrip().startswith("["):
        whole = _parsed(text)
        yield from enumerate(whole if isinstance(whole, list) else [None], start=1)
        return
    if isinstance(whole := _parsed(text), dict) and "\n" in text.strip():
        # One object over several lines: a table of rows by name, or a single row.
        table = all(isinstance(value, dict) for value in whole.values())
        values = [{"name": name, **value} for name, value in whole.items()] if table else [whole]
        yield from enumerate(values, start=1)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _parsed(line)


def read_json(text: str, file: str, split: str, fields: Mapping[str, str]) -> list[Row]:
    """A row for every object or line, in order. `fields` overrides where a field is. Raises UnknownField."""
    return rows_of(json_objects(text), file, split, fields)


def rows_of(objects: Iterable[tuple[int, object]], file: str, split: str, fields: Mapping[str, str]) -> list[Row]:
    """`read_json` for what `json_objects` gave."""
    check_map(fields)
    rows: list[Row] = []
    for number, value in objects:
        place = f"{file}:{number}"
        if is_implication(value):
            rows += implication_rows(value, place, split)
        else:
            rows.append(_row(value, place, split, fields))
    return rows


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _row(value: object, place: str, split: str, fields: Mapping[str, str]) -> Row:
    if not isinstance(value, dict):
        return _unreadable(place, split, "no JSON object")

    if all(name in value for name in _MINICODEPROPS.values()):
        fields = {**_MINICODEPROPS, **fields}

    def field(ours: str) -> str:
        names = (fields[ours],) if ours in fields else FIELDS[ours]
        return next((str(value[name]) for name in names if value.get(name) not in (None, "")), "")

    name, statement, header = field("name"), field("statement"), field("header")
    split = field("split") or split
    if not statement.strip():
        known = ", ".join(map(str, list(value)[:8]))
        row = _unreadable(place, split, f"no statement in it; its fields: {known}. `--map statement=FIELD` says which")
        return replace(row, name=name or row.name)
    if is_verina(statement):
        row = verina_row(statement, place, split)
        return replace(row, name=name or row.name, place=place)
    found = read_lean(f"{header}\n{statement}")
    if not found:
        scope = read_lean(f"{header}\nexample : True")[-1].scope
        return bare_statement(statement, scope, place, name or place, split, header)
    chosen = next((row for row in found if row.name == name), found[-1])
    own = chosen.name if not chosen.name.startswith("example_") else place
    others = [row.name for row in found if row is not chosen]
    extra = {"beside": ", ".join(others)} if others else {}
    return replace(chosen, name=name or own, place=place, split=split, extra=extra)


def _unreadable(place: str, split: str, why: str) -> Row:
    return Row(place, "", "", Scope(), place, split, objection=why)
