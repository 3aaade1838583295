"""The seeded search for tables: it finds what is known to be there, and nothing where an implication holds."""

from __future__ import annotations

import random

from lean_env.benchmark.lean_magma.laws import law, laws, parse
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.rewriting import distance
from lean_env.benchmark.lean_magma.searching import searched
from lean_env.benchmark.lean_magma.tables import counterexample, holds

#: Laws by the size of their smallest model beside that of one element: all of four and five in the published list
#: (github.com/teorth/equational_theories, data/smallest_magma.txt).
PUBLISHED = {
    4: (167, 168, 501, 670, 1110, 1480, 1486, 1487, 2089, 2126, 2164, 2497, 2937, 3106),
    5: (467, 677, 704, 1076, 1279, 1313, 1516, 2091, 2294, 2328, 2531, 2903, 2910, 3140),
}


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
    singleton = parse("x = y").equation
    assert sum(map(len, PUBLISHED.values())) == 28
    for size, numbers in PUBLISHED.items():
        for number in numbers:
            table = searched(law(number).equation, singleton, size, conflicts=20_000)
            assert table is not None and holds(law(number).equation, table)
            if size == 5:
                assert searched(law(number).equation, singleton, 4, conflicts=20_000) is None
