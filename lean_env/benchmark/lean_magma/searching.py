"""A seeded search for tables of four and five elements that refute an implication, by a SAT solver.

    python -m lean_env.benchmark.lean_magma.searching --statements 200       # needs the extra `refuter`
    searched(law(43).equation, law(4512).equation, 4)

A cell of the table is one variable for each value that it may have, of which exactly one is true (Claessen and
Sörensson 2003, "New techniques that improve MACE-style finite model finding", section 2). Every nested term of the
law gets such a variable for each assignment of the hypothesis, and for the one at which the conclusion fails, whose
elements are numbered by first occurrence (section 5 there). The seed says which value the solver tries first.

The generator of the benchmark does not use it: which table a solver finds depends on its version, and a benchmark's
statements must not. It says of what the generator calls `open` how much of it is false.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from lean_env.benchmark.lean_magma.laws import Equation, Term, law, laws
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.tables import Table, holds, table_of

SIZES = (4, 5)
#: Conflicts after which a size is given up: a tenth of a second, mostly.
CONFLICTS = 2_000
#: Laws of more variables have too many assignments (5 ** 6) for what they refute.
_MOST_CLAUSES = 400_000


class NoSolver(RuntimeError):
    """The extra `refuter` is not installed."""


@dataclass
class _Encoding:
    """Clauses that say which tables of `size` elements satisfy one law and fail another at one assignment."""

    size: int
    clauses: list[list[int]] = field(default_factory=list)
    variables: int = 0
    #: By term and values of its variables, which may be shared.
    known: dict[tuple[str, object], list[int]] = field(default_factory=dict)

    def cell(self, row: int, column: int) -> list[int]:
        return self._value(("cell", (row, column)))

    def variable(self, number: int) -> int | list[int]:
        """Where the conclusion fails: its first variable is element 0, the next at most 1, and so on."""
        if number == 0:
            return 0
        found = self._value(("variable", number))
        self.clauses += [[-one] for one in found[number + 1 :]]
        return found

    def _value(self, key: tuple[str, object]) -> list[int]:
        """One variable for each value, exactly one of which is true."""
        if key not in self.known:
            fresh = list(range(self.variables + 1, self.variables + self.size + 1))
            self.variables += self.size
            self.clauses.append(fresh)
            self.clauses += [[-a, -b] for place, a in enumerate(fresh) for b in fresh[:place]]
            self.known[key] = fresh
        return self.known[key]

    def term(self, term: Term, values: Sequence[int | list[int]]) -> int | list[int]:
        """An element, or the variables of a value."""
        if isinstance(term, int):
            return values[term]
        left, right = (self.term(one, values) for one in term)
        if isinstance(left, int) and isinstance(right, int):
            return self.cell(left, right)
        key = (
            "product",
            (left if isinstance(left, int) else tuple(left), right if isinstance(right, int) else tuple(right)),
        )
        new = key not in self.known
        found = self._value(key)
        for (row, *if_row), (column, *if_column) in product(self._cases(left), self._cases(right)) if new else ():
            for value, variable in enumerate(self.cell(row, column)):
                self.clauses.append([*if_row, *if_column, -variable, found[value]])
        return found

    def _cases(self, term: int | list[int]) -> Iterator[tuple[int, ...]]:
        """Each element that it may be, with the literal that says that it is not."""
        if isinstance(term, int):
            yield (term,)
        else:
            yield from ((element, -variable) for element, variable in enumerate(term))

    def equal(self, left: int | list[int], right: int | list[int]) -> None:
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int):
            self.clauses += [] if left == right else [[]]
        elif isinstance(right, int):
            self.clauses.append([left[right]])
        else:
            for a, b in zip(left, right, strict=True):
                self.clauses += [[-a, b], [a, -b]]

    def differ(self, left: int | list[int], right: int | list[int]) -> None:
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int):
            self.clauses += [[]] if left == right else []
        elif isinstance(right, int):
            self.clauses.append([-left[right]])
        else:
            self.clauses += [[-a, -b] for a, b in zip(left, right, strict=True)]


def searched(
    hypothesis: Equation, conclusion: Equation, size: int, seed: int = 0, conflicts: int = CONFLICTS
) -> Table | None:
    """A table of this size in which the hypothesis holds and the conclusion fails, or None: there is none, or none was
    found. What is handed out was checked. Raises NoSolver."""
    try:
        from pysat.solvers import Solver
    except ImportError as error:
        raise NoSolver("searching tables needs python-sat: pip install 'lean-flywheel[refuter]'") from error
    if size**hypothesis.variables * 20 > _MOST_CLAUSES:
        return None
    encoding = _Encoding(size)
    for values in product(range(size), repeat=hypothesis.variables):
        encoding.equal(encoding.term(hypothesis.left, values), encoding.term(hypothesis.right, values))
    failing = [encoding.variable(number) for number in range(conclusion.variables)]
    encoding.differ(encoding.term(conclusion.left, failing), encoding.term(conclusion.right, failing))
    cells = [encoding.cell(row, column) for row in range(size) for column in range(size)]
    rng = random.Random(f"{seed} {size} {hypothesis.text()} {conclusion.text()}")
    with Solver(name="glucose4", bootstrap_with=encoding.clauses) as solver:
        solver.set_phases([rng.choice((-1, 1)) * variable for cell in cells for variable in cell])
        solver.conf_budget(conflicts)
        if not solver.solve_limited():
            return None
        true = {literal for literal in solver.get_model() if literal > 0}
    entries = [next(value for value, variable in enumerate(cell) if variable in true) for cell in cells]
    table = table_of([entries[row * size : (row + 1) * size] for row in range(size)])
    if not holds(hypothesis, table) or holds(conclusion, table):
        raise RuntimeError(f"the encoding is wrong: the table {table.rows()} refutes nothing")
    return table


def share(statements: int, seed: int = 0) -> dict[str, float]:
    """Of evenly drawn pairs of laws: how many tables of size 2, up to 3, and the affine ones refute, and how many of
    the others this search."""
    refuter, rng = Refuter.load(), random.Random(seed)
    counts: dict[str, float] = dict.fromkeys(
        ("up to 2", "3", "affine 4, 5", "searched 4", "searched 5", "not refuted"), 0
    )
    started, spent = time.perf_counter(), 0.0
    for _ in range(statements):
        hypothesis, conclusion = (rng.randint(1, len(laws())) for _ in range(2))
        if (table := refuter.smallest(hypothesis, conclusion)) is not None:
            counts["up to 2" if table.size == 2 else "3" if table.size == 3 else "affine 4, 5"] += 1
            continue
        before = time.perf_counter()
        sides = law(hypothesis).equation, law(conclusion).equation
        size = next((size for size in SIZES if searched(*sides, size, seed) is not None), None)
        spent += time.perf_counter() - before
        counts["not refuted" if size is None else f"searched {size}"] += 1
    return {"statements": statements, **counts, "search_s": spent, "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    print(json.dumps(share(**vars(parser.parse_args())), indent=1))
