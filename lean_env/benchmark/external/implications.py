"""Rows that ask whether one law of magmas implies another, as SAIR's challenge on equational theories has them.

    {"id": "hard_0001", "eq1_id": 43, "eq2_id": 4512, "equation1": "x * y = y * x", "equation2": "...", "answer": false}

Laws are given as text, by their numbers, or both. Each row becomes two theorems: NAME, that the implication holds, and
not.NAME, that it does not. A label in `answer` (or `label`) is kept beside them and tells a search nothing.
A row that cannot be used says why: an unknown law, a text and a number that disagree, a label that is no truth value, a
`counterexample` (or `table`) that is no operation or refutes nothing, a label that a table contradicts.
"""

from __future__ import annotations

from collections.abc import Mapping

from lean_env.benchmark.external.row import Row
from lean_env.benchmark.lean_magma.laws import Law, UnknownLaw, law, parse
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.statements import denial, statement
from lean_env.benchmark.lean_magma.tables import NoOperation, Table, holds, table_of
from lean_env.lean_text.scope import Scope

_TEXTS, _NUMBERS = ("equation1", "equation2"), ("eq1_id", "eq2_id")
_NAMES = ("id", "name", "problem_id")
_LABELS = ("answer", "label")
_TABLES = ("counterexample", "table")
#: What a label may be written as.
_TRUTH = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_IMPORTS = Scope(imports=("Init",))


def is_implication(value: object) -> bool:
    """Whether a row asks about two laws."""
    return isinstance(value, Mapping) and all(set(side) & set(value) for side in zip(_TEXTS, _NUMBERS, strict=True))


def implication_rows(value: object, place: str, split: str) -> list[Row]:
    """Both theorems of a row, or one that says why there are none."""
    if not isinstance(value, Mapping):
        return [Row(place, "", "", Scope(), place, split, objection="no JSON object")]
    name = next((str(value[key]) for key in _NAMES if value.get(key) not in (None, "")), place)
    split = str(value.get("split") or split)
    try:
        laws = _laws(value)
        label = _label(value)
        _require_table(value, laws, label)
        _require_no_table(laws, label)
    except (UnknownLaw, NoOperation) as error:
        return [Row(name, "", "", Scope(), place, split, objection=str(error))]
    sides = laws[0].equation, laws[1].equation
    binders, _, conclusion = statement(*sides).rpartition(" : ")
    about = {"hypothesis": str(laws[0].number), "conclusion": str(laws[1].number)}
    rows = [
        Row(name, binders, conclusion, _IMPORTS, place, split),
        Row(f"not.{name}", "", denial(*sides).removeprefix(": "), _IMPORTS, place, split),
    ]
    says = (label, None if label is None else not label)
    return [
        Row(one.name, one.binders, one.conclusion, one.scope, place, split, extra={**about, **_labelled(true)})
        for one, true in zip(rows, says, strict=True)
    ]


def _labelled(true: bool | None) -> dict[str, str]:
    """`label`: whether the row's label says that this theorem holds."""
    return {} if true is None else {"label": str(true).lower()}


def _laws(value: Mapping[str, object]) -> tuple[Law, Law]:
    found: list[Law] = []
    for side in (0, 1):
        text, number = str(value.get(_TEXTS[side]) or "").strip(), value.get(_NUMBERS[side])
        if text.isdigit() and number is None:
            text, number = "", text
        if not text and number is None:
            raise UnknownLaw(f"{_TEXTS[side]} is missing")
        one = parse(text) if text else law(_number(number))
        if number is not None and one.number != _number(number):
            raise UnknownLaw(f"{text!r:.80} is law {one.number}, and the row calls it {number}")
        found.append(one)
    return found[0], found[1]


def _number(value: object) -> int:
    if isinstance(value, bool) or not str(value).strip().isdigit() or len(str(value)) > 9:
        raise UnknownLaw(f"{value!r:.40} is no number of a law")
    return int(str(value))


def _label(value: Mapping[str, object]) -> bool | None:
    label = next((value[key] for key in _LABELS if value.get(key) is not None), None)
    if label is None:
        return None
    if str(label).strip().lower() not in _TRUTH:
        raise UnknownLaw(f"its label {label!r:.40} is neither true nor false")
    return _TRUTH[str(label).strip().lower()]


def _require_table(value: Mapping[str, object], laws: tuple[Law, Law], label: bool | None) -> None:
    """Raises NoOperation where a counterexample comes along and is none."""
    rows = next((value[key] for key in _TABLES if value.get(key) is not None), None)
    if rows is None:
        return
    if not isinstance(rows, list):
        raise NoOperation(f"a table is a list of rows, not {rows!r:.40}")
    table = table_of(rows)
    if not _refutes(table, laws):
        raise NoOperation(f"the table {rows!r:.80} does not refute that law {laws[0].number} implies {laws[1].number}")
    if label:
        raise NoOperation(f"its label is true, and its own table {rows!r:.80} refutes it")


def _require_no_table(laws: tuple[Law, Law], label: bool | None) -> None:
    """Raises UnknownLaw where the label says true and one of our tables says otherwise."""
    if label and (table := Refuter.load().smallest(laws[0].number, laws[1].number)) is not None:
        raise UnknownLaw(f"its label is true, but the table {table.rows()} refutes it")


def _refutes(table: Table, laws: tuple[Law, Law]) -> bool:
    return holds(laws[0].equation, table) and not holds(laws[1].equation, table)
