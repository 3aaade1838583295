"""Reads proof terms in lean4export's NDJSON format, version 3.1.

A worker wrote these files after it ran untrusted text, so the reader is strict:

- every object has exactly the keys of the format
- every index is defined once and before its use
- sizes and depths are bounded, and nothing recurses on them
- of the format's declarations only safe theorems, definitions and opaques exist

Free variables and metavariables have no notation in the format. What the reader returns is closed and uses declared
universes only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from lean_env.library.expression import (
    Apply,
    Bound,
    Constant,
    Expression,
    ForAll,
    IMax,
    Lambda,
    Let,
    Level,
    Literal,
    Max,
    Metadata,
    Param,
    Projection,
    Sort,
    Succ,
    Zero,
)
from lean_env.library.names import child_name
from lean_env.library.olean import Hints, Kind

#: The bounds. Seen in proofs by omega, bv_omega, grind, simp: 70 kB, 1,700 nodes, depth 60, 22 binders, levels 3 deep.
MAX_BYTES = 8 << 20
MAX_DEPTH = 2_000
MAX_NAME_LENGTH = 1_000
MAX_LEVEL_DEPTH = 64
#: A kernel keeps the range of loose variables in 20 bits and panics beyond.
MAX_VARIABLE = 1 << 14
#: Decimal digits of a number; Python itself refuses to convert more than 4,300.
MAX_DIGITS = 4_000

_NUMERAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
#: By their number in an expression.
BINDER_KINDS = ("default", "implicit", "strictImplicit", "instImplicit")

Value = TypeVar("Value")


class NdjsonError(ValueError):
    """The text is not a closed proof term in the format; the message says which line and why."""


@dataclass(frozen=True, slots=True)
class ExportedDeclaration:
    """A theorem, definition or opaque with its body. `type` and `value` are closed and use `level_params` only.

    `hints` say how eagerly a kernel unfolds a definition (a height, or "abbrev", "opaque"): a matter of speed only.
    """

    kind: Kind
    name: str
    level_params: tuple[str, ...]
    type: Expression
    value: Expression
    hints: Hints = "opaque"


def read_declarations(text: str) -> list[ExportedDeclaration]:
    """The declarations of an exported file in its order. Raises NdjsonError; an empty list is possible."""
    reader = NdjsonReader()
    reader.read(text)
    return reader.declarations


def read_expression(text: str, level_params: Iterable[str] | None = None) -> Expression:
    """A file without declarations, standing for its last expression: closed, and over `level_params` if given.

    Raises NdjsonError.
    """
    reader = NdjsonReader()
    reader.read(text)
    if reader.declarations or not reader.expressions:
        raise NdjsonError("expected expressions and no declarations")
    root = reader.expressions[next(reversed(reader.expressions))]
    reader.require_closed(root, None if level_params is None else frozenset(level_params))
    return root.term


@dataclass(slots=True)
class _Measured:
    """A term with what the bounds are about: its depth, its loose variables (0: closed), its universe variables."""

    term: Expression
    depth: int
    loose: int
    universes: frozenset[str]


_NO_UNIVERSES: frozenset[str] = frozenset()


class NdjsonReader:
    """The tables of one file: names, levels and expressions by index, in the order of their definition.

    `lean_env.library.header_ndjson` extends it by inductive groups.
    """

    def __init__(self) -> None:
        self.names: dict[int, str] = {0: ""}
        self.levels: dict[int, tuple[Level, int, frozenset[str]]] = {0: (Zero(), 0, _NO_UNIVERSES)}
        self.expressions: dict[int, _Measured] = {}
        self.declarations: list[ExportedDeclaration] = []
        self.declared: set[str] = set()

    def read(self, text: str) -> None:
        if len(text) > MAX_BYTES:
            raise NdjsonError(f"{len(text):,} characters exceed the limit of {MAX_BYTES:,}")
        lines = text.split("\n")
        if lines[-1] or len(lines) == 1:
            raise NdjsonError("the last line has no end: the file was cut off")
        for number, line in enumerate(lines[:-1], start=1):
            try:
                self._line(number, line)
            except NdjsonError as error:
                raise NdjsonError(f"line {number}: {error}") from None
            except (ValueError, RecursionError) as error:  # not JSON, a numeral of thousands of digits, nested brackets
                raise NdjsonError(f"line {number}: no JSON of this format: {error}") from None

    def _line(self, number: int, line: str) -> None:
        record = _decode(line)
        if type(record) is not dict:
            raise NdjsonError("not an object")
        if number == 1:
            self._meta(record)
        elif "ie" in record:
            _define(self.expressions, index_of(record.pop("ie")), self._expression(*_only_item(record)))
        elif "in" in record:
            _define(self.names, index_of(record.pop("in")), self._name(*_only_item(record)))
        elif "il" in record:
            _define(self.levels, index_of(record.pop("il")), self._level(*_only_item(record)))
        else:
            self.declaration(*_only_item(record))

    @staticmethod
    def _meta(record: dict[str, Any]) -> None:
        (meta,) = fields_of(record, "meta")
        _exporter, _lean, form = fields_of(meta, "exporter", "lean", "format")
        (version,) = fields_of(form, "version")
        if type(version) is not str or not re.fullmatch(r"3\.1\.\d+", version, re.ASCII):
            raise NdjsonError(f"format version {version!r} is not 3.1")

    def _name(self, kind: str, value: Any) -> str:
        if kind == "str":
            prefix, component = fields_of(value, "pre", "str")
            _text(component)
        elif kind == "num":
            prefix, component = fields_of(value, "pre", "i")
            _numeral(component)
        else:
            raise NdjsonError(f"unknown kind of name {kind!r}")
        name = child_name(_lookup(self.names, prefix, "name"), component)
        if len(name) > MAX_NAME_LENGTH:
            raise NdjsonError(f"a name of more than {MAX_NAME_LENGTH:,} characters")
        return name

    def _level(self, kind: str, value: Any) -> tuple[Level, int, frozenset[str]]:
        if kind == "param":
            name = _lookup(self.names, value, "name")
            return Param(name), 1, frozenset((name,))
        if kind == "succ":
            below, depth, universes = _lookup(self.levels, value, "level")
            level: Level = Succ(below)
        elif kind in ("max", "imax"):
            if type(value) is not list or len(value) != 2:
                raise NdjsonError(f"{kind} takes two levels")
            (left, depth, universes), (right, right_depth, more) = (_lookup(self.levels, i, "level") for i in value)
            depth, universes = max(depth, right_depth), universes | more
            level = Max(left, right) if kind == "max" else IMax(left, right)
        else:
            raise NdjsonError(f"unknown kind of level {kind!r}")
        if depth >= MAX_LEVEL_DEPTH:
            raise NdjsonError(f"a universe level deeper than {MAX_LEVEL_DEPTH}")
        return level, depth + 1, universes

    def _expression(self, kind: str, value: Any) -> _Measured:
        if kind == "app":
            function, argument = (self.subterm(i) for i in fields_of(value, "fn", "arg"))
            return _join(Apply(function.term, argument.term), (function, 0), (argument, 0))
        if kind == "bvar":
            index = index_of(value)
            if index >= MAX_VARIABLE:
                raise NdjsonError(f"variable index {index} exceeds the limit of {MAX_VARIABLE:,}")
            return _Measured(Bound(index), 1, index + 1, _NO_UNIVERSES)
        if kind == "const":
            name, levels = fields_of(value, "name", "us")
            parts = [_lookup(self.levels, i, "level") for i in list_of(levels)]
            universes = _NO_UNIVERSES.union(*(part[2] for part in parts))
            return _Measured(Constant(self.named(name), tuple(part[0] for part in parts)), 1, 0, universes)
        if kind in ("lam", "forallE"):
            binder_name, domain_index, body_index, info = fields_of(value, "name", "type", "body", "binderInfo")
            if info not in BINDER_KINDS:
                raise NdjsonError(f"unknown binderInfo {info!r}")
            domain, body = self.subterm(domain_index), self.subterm(body_index)
            binder = Lambda if kind == "lam" else ForAll
            label = _lookup(self.names, binder_name, "name")
            term = binder(label, BINDER_KINDS.index(info), domain.term, body.term)
            return _join(term, (domain, 0), (body, 1))
        if kind == "sort":
            level, _, universes = _lookup(self.levels, value, "level")
            return _Measured(Sort(level), 1, 0, universes)
        if kind == "letE":
            binder_name, *indices, nondep = fields_of(value, "name", "type", "value", "body", "nondep")
            if type(nondep) is not bool:
                raise NdjsonError("nondep is neither true nor false")
            domain, bound, body = (self.subterm(i) for i in indices)
            label = _lookup(self.names, binder_name, "name")
            return _join(Let(label, domain.term, bound.term, body.term, nondep), (domain, 0), (bound, 0), (body, 1))
        if kind == "proj":
            structure, position, struct = fields_of(value, "typeName", "idx", "struct")
            of = self.subterm(struct)
            return _join(Projection(self.named(structure), index_of(position), of.term), (of, 0))
        if kind == "natVal":
            if type(value) is not str or len(value) > MAX_DIGITS or not _NUMERAL.fullmatch(value):
                raise NdjsonError(f"natVal is no numeral of at most {MAX_DIGITS:,} digits")
            return _Measured(Literal(int(value)), 1, 0, _NO_UNIVERSES)
        if kind == "strVal":
            return _Measured(Literal(_text(value)), 1, 0, _NO_UNIVERSES)
        if kind == "mdata":
            inner, data = fields_of(value, "expr", "data")
            if type(data) is not dict:
                raise NdjsonError("mdata carries no object")
            of = self.subterm(inner)
            return _join(Metadata(of.term), (of, 0))
        raise NdjsonError(f"unknown kind of expression {kind!r}")

    def declaration(self, kind: str, value: Any) -> None:
        hints: Hints = "opaque"
        if kind == "thm":
            name_index, params, type_, body, group = fields_of(value, "name", "levelParams", "type", "value", "all")
        elif kind == "def":
            name_index, params, type_, body, given, safety, group = fields_of(
                value, "name", "levelParams", "type", "value", "hints", "safety", "all"
            )
            if safety != "safe":
                raise NdjsonError(f"a definition that is {safety!r}, not safe")
            hints = _hints(given)
        elif kind == "opaque":
            name_index, params, type_, body, unsafe, group = fields_of(
                value, "name", "levelParams", "type", "value", "isUnsafe", "all"
            )
            if unsafe is not False:
                raise NdjsonError("an opaque that is unsafe")
        else:
            raise NdjsonError(
                f"a declaration of kind {kind!r}; a proof may bring theorems, definitions and opaques only"
            )
        name = self.named(name_index)
        if name in self.declared:
            raise NdjsonError(f"{name} is declared twice")
        if list_of(group) != [name_index]:
            raise NdjsonError(f"{name} is declared together with others")
        level_params = tuple(self.named(i) for i in list_of(params))
        if len(set(level_params)) != len(level_params):
            raise NdjsonError(f"{name} repeats a universe parameter")
        terms = [self.subterm(type_), self.subterm(body)]
        for term in terms:
            self.require_closed(term, frozenset(level_params))
        self.declared.add(name)
        self.declarations.append(
            ExportedDeclaration(Kind(kind), name, level_params, terms[0].term, terms[1].term, hints)
        )

    @staticmethod
    def require_closed(term: _Measured, level_params: frozenset[str] | None) -> None:
        if term.loose:
            raise NdjsonError("a term with a variable that no binder binds")
        if level_params is not None and not term.universes <= level_params:
            raise NdjsonError(f"undeclared universe {min(term.universes - level_params)}")

    def subterm(self, index: Any) -> _Measured:
        return _lookup(self.expressions, index, "expression")

    def named(self, index: Any) -> str:
        name = _lookup(self.names, index, "name")
        if not name:
            raise NdjsonError("the anonymous name names no constant")
        return name


def _join(term: Expression, *parts: tuple[_Measured, int]) -> _Measured:
    """`term` over its subterms, each with the number of variables that `term` binds in it."""
    depth = 1 + max(part.depth for part, _ in parts)
    if depth > MAX_DEPTH:
        raise NdjsonError(f"a term deeper than {MAX_DEPTH:,}")
    loose = max(max(part.loose - bound, 0) for part, bound in parts)
    universes = parts[0][0].universes
    for part, _ in parts[1:]:
        if not part.universes <= universes:
            universes |= part.universes
    return _Measured(term, depth, loose, universes)


# ---- JSON, strictly -----------------------------------------------------------------------------------------------


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise NdjsonError("a repeated key")
    return record


def _no_fraction(text: str) -> Any:
    raise NdjsonError(f"{text} is no whole number")


_decode = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_float=_no_fraction, parse_constant=_no_fraction).decode


def fields_of(value: Any, *keys: str) -> list[Any]:
    """The values of an object that has exactly these keys, in this order."""
    if type(value) is not dict or value.keys() != set(keys):
        found = sorted(value) if type(value) is dict else type(value).__name__
        raise NdjsonError(f"expected the keys {list(keys)}, found {found}")
    return [value[key] for key in keys]


def _only_item(record: dict[str, Any]) -> tuple[str, Any]:
    if len(record) != 1:
        raise NdjsonError(f"expected one kind of thing, found the keys {sorted(record)}")
    return next(iter(record.items()))


def _numeral(value: Any) -> int:
    """A name's numeric part. Lean puts hashes there (`inst._@.1280031755._hygCtx`): it may be larger than an index."""
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise NdjsonError(f"{value!r} is no part of a name")
    return value


def index_of(value: Any) -> int:
    # `type`, not isinstance: True is an int to Python.
    if type(value) is not int or not 0 <= value < 1 << 30:
        raise NdjsonError(f"{value!r} is no index")
    return value


def list_of(value: Any) -> list[Any]:
    if type(value) is not list:
        raise NdjsonError(f"expected a list, found {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NdjsonError(f"expected a string, found {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NdjsonError("a string with half a surrogate pair") from None
    return value


def _hints(value: Any) -> Hints:
    if value == "opaque":
        return "opaque"
    if value == "abbrev":
        return "abbrev"
    (height,) = fields_of(value, "regular")
    return index_of(height)


def _lookup(table: dict[int, Value], index: Any, what: str) -> Value:
    try:
        return table[index_of(index)]
    except KeyError:
        raise NdjsonError(f"{what} {index} is used before it is defined") from None


def _define(table: dict[int, Value], index: int, value: Value) -> None:
    if index in table:
        raise NdjsonError(f"index {index} is defined twice")
    table[index] = value
