"""Reads a header's declarations: those of proofs (`lean_env.library.ndjson`, as strictly), and inductive groups.

An `inductive` record has lean4export's fields and no recursors. Of what it says the types and constructors count, with
their order and the number of parameters; every other count is the kernel's to derive, and only its form is
looked at.
"""

from __future__ import annotations

from typing import Any

from lean_env.library.expression import Expression
from lean_env.library.inductive import Constructor, Declared, InductiveGroup, InductiveType
from lean_env.library.ndjson import NdjsonError, NdjsonReader, fields_of, index_of, list_of

#: Seen in 109 headers: 2 to 15 declarations a statement, 100 constructors and 100 fields where somebody tried.
MAX_DECLARATIONS = 4_096
MAX_CONSTRUCTORS = 512
MAX_TYPES = 64
MAX_NESTED = 256
MAX_PARAMETERS = 256


def read_header(text: str) -> list[Declared]:
    """The declarations of a header, or of a header and a proof, in their order. Raises NdjsonError."""
    reader = _HeaderReader()
    reader.read(text)
    if len(reader.all_declarations) > MAX_DECLARATIONS:
        raise NdjsonError(f"more than {MAX_DECLARATIONS:,} declarations")
    return reader.all_declarations


class _HeaderReader(NdjsonReader):
    def __init__(self) -> None:
        super().__init__()
        self.all_declarations: list[Declared] = []

    def declaration(self, kind: str, value: Any) -> None:
        if kind != "inductive":
            super().declaration(kind, value)
            self.all_declarations.append(self.declarations[-1])
            return
        group = self._group(value)
        for name in group.names:
            if name in self.declared:
                raise NdjsonError(f"{name} is declared twice")
            self.declared.add(name)
        self.all_declarations.append(group)

    def _group(self, value: Any) -> InductiveGroup:
        types, constructors, recursors = fields_of(value, "types", "ctors", "recs")
        if list_of(recursors):
            raise NdjsonError("an inductive group that brings recursors; they are derived")
        if not 1 <= len(list_of(types)) <= MAX_TYPES or len(list_of(constructors)) > MAX_CONSTRUCTORS:
            raise NdjsonError(
                f"an inductive group has 1 to {MAX_TYPES} types and up to {MAX_CONSTRUCTORS} constructors"
            )
        heads = [self._type(one) for one in types]
        (levels, parameters, nested, group), *others = [head[:4] for head in heads]
        if any(other != (levels, parameters, nested, group) for other in others):
            raise NdjsonError("the types of a group differ in universes, parameters, nesting or company")
        if group != [head[4] for head in heads] or len(set(group)) != len(group):
            raise NdjsonError("an inductive type of another group")
        rest = iter(constructors)
        made = tuple(
            InductiveType(
                self.named(index),
                type_,
                tuple(
                    self._constructor(next(rest, None), wanted, index, position, levels, parameters)
                    for position, wanted in enumerate(wanted_constructors)
                ),
            )
            for _, _, _, _, index, type_, wanted_constructors in heads
        )
        if next(rest, None) is not None:
            raise NdjsonError("a constructor of no type of its group")
        return InductiveGroup(levels, parameters, made, nested)

    def _type(self, value: Any) -> tuple[tuple[str, ...], int, int, list[Any], int, Expression, list[Any]]:
        """Universes, parameters, nesting and group, by which its types agree; then its own name, type, constructors."""
        name, params, type_, parameters, indices, group, constructors, nested, *flags = fields_of(
            value,
            *("name", "levelParams", "type", "numParams", "numIndices", "all", "ctors", "numNested"),
            *("isRec", "isUnsafe", "isReflexive"),
        )
        if not all(type(flag) is bool for flag in flags) or flags[1]:
            raise NdjsonError("an inductive type that is unsafe, or says neither")
        index_of(indices)
        if index_of(parameters) > MAX_PARAMETERS or index_of(nested) > MAX_NESTED:
            raise NdjsonError(f"more than {MAX_PARAMETERS} parameters or {MAX_NESTED} nested occurrences")
        levels = self._levels(params)
        wanted = [index_of(constructor) for constructor in list_of(constructors)]
        return levels, parameters, nested, list_of(group), index_of(name), self._closed(type_, levels), wanted

    def _constructor(
        self, value: Any, wanted: int, owner: int, position: int, levels: tuple[str, ...], parameters: int
    ) -> Constructor:
        name, params, type_, inductive, index, count, fields, unsafe = fields_of(
            value, "name", "levelParams", "type", "induct", "cidx", "numParams", "numFields", "isUnsafe"
        )
        index_of(fields)
        if (index_of(name), index_of(inductive), index_of(index)) != (wanted, owner, position):
            raise NdjsonError("a constructor that is not its type's, or not in its place")
        if unsafe is not False or index_of(count) != parameters or self._levels(params) != levels:
            raise NdjsonError("a constructor that is unsafe, or has other parameters or universes than its type")
        return Constructor(self.named(name), self._closed(type_, levels))

    def _levels(self, params: Any) -> tuple[str, ...]:
        levels = tuple(self.named(index) for index in list_of(params))
        if len(set(levels)) != len(levels):
            raise NdjsonError("an inductive type repeats a universe parameter")
        return levels

    def _closed(self, index: Any, levels: tuple[str, ...]) -> Expression:
        term = self.subterm(index)
        self.require_closed(term, frozenset(levels))
        return term.term
