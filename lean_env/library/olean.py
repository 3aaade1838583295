"""Reads the library's .olean files (32-bit, Lean 4.28) without Lean.

A .olean is a compacted object graph: children lie before their parents and pointers are absolute (base + offset). An
object is an int32 reference count, a uint16 size, a uint8 number of pointer fields, a uint8 tag, the fields, then
scalars; an odd pointer is a boxed number. Nothing that Lean cached in the file (hashes, loose bound variables) is used.

The distribution holds the *exported* level only: theorems and non-exposed definitions are stored as axioms. What they
were before is in the module's `privateConstKindsExt` entries, which `Declaration.original_kind` gives back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal as OneOf

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


class OleanError(Exception):
    """A file is not what this reader knows: another Lean version, another word size, or damaged."""


class Kind(StrEnum):
    """What a constant is; the values are lean4export's words."""

    AXIOM = "axiom"
    DEFINITION = "def"
    THEOREM = "thm"
    OPAQUE = "opaque"
    QUOTIENT = "quot"
    INDUCTIVE = "induct"
    CONSTRUCTOR = "ctor"
    RECURSOR = "rec"


class Safety(StrEnum):
    """`unsafe` and `partial` definitions may not occur in a proof. The value's order is Lean's `DefinitionSafety`."""

    UNSAFE = "unsafe"
    SAFE = "safe"
    PARTIAL = "partial"


#: How eagerly a kernel unfolds a definition: a height, or one of the two extremes. A matter of speed only.
Hints = OneOf["opaque", "abbrev"] | int

_KINDS = tuple(Kind)  # the order of ConstantInfo's constructors
#: The order of Lean.ConstantKind's constructors, as the entries of privateConstKindsExt hold them.
_ORIGINAL_KINDS = (Kind.DEFINITION, Kind.THEOREM, Kind.AXIOM, Kind.OPAQUE, *_KINDS[4:])
_SAFETY = tuple(Safety)
_ORIGINAL_KINDS_EXTENSION = "_private.Lean.AddDecl.0.Lean.privateConstKindsExt"

_SIMP_EXTENSION = "Lean.Meta.simpExtension"
_DEFAULT_PRIORITY = 1000

_HEADER_BYTES = 0x58
_BASE_AT, _ROOT_AT = 0x50, 0x54
_BIG_NUMBER_TAG = 250


@dataclass(frozen=True, slots=True)
class Import:
    """One line of a module's header. Only `exported` (`public`) imports are visible to whoever imports the module."""

    module: str
    exported: bool
    everything: bool
    meta: bool


@dataclass(frozen=True, slots=True)
class Declaration:
    """One constant as stored."""

    name: str
    kind: Kind
    #: What it was before export.
    original_kind: Kind
    safety: Safety
    level_params: tuple[str, ...]
    type: Expression
    value: Expression | None = None
    #: What else the kernel knows of it, as text: parameter counts, constructors, ...
    shape: tuple[str, ...] = ()
    #: A recursor's right-hand sides.
    rules: tuple[Expression, ...] = ()
    #: A definition's.
    hints: Hints = "opaque"


_BVAR, _FVAR, _MVAR, _SORT, _CONST, _APP, _LAMBDA, _FORALL, _LET, _LITERAL, _METADATA, _PROJECTION = range(12)
#: Which pointer fields of an expression object are expressions.
_SUBTERM_FIELDS: dict[int, tuple[int, ...]] = {
    _APP: (0, 1),
    _LAMBDA: (1, 2),
    _FORALL: (1, 2),
    _LET: (1, 2, 3),
    _METADATA: (1,),
    _PROJECTION: (2,),
}
_SUBTERMS = tuple(_SUBTERM_FIELDS.get(tag, ()) for tag in range(256))


