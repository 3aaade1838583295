"""Copies of known statements: what a benchmark's theorems share with what a corpus or a training set has.

Exact copies differ in bound names only. Near ones also in the order of hypotheses, in implicit arguments, in the
number types they are about and in large numerals: the classes of `lean_env.benchmark.classes`, which rather merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lean_env.benchmark.classes import ClassFunction
from lean_env.benchmark.external.check import Usable
from lean_env.benchmark.lean_core.selection import binder_kinds
from lean_env.library.expression import Expression
from lean_env.library.index import Library
from lean_env.library.olean import Kind


@dataclass(frozen=True, slots=True)
class Known:
    """A statement that is there already. `statement_class` is '' where nobody has computed it."""

    benchmark: str
    name: str
    split: str
    expression_hash: str
    statement_class: str = ""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`theorem` says what `other` says; `exact`: up to bound names."""

    theorem: str
    other: Known
    exact: bool


class Classes:
    """Statement classes for single statements: constants' signatures are read when one is met (lean-core's build reads
    all of them first, 10 s)."""

    def __init__(self, library: Library) -> None:
        self._function = ClassFunction(_Signatures(library), _Proofs(library))

    def of(self, statement: Expression) -> str:
        """32 hex digits."""
        return self._function.of(statement)


def near_duplicates(theorems: Iterable[Usable], known: Iterable[Known], classes: Mapping[str, str]) -> list[Duplicate]:
    """For each theorem every known statement that it repeats, exact ones first; `classes`: theorem name -> class."""
    by_hash, by_class = defaultdict(list), defaultdict(list)
    for one in known:
        by_hash[one.expression_hash].append(one)
        if one.statement_class:
            by_class[one.statement_class].append(one)
    found = []
    for theorem in theorems:
        exact = by_hash[theorem.theorem.expression_hash]
        near = [one for one in by_class[classes[theorem.theorem.name]] if one not in exact]
        found += [Duplicate(theorem.theorem.name, one, True) for one in exact]
        found += [Duplicate(theorem.theorem.name, one, False) for one in near]
    return found


class _Signatures(Mapping[str, Collection[int]]):
    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._known:
            self._known[name] = binder_kinds(self._library.declaration(name))
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class _Proofs(Collection[str]):
    """The names of the library's theorems."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def __contains__(self, name: object) -> bool:
        constant = self._library.constant(str(name))
        return constant is not None and constant.original_kind is Kind.THEOREM

    def __iter__(self) -> Iterator[str]:
        return (theorem.name for theorem in self._library.theorems())

    def __len__(self) -> int:
        return len(self._library.theorems())
