"""Finite operations as tables, and which laws hold in them.

A table of size n is an (n, n) array over 0 .. n-1. Its *number* has the entry of row i and column j as digit i*n + j
in base n, the least significant digit first. Sizes 2 and 3 are complete up to isomorphism (10 and 3,330 tables); of
sizes 4 and 5 there are the affine ones, x ◇ y = a x + b y + c over Z_4, GF(4) and Z_5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import numpy as np
import numpy.typing as npt

from lean_env.benchmark.lean_magma.laws import Equation, Term

Values = npt.NDArray[np.int64]

#: A law is tried on so many assignments in all tables, and on the others where it survived.
_FIRST_ASSIGNMENTS = 6


class NoOperation(ValueError):
    """Something that is no table of an operation; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """An operation on 0 .. size-1."""

    size: int
    number: int

    def rows(self) -> list[list[int]]:
        digits = [self.number // self.size**place % self.size for place in range(self.size**2)]
        return [digits[row * self.size : (row + 1) * self.size] for row in range(self.size)]

    @property
    def opposite(self) -> Table:
        """x ◇ y for y ◇ x: the duals of this one's laws hold there."""
        return table_of([list(column) for column in zip(*self.rows(), strict=True)])

    @property
    def name(self) -> str:
        """`2-6`."""
        return f"{self.size}-{self.number}"


def table_of(rows: Sequence[Sequence[object]]) -> Table:
    """The table of these rows. Raises NoOperation."""
    size = len(rows)
    if size == 0 or any(not isinstance(row, Sequence) or isinstance(row, str) or len(row) != size for row in rows):
        raise NoOperation(f"a table of an operation has as many columns as rows, and at least one: {rows!r:.80}")
    entries = [entry for row in rows for entry in row]
    for entry in entries:
        if isinstance(entry, bool) or not isinstance(entry, int) or not 0 <= entry < size:
            raise NoOperation(f"a table of {size} rows has entries from 0 to {size - 1}, not {entry!r:.40}")
    return Table(size, sum(int(str(entry)) * size**place for place, entry in enumerate(entries)))


def counterexample(equation: Equation, table: Table) -> tuple[int, ...] | None:
    """Values of the variables at which the law fails in the table; None where it holds."""
    rows = table.rows()
    for values in product(range(table.size), repeat=equation.variables):
        if _value(equation.left, values, rows) != _value(equation.right, values, rows):
            return values
    return None


def holds(equation: Equation, table: Table) -> bool:
    return counterexample(equation, table) is None


def _value(term: Term, values: Sequence[int], rows: list[list[int]]) -> int:
    if isinstance(term, int):
        return values[term]
    return rows[_value(term[0], values, rows)][_value(term[1], values, rows)]


@cache
def all_tables() -> tuple[Table, ...]:
    """What refutes, in order: the smaller ones first."""
    complete = [Table(size, int(number)) for size in (2, 3) for number in _up_to_isomorphism(size)]
    affine = {*_affine(4, _modular(4)), *_affine(4, _gf4()), *_affine(5, _modular(5))}
    return (*complete, *sorted(affine))


def satisfied(equations: Sequence[Equation], tables: Sequence[Table]) -> npt.NDArray[np.bool_]:
    """(equations, tables): which hold where."""
    found = np.zeros((len(equations), len(tables)), dtype=bool)
    for size in sorted({table.size for table in tables}):
        places = np.array([place for place, table in enumerate(tables) if table.size == size])
        entries = _entries([tables[place] for place in places], size)
        for row, equation in enumerate(equations):
            found[row, places[_holding(equation, entries, size)]] = True
    return found


def _entries(tables: Sequence[Table], size: int) -> Values:
    """(tables, size * size): entries by row, then column."""
    numbers = [[table.number // size**place % size for place in range(size**2)] for table in tables]
    return np.array(numbers, dtype=np.int64)


def _holding(equation: Equation, entries: Values, size: int) -> Values:
    """Which of the tables satisfy the equation, by their places."""
    assignments = _assignments(equation.variables, size)
    alive = np.arange(len(entries))
    for part in (assignments[:, :_FIRST_ASSIGNMENTS], assignments[:, _FIRST_ASSIGNMENTS:]):
        if part.shape[1] and len(alive):
            own = entries[alive]
            same = _evaluate(equation.left, part, own, size) == _evaluate(equation.right, part, own, size)
            alive = alive[np.broadcast_to(same, (len(own), same.shape[1])).all(1)]
    return alive


def _evaluate(term: Term, assignments: Values, entries: Values, size: int) -> Values:
    """(tables or 1, assignments)."""
    if isinstance(term, int):
        return assignments[term : term + 1]
    left, right = (_evaluate(one, assignments, entries, size) for one in term)
    places = left * size + right
    if len(places) == 1:
        return entries[:, places[0]]
    return np.take_along_axis(entries, places, 1)


@cache
def _assignments(variables: int, size: int) -> Values:
    """(variables, size ** variables), in a fixed mixed order: the first few differ in all variables."""
    every = np.array(list(product(range(size), repeat=variables)), dtype=np.int64).T
    order: Values = np.random.Generator(np.random.PCG64(variables)).permutation(every.shape[1])
    return np.ascontiguousarray(every[:, order])


def _up_to_isomorphism(size: int) -> Values:
    """The smallest number of each class of isomorphic tables, ascending."""
    cells = size * size
    weights = size ** np.arange(cells, dtype=np.int64)
    every = np.arange(size**cells, dtype=np.int64)
    digits = every[:, None] // weights % size
    smallest = every
    for one in permutations(range(size)):
        new = np.array(one)
        # x ◇' y = new(old(x) ◇ old(y)), old the inverse of new.
        moved = (new[:, None] * size + new[None, :]).reshape(-1)
        smallest = np.minimum(smallest, new[digits] @ weights[moved])
    return np.flatnonzero(smallest == every)


def _affine(size: int, field: tuple[list[list[int]], list[list[int]]]) -> Iterator[Table]:
    """x ◇ y = a x + b y + c for all a, b, c; a and b not both 0."""
    plus, times = field
    for a, b, c in product(range(size), repeat=3):
        if a or b:
            yield table_of([[plus[plus[times[a][x]][times[b][y]]][c] for y in range(size)] for x in range(size)])


def _modular(size: int) -> tuple[list[list[int]], list[list[int]]]:
    """Addition and multiplication of Z_size."""
    span = range(size)
    return [[(x + y) % size for y in span] for x in span], [[x * y % size for y in span] for x in span]


def _gf4() -> tuple[list[list[int]], list[list[int]]]:
    """Addition and multiplication of the field of four elements: bits are coefficients, modulo t² + t + 1."""

    def times(x: int, y: int) -> int:
        found = (x if y & 1 else 0) ^ (x << 1 if y & 2 else 0)
        return found ^ 0b111 if found & 4 else found

    return [[x ^ y for y in range(4)] for x in range(4)], [[times(x, y) for y in range(4)] for x in range(4)]