class ModuleFile:
    """One .olean file. Everything read from it shares nodes. Raises OleanError for what it does not know."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = path.read_bytes()
        if len(data) < _HEADER_BYTES or data[:6] != b"olean\x02" or not data[7:].startswith(b"4.28"):
            raise OleanError(
                f"{path}: not a version 2 .olean of Lean 4.28; `flywheel setup --force` fetches the library anew"
            )
        self._bytes = data
        self._words = memoryview(data[: len(data) // 4 * 4]).cast("I")
        self._base = self._words[_BASE_AT >> 2]
        self._root = self._words[_ROOT_AT >> 2]
        self._names: dict[int, str] = {}
        self._levels: dict[int, Level] = {}
        self._expressions: dict[int, Expression] = {}

    # ---- module data: imports, constant names, constants, extra names, extension entries ----

    def imports(self) -> list[Import]:
        """The header's imports in order; a module may be listed twice (plainly and as `meta`)."""
        flags = [(self._name(self._field(p, 0)), [self._scalar(p, i) == 1 for i in range(3)]) for p in self._array(0)]
        return [Import(name, exported, everything, meta) for name, (everything, exported, meta) in flags]

    def names(self) -> list[str]:
        """The names of the module's constants, in file order."""
        return [self._name(p) for p in self._array(1)]

    def declarations(self) -> Iterator[Declaration]:
        """All constants of the module, in file order."""
        originals = self._original_kinds()
        for pointer in self._array(2):
            yield self._declaration(pointer, originals)

    def declaration(self, name: str) -> Declaration:
        """One constant. Raises KeyError."""
        for name_pointer, pointer in zip(self._array(1), self._array(2), strict=True):
            if self._name(name_pointer) == name:
                return self._declaration(pointer, self._original_kinds())
        raise KeyError(name)

    def simp_marks(self) -> dict[str, str]:
        """The attribute with which the module makes each of its simp lemmas one: `simp`, `simp ↓`, `simp ← 900`, ..."""
        marks: dict[str, str] = {}
        for entry in self._array(4):
            if self._name(self._field(entry, 0)) != _SIMP_EXTENSION:
                continue
            for pointer in self._items(self._field(entry, 1)):
                # Entry.global; SimpEntry.thm; SimpTheorem {keys, levelParams, proof, priority, origin | ...};
                # Origin.decl {declName | post, inv}
                added = self._field(pointer, 0)
                if self._tag(pointer) != 0 or self._tag(added) != 0:
                    continue
                theorem = self._field(added, 0)
                origin = self._field(theorem, 4)
                if self._tag(origin) != 0:
                    continue
                post, inverse = self._scalar(origin, 0), self._scalar(origin, 1)
                priority = self._number(self._field(theorem, 3))
                words = ["simp" if post else "simp ↓", *["←"] * inverse]
                if priority != _DEFAULT_PRIORITY:
                    words.append(str(priority))
                marks[self._name(self._field(origin, 0))] = " ".join(words)
        return marks

    def _original_kinds(self) -> dict[str, Kind]:
        for entry in self._array(4):
            if self._name(self._field(entry, 0)) == _ORIGINAL_KINDS_EXTENSION:
                pairs = self._items(self._field(entry, 1))
                return {self._name(self._field(p, 0)): _ORIGINAL_KINDS[self._field(p, 1) >> 1] for p in pairs}
        return {}

    def _declaration(self, pointer: int, originals: dict[str, Kind]) -> Declaration:
        kind = _KINDS[self._tag(pointer)]
        value = self._field(pointer, 0)
        header = self._field(value, 0)

        def field(i: int) -> int:
            return self._field(value, i)

        name = self._name(self._field(header, 0))
        body: Expression | None = None
        shape: tuple[str, ...] = ()
        rules: tuple[Expression, ...] = ()
        hints: Hints = "opaque"
        safety = Safety.SAFE
        unsafe_flag: int | None = None
        if kind is Kind.AXIOM:
            unsafe_flag = self._scalar(value, 0)
        elif kind is Kind.DEFINITION:
            body = self._expression(field(1))
            safety = _SAFETY[self._scalar(value, 0)]
            hints = self._hints(field(2))
        elif kind is Kind.THEOREM:
            body = self._expression(field(1))
        elif kind is Kind.OPAQUE:
            body = self._expression(field(1))
            unsafe_flag = self._scalar(value, 0)
        elif kind is Kind.QUOTIENT:
            shape = (str(self._scalar(value, 0)),)
        elif kind is Kind.INDUCTIVE:
            counts = [str(self._number(field(i))) for i in (1, 2, 5)]
            shape = (*counts, *self._name_list(field(3)), "|", *self._name_list(field(4)))
            unsafe_flag = self._scalar(value, 1)
        elif kind is Kind.CONSTRUCTOR:
            shape = (self._name(field(1)), *(str(self._number(field(i))) for i in (2, 3, 4)))
            unsafe_flag = self._scalar(value, 0)
        else:
            rule_pointers = self._list(field(6))
            rules = tuple(self._expression(self._field(p, 2)) for p in rule_pointers)
            heads = [f"{self._name(self._field(p, 0))}/{self._number(self._field(p, 1))}" for p in rule_pointers]
            counts = [str(self._number(field(i))) for i in (2, 3, 4, 5)]
            shape = (*self._name_list(field(1)), "|", *counts, str(self._scalar(value, 0)), *heads)
            unsafe_flag = self._scalar(value, 1)
        if unsafe_flag:
            safety = Safety.UNSAFE
        return Declaration(
            name=name,
            kind=kind,
            original_kind=originals.get(name, kind),
            safety=safety,
            level_params=tuple(self._name_list(self._field(header, 1))),
            type=self._expression(self._field(header, 2)),
            value=body,
            shape=shape,
            rules=rules,
            hints=hints,
        )

    # ---- raw objects ----

    def _tag(self, pointer: int) -> int:
        return self._bytes[pointer - self._base + 7]

    def _field(self, pointer: int, index: int) -> int:
        return self._words[(pointer - self._base + 8 >> 2) + index]

    def _scalar(self, pointer: int, index: int) -> int:
        """Byte `index` of the scalars behind the pointer fields."""
        offset = pointer - self._base
        return self._bytes[offset + 8 + 4 * self._bytes[offset + 6] + index]

    def _array(self, root_field: int) -> list[int]:
        return self._items(self._field(self._root, root_field))

    def _items(self, pointer: int) -> list[int]:
        at = pointer - self._base >> 2
        return self._words[at + 4 : at + 4 + self._words[at + 2]].tolist()

    def _list(self, pointer: int) -> list[int]:
        items = []
        while not pointer & 1:
            items.append(self._field(pointer, 0))
            pointer = self._field(pointer, 1)
        return items

    def _string(self, pointer: int) -> str:
        offset = pointer - self._base
        return self._bytes[offset + 20 : offset + 19 + self._words[offset + 8 >> 2]].decode()

    def _number(self, pointer: int) -> int:
        if pointer & 1:
            return pointer >> 1
        offset = pointer - self._base
        if self._bytes[offset + 7] != _BIG_NUMBER_TAG or self._bytes[offset + 8]:
            raise OleanError(f"{self.path}: no natural number at {offset:#x}")
        size, digits = self._words[offset + 12 >> 2], self._words[offset + 16 >> 2] - self._base
        return int.from_bytes(self._bytes[digits : digits + 4 * size], "little")

    def _name(self, pointer: int) -> str:
        if pointer & 1:
            return ""
        name = self._names.get(pointer)
        if name is None:
            prefix, last = self._name(self._field(pointer, 0)), self._field(pointer, 1)
            name = child_name(prefix, self._string(last) if self._tag(pointer) == 1 else self._number(last))
            self._names[pointer] = name
        return name

    def _hints(self, pointer: int) -> Hints:
        if pointer & 1:
            return ("opaque", "abbrev")[pointer >> 1]
        return self._words[pointer - self._base + 8 >> 2]

    def _name_list(self, pointer: int) -> list[str]:
        return [self._name(p) for p in self._list(pointer)]

    def _level(self, pointer: int) -> Level:
        level = self._levels.get(pointer)
        if level is None:
            tag = 0 if pointer & 1 else self._tag(pointer)
            if tag == 0:
                level = Zero()
            elif tag == 1:
                level = Succ(self._level(self._field(pointer, 0)))
            elif tag in (2, 3):
                parts = self._level(self._field(pointer, 0)), self._level(self._field(pointer, 1))
                level = Max(*parts) if tag == 2 else IMax(*parts)
            elif tag == 4:
                level = Param(self._name(self._field(pointer, 0)))
            else:
                raise OleanError(f"{self.path}: a universe metavariable in a stored constant")
            self._levels[pointer] = level
        return level

    def _expression(self, root: int) -> Expression:
        """The expression at `root`. Children lie before parents, so new nodes are made in the order of addresses."""
        made, words, raw, base = self._expressions, self._words, self._bytes, self._base
        if root in made:
            return made[root]
        seen, stack = {root}, [root]
        while stack:
            pointer = stack.pop()
            offset = pointer - base
            for i in _SUBTERMS[raw[offset + 7]]:
                child = words[(offset + 8 >> 2) + i]
                if child not in seen and child not in made:
                    seen.add(child)
                    stack.append(child)
        node: Expression
        for pointer in sorted(seen):
            offset = pointer - base
            tag, at = raw[offset + 7], offset + 8 >> 2
            if tag == _APP:
                node = Apply(made[words[at]], made[words[at + 1]])
            elif tag == _BVAR:
                node = Bound(self._number(words[at]))
            elif tag == _CONST:
                node = Constant(self._name(words[at]), tuple(map(self._level, self._list(words[at + 1]))))
            elif tag in (_LAMBDA, _FORALL):
                binder = Lambda if tag == _LAMBDA else ForAll
                # The binder kind is the byte behind three pointers and the 8 bytes of Lean's cached data.
                node = binder(self._name(words[at]), raw[offset + 28], made[words[at + 1]], made[words[at + 2]])
            elif tag == _SORT:
                node = Sort(self._level(words[at]))
            elif tag == _METADATA:
                node = Metadata(made[words[at + 1]])
            elif tag == _LITERAL:
                literal = words[at]
                content = self._field(literal, 0)
                node = Literal(self._number(content) if self._tag(literal) == 0 else self._string(content))
            elif tag == _LET:
                # Behind four pointers and the cached data: whether it is a `have`.
                kind, value, body = (made[words[at + i]] for i in (1, 2, 3))
                node = Let(self._name(words[at]), kind, value, body, raw[offset + 32] != 0)
            elif tag == _PROJECTION:
                node = Projection(self._name(words[at]), self._number(words[at + 1]), made[words[at + 2]])
            else:
                raise OleanError(f"{self.path}: a free variable or metavariable in a stored constant")
            made[pointer] = node
        return made[root]
