"""Tables: complete up to isomorphism, laws checked in bulk as one by one, the matrix cached and made again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.lean_magma import refuter as refuter_module
from lean_env.benchmark.lean_magma.laws import law, laws
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.tables import (
    NoOperation,
    Table,
    all_tables,
    counterexample,
    holds,
    satisfied,
    table_of,
)

tables = st.sampled_from(all_tables())
numbers = st.integers(1, 4694)


@pytest.fixture(scope="module")
def refuter() -> Refuter:
    return Refuter.load()


def test_tables_are_complete_up_to_isomorphism() -> None:
    # 10 and 3,330 groupoids of orders 2 and 3 up to isomorphism: OEIS A001329.
    assert Counter(table.size for table in all_tables()) == {2: 10, 3: 3330, 4: 112, 5: 120}
    assert len({*all_tables()}) == len(all_tables())


@given(tables)
def test_a_table_and_its_rows_are_one(table: Table) -> None:
    assert table_of(table.rows()) == table == table.opposite.opposite


@given(numbers, tables)
def test_bulk_checks_agree_with_one_by_one_and_with_duality(number: int, table: Table) -> None:
    one = law(number)
    expected = counterexample(one.equation, table) is None
    assert bool(satisfied([one.equation], [table])[0, 0]) == expected
    assert holds(law(one.dual).equation, table.opposite) == expected


def test_implications_that_are_known(refuter: Refuter) -> None:
    # A commutative operation need not be associative, nor the other way round; everything follows from x = y.
    for hypothesis, conclusion in ((43, 4512), (4512, 43), (1, 2)):
        table = refuter.smallest(hypothesis, conclusion)
        assert table is not None and holds(law(hypothesis).equation, table)
        assert counterexample(law(conclusion).equation, table) is not None
    assert all(refuter.smallest(2, one.number) is None for one in laws())
    assert all(refuter.smallest(one.number, 1) is None for one in laws())


@given(numbers, numbers)
def test_a_refuted_implication_is_refuted_for_the_duals(refuter: Refuter, left: int, right: int) -> None:
    found, dual = refuter.smallest(left, right), refuter.smallest(law(left).dual, law(right).dual)
    assert (found is None) == (dual is None) and (found is None or dual is None or found.size == dual.size)


def test_a_damaged_cache_is_made_again(refuter: Refuter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refuter, "make", classmethod(lambda cls: refuter))
    refuter_module._loaded(tmp_path / "one")
    (file,) = (tmp_path / "one").iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:1000], b"", b"no array"):
        file.write_bytes(damaged)
        refuter_module._loaded.cache_clear()
        assert np.array_equal(refuter_module._loaded(tmp_path / "one").satisfied, refuter.satisfied)
        assert file.read_bytes() == whole
    refuter_module._loaded.cache_clear()


def test_a_lying_cache_is_found_out(refuter: Refuter) -> None:
    liar = Refuter(refuter.tables, np.ones_like(refuter.satisfied))
    liar.satisfied[1] = False  # says that x = y holds nowhere, and everything else everywhere
    with pytest.raises(RuntimeError, match="satisfaction matrix is wrong"):
        liar.smallest(43, 2) and liar.smallest(3, 2)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "as many columns as rows"),
        ([[0, 1]], "as many columns as rows"),
        ([[0, 1], [1]], "as many columns as rows"),
        (["01", "10"], "as many columns as rows"),
        ([[0, 2], [1, 1]], "entries from 0 to 1, not 2"),
        ([[0, -1], [1, 1]], "not -1"),
        ([[0, True], [1, 1]], "not True"),
        ([[0, 0.5], [1, 1]], "not 0.5"),
    ],
)
def test_what_is_no_operation_says_why(rows: list[list[object]], reason: str) -> None:
    with pytest.raises(NoOperation, match=reason):
        table_of(rows)
