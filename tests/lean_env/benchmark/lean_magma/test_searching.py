"""The seeded search for tables: it finds what is known to be there, and nothing where an implication holds."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from lean_env.benchmark.lean_magma.laws import law, laws, parse
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.rewriting import distance
from lean_env.benchmark.lean_magma.searching import searched
from lean_env.benchmark.lean_magma.tables import counterexample, holds

pytest.importorskip("pysat", reason="the extra `refuter` (python-sat) is not installed")

#: A folder with the data of github.com/teorth/equational_theories: laws with the size of their smallest model beside
#: that of one element.
PUBLISHED = Path(os.environ.get("EQUATIONAL_THEORIES", "")) / "smallest_magma.txt"


def test_it_finds_a_table_wherever_an_affine_one_refutes_and_no_smaller_one() -> None:
    refuter, rng = Refuter.load(), random.Random(0)
    found = 0
    while found < 8:
        hypothesis, conclusion = rng.randint(2, len(laws())), rng.randint(2, len(laws()))
        known = refuter.smallest(hypothesis, conclusion)
        if known is None or known.size < 4:
            continue
        sides = law(hypothesis).equation, law(conclusion).equation
        table = searched(*sides, known.size)
        assert table is not None and table.size == known.size
        assert holds(sides[0], table) and counterexample(sides[1], table) is not None
        assert searched(*sides, known.size) == table  # the same seed, the same table
        found += 1


def test_it_finds_nothing_where_an_implication_holds() -> None:
    rng, tried = random.Random(1), 0
    while tried < 12:
        hypothesis, conclusion = (law(rng.randint(2, len(laws()))).equation for _ in range(2))
        if distance(hypothesis, conclusion) is not None:
            assert searched(hypothesis, conclusion, 4) is None
            tried += 1


def test_all_elements_need_not_be_equal_where_the_published_smallest_model_has_four_or_five() -> None:
    if not PUBLISHED.is_file():
        pytest.skip("the environment variable EQUATIONAL_THEORIES names no folder with smallest_magma.txt")
    sizes = dict(map(int, line.split()) for line in PUBLISHED.read_text().splitlines())
    singleton = parse("x = y").equation
    wanted = [number for number, size in sizes.items() if size in (4, 5)]
    assert len(wanted) == 28
    for number in wanted:
        table = searched(law(number).equation, singleton, sizes[number], conflicts=20_000)
        assert table is not None and holds(law(number).equation, table)
        if sizes[number] == 5:
            assert searched(law(number).equation, singleton, 4, conflicts=20_000) is None
