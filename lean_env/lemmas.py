"""Lemmas that a theorem may borrow: theorems that were proved and certified before, with their terms.

A worker adds them to the imports before the theorem is opened; the exported proof brings along those that it uses. So
what the gate decides about stays one closed term over the imports alone, and a false lemma would be refused with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: What one lemma, and all lemmas of an environment together, may measure as text: the worker reads it for each theorem.
MAX_LEMMA_BYTES = 1 << 16
MAX_LEMMAS_BYTES = 2 << 20


@dataclass(frozen=True, slots=True)
class Lemma:
    """One theorem of the library that was proved here. `module` and `statement` (printed) are the library's.

    `term` is lean4export NDJSON: the auxiliaries of its proof under names of ours, and last the theorem under its own
    name. Other lemmas that it rests on are mentioned and not declared; `needs` has their names. `mark` is the command
    that makes it a simp lemma where the library does, else ''.
    """

    name: str
    module: str
    statement: str
    term: str
    needs: tuple[str, ...] = ()
    mark: str = ""
    #: Which stored proof it is: what a borrower is recorded with.
    proof_id: int = 0


@dataclass(frozen=True, eq=False)
class Lemmas:
    """Lemmas in an order in which each stands after those it needs. Equal when their texts are."""

    lemmas: tuple[Lemma, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over terms and marks, in hexadecimal."""
        parts = [[lemma.name, lemma.term, lemma.mark] for lemma in self.lemmas]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def by_name(self) -> dict[str, Lemma]:
        return {lemma.name: lemma for lemma in self.lemmas}

    def closure(self, names: Iterable[str]) -> tuple[Lemma, ...]:
        """Those of these names and all that they rest on, in order."""
        wanted: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in wanted:
                wanted.add(name)
                todo += self.by_name[name].needs
        return tuple(lemma for lemma in self.lemmas if lemma.name in wanted)

    @cached_property
    def _fields(self) -> dict[str, Any]:
        marks = [lemma.mark for lemma in self.lemmas if lemma.mark]
        return {"digest": self.digest, "terms": [lemma.term for lemma in self.lemmas], "marks": marks}

    def fields(self) -> dict[str, Any]:
        """How a request to a worker names them (`host/requests.js`)."""
        return self._fields

    def __iter__(self) -> Iterator[Lemma]:
        return iter(self.lemmas)

    def __len__(self) -> int:
        return len(self.lemmas)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lemmas) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)
