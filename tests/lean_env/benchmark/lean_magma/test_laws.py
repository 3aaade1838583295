"""The enumeration of laws: counts and numbers as published, classes under renaming, swapping sides and duality."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.lean_magma.laws import (
    Term,
    UnknownLaw,
    canonical,
    implication_class,
    law,
    laws,
    leaves,
    mirror,
    operations,
    parse,
)

terms = st.recursive(st.integers(0, 5), lambda inner: st.tuples(inner, inner), max_leaves=6)
numbers = st.integers(1, 4694)


def _with_names(term: Term, names: list[int]) -> Term:
    return names[term] if isinstance(term, int) else (_with_names(term[0], names), _with_names(term[1], names))


def test_there_are_4694_laws_and_the_well_known_ones_have_their_published_numbers() -> None:
    # arXiv:2512.07087, section 1: 4,694 laws; E1 trivial, E2 singleton, E43 commutative, E4512 associative.
    assert len(laws()) == 4694
    texts = {1: "x = x", 2: "x = y", 3: "x = x ◇ x", 43: "x ◇ y = y ◇ x", 4512: "x ◇ (y ◇ z) = (x ◇ y) ◇ z"}
    assert {number: law(number).text() for number in texts} == texts
    assert [one.number for one in laws()] == list(range(1, 4695))


def test_laws_by_operations_and_the_pairs_of_duals() -> None:
    counts = [
        sum(operations(one.equation.left) + operations(one.equation.right) == n for one in laws()) for n in range(5)
    ]
    assert counts == [2, 5, 39, 364, 4284]
    assert sum(one.number < one.dual for one in laws()) == 2305
    assert all(law(one.dual).dual == one.number for one in laws())
    assert len({one.class_ for one in laws()}) == 4694 - 2305


@given(terms, terms, st.permutations(range(6)))
def test_a_law_is_the_same_under_renaming_and_swapping_sides(left: Term, right: Term, names: list[int]) -> None:
    one = canonical(left, right)
    assert canonical(_with_names(left, names), _with_names(right, names)) == one == canonical(right, left)
    assert canonical(one.left, one.right) == one
    assert one.mirrored == canonical(mirror(left), mirror(right)) and one.mirrored.mirrored == one
    assert one.variables == len({*leaves(left), *leaves(right)})


@given(terms, terms)
def test_every_small_equation_is_one_of_the_laws_or_says_why_not(left: Term, right: Term) -> None:
    one = canonical(left, right)
    small = operations(left) + operations(right) <= 4 and (left != right or operations(left) == 0)
    if small:
        assert law(parse(one.text("*")).number).equation == one
    else:
        with pytest.raises(UnknownLaw, match=r"operations, the laws here|both sides are the same"):
            parse(one.text())


@given(numbers, numbers)
def test_an_implication_and_its_dual_are_one_class(left: int, right: int) -> None:
    assert implication_class(left, right) == implication_class(law(left).dual, law(right).dual)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x * y", "no equation"),
        ("x = y = x", "no equation"),
        ("x = (x * y", "brackets"),
        ("x = x * y)", "brackets"),
        ("x = x * y * z", "brackets"),
        ("x = * y", "a term is missing"),
        ("x = ", "a term is missing"),
        ("x = x + y", "'\\+' stands in no law"),
        ("x = 1 * x", "'1' stands in no law"),
        ("x * y = x * y", "both sides are the same"),
        ("x = x * (x * (x * (x * (x * x))))", "5 operations"),
        ("x = " + "(" * 5000 + "x", "characters"),
    ],
)
def test_what_is_no_law_says_why(text: str, reason: str) -> None:
    with pytest.raises(UnknownLaw, match=reason):
        parse(text)


def test_numbers_outside_the_list_are_refused() -> None:
    for number in (0, 4695, -1):
        with pytest.raises(UnknownLaw, match="numbered from 1 to 4694"):
            law(number)


def test_the_published_list_is_ours_to_the_byte() -> None:
    """The hash is that of data/equations.txt of github.com/teorth/equational_theories, which has one law a line."""
    published = "e30e1a6735011ff36fdb228d37b232eb7cda9d4a836cbbefc69c07e6871c8010"
    assert hashlib.sha256("".join(f"{one.text()}\n" for one in laws()).encode()).hexdigest() == published
