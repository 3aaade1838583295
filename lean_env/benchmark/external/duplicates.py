"""Copies of known statements: what a benchmark's theorems share with what a corpus or a training set has.

Exact copies differ in bound names only. Near ones also in the order of hypotheses, in implicit arguments, in the
number types they are about and in large numerals: the classes of `lean_env.benchmark.classes`, which rather merge.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lean_env.benchmark.classes import ClassFunction
from lean_env.benchmark.external.check import Usable
from lean_env.benchmark.lean_core.selection import binder_kinds
from lean_env.benchmark.own_class import own_theorems, own_words
from lean_env.gate.header_term import HeaderTerm
from lean_env.library.expression import Expression
from lean_env.library.index import Library
from lean_env.library.inductive import InductiveGroup
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
        self._library = library
        self._signatures = _Signatures(library)
        self._function = lru_cache(maxsize=16)(self._function_of)

    _function: Callable[[str], ClassFunction]

    def of(self, statement: Expression, header_ndjson: str = "") -> str:
        """32 hex digits. `header_ndjson`: the declarations of the theorem's header."""
        return self._function(header_ndjson).of(statement)

    def _function_of(self, header_ndjson: str) -> ClassFunction:
        proofs = _Proofs(self._library)
        if not header_ndjson:
            return ClassFunction(self._signatures, proofs)
        header = HeaderTerm.read(header_ndjson)
        signatures = ChainMap(dict(_own_signatures(header)), self._signatures)  # type: ignore[arg-type]
        return ClassFunction(signatures, _Proofs(self._library, own_theorems(header)), own_words(header))


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


def _own_signatures(header: HeaderTerm) -> Iterator[tuple[str, Collection[int]]]:
    for declared in header.declarations:
        if isinstance(declared, InductiveGroup):
            yield from dict.fromkeys(declared.names, b"").items()  # a recursor's arguments are all kept
            yield from ((one.name, binder_kinds(one.type)) for one in declared.types)
            yield from ((one.name, binder_kinds(one.type)) for one in declared.constructors)
        else:
            yield declared.name, binder_kinds(declared.type)


class _Signatures(Mapping[str, Collection[int]]):
    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._known:
            self._known[name] = binder_kinds(self._library.declaration(name).type)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class _Proofs(Collection[str]):
    """The names of the library's theorems, and of a header's."""

    def __init__(self, library: Library, own: frozenset[str] = frozenset()) -> None:
        self._library, self._own = library, own

    def __contains__(self, name: object) -> bool:
        if name in self._own:
            return True
        constant = self._library.constant(str(name))
        return constant is not None and constant.original_kind is Kind.THEOREM

    def __iter__(self) -> Iterator[str]:
        return (theorem.name for theorem in self._library.theorems())

    def __len__(self) -> int:
        return len(self._library.theorems())
