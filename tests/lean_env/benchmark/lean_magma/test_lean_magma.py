"""The drawn statements: splits by law, classes up to duality, grades that are what they say, the same every time."""

from __future__ import annotations

from itertools import repeat

import pytest

from lean_env.benchmark.lean_magma import LeanMagma, MagmaConfig, load_lean_magma
from lean_env.benchmark.lean_magma.benchmark import (
    DENY,
    NON_THEOREM,
    PROVE,
    TooFewStatements,
    _drawn,
    split_of_law,
)
from lean_env.benchmark.lean_magma.laws import implication_class, law, laws, parse
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.rewriting import distance, fillers, rules, successors
from lean_env.benchmark.lean_magma.statements import denial, statement
from lean_env.benchmark.lean_magma.tables import counterexample, holds
from lean_env.benchmark.splits import TEST, TRAIN, VALID

CONFIG = MagmaConfig(train=120, held_out=20, non_theorems=10)


@pytest.fixture(scope="module")
def magma() -> LeanMagma:
    return load_lean_magma(CONFIG)


def test_the_same_configuration_gives_the_same_statements(magma: LeanMagma) -> None:
    assert load_lean_magma(CONFIG).revision == magma.revision
    assert load_lean_magma(MagmaConfig(train=120, held_out=20, non_theorems=10, seed=1)).revision != magma.revision


def test_counts_and_both_sides(magma: LeanMagma) -> None:
    assert [len(magma.theorems(split, PROVE)) for split in (TRAIN, VALID, TEST)] == [120, 20, 20]
    assert [len(magma.theorems(split, DENY)) for split in (TRAIN, VALID, TEST)] == [120, 20, 20]
    assert len(magma.theorems(TRAIN, NON_THEOREM)) == len(magma.theorems(stratum=NON_THEOREM)) == 10
    names = [theorem.name for theorem in magma.theorems()]
    assert len(set(names)) == len(names)
    for counts in magma.distribution().values():
        refuted = sum(count for grade, count in counts.items() if grade.startswith("false"))
        assert 2 * refuted == counts.total()


def test_a_held_out_law_or_its_dual_stands_on_no_side_of_a_train_statement(magma: LeanMagma) -> None:
    by_split: dict[str, set[int]] = {TRAIN: set(), VALID: set(), TEST: set()}
    for one in magma.implications:
        for number in (one.hypothesis, one.conclusion):
            by_split[one.split] |= {number, law(number).dual}
    held_out = {one.number for one in laws() if split_of_law(one.number) != TRAIN}
    assert not by_split[TRAIN] & held_out
    assert all(split_of_law(one.number) == split_of_law(one.dual) for one in laws())
    for one in magma.implications:
        splits = {split_of_law(one.hypothesis), split_of_law(one.conclusion)}
        assert one.split in splits and splits <= {one.split, TRAIN}
    classes = [implication_class(one.hypothesis, one.conclusion) for one in magma.implications]
    assert len(set(classes)) == len(classes)


def test_grades_are_what_they_say(magma: LeanMagma) -> None:
    refuter = Refuter.load()
    for one in magma.implications:
        sides = law(one.hypothesis).equation, law(one.conclusion).equation
        if one.table is not None:
            assert holds(sides[0], one.table) and counterexample(sides[1], one.table) is not None
            assert one.grade == f"false-{one.table.size}" and one.rewrites is None
            smaller = [table for table in refuter.tables if table.size < one.table.size]
            assert not any(holds(sides[0], table) and not holds(sides[1], table) for table in smaller[:50])
        else:
            assert not refuter.refutes(one.hypothesis, one.conclusion)
            assert one.grade == ("open" if one.rewrites is None else f"true-{min(one.rewrites, 6)}")


@pytest.mark.parametrize(
    ("hypothesis", "conclusion", "rewrites"),
    [
        ("x * y = y * x", "x * (y * z) = (z * y) * x", 2),
        ("x = y", "x = y * z", 1),
        ("x = y * z", "x = y", 2),
        ("x * y = x * z", "(x * y) * z = (x * z) * w", 2),
        ("x * (y * z) = (x * y) * z", "x * y = y * x", None),
    ],
)
def test_distances_that_one_can_count(hypothesis: str, conclusion: str, rewrites: int | None) -> None:
    assert distance(parse(hypothesis).equation, parse(conclusion).equation) == rewrites


def test_a_move_keeps_what_holds(magma: LeanMagma) -> None:
    """Both sides of every move are equal in every table in which the law holds."""
    refuter = Refuter.load()
    for one in magma.implications[:40]:
        hypothesis, conclusion = law(one.hypothesis).equation, law(one.conclusion).equation
        tables = [t for t, here in zip(refuter.tables, refuter.satisfied[one.hypothesis - 1], strict=True) if here]
        if not tables:  # it holds where all elements are equal, and nowhere else
            continue
        moved = list(successors(conclusion.right, rules(hypothesis), fillers(conclusion)))
        for new in moved[:20]:
            same = type(conclusion)(conclusion.right, new)
            assert holds(same, tables[0])


def test_more_than_there_is_says_so() -> None:
    with pytest.raises(TooFewStatements, match="4 statements of train are missing; ask for fewer"):
        list(_drawn(repeat((1, 2)), TRAIN, 4, Refuter.load(), {(1, 2)}))


def test_texts() -> None:
    commutative, associative = law(43).equation, law(4512).equation
    assert statement(commutative, associative) == (
        "(G : Type) (op : G → G → G) (h : ∀ x y : G, op x y = op y x) (a b c : G) : op a (op b c) = op (op a b) c"
    )
    assert denial(commutative, associative) == (
        ": ¬ ∀ (G : Type) (op : G → G → G), (∀ x y : G, op x y = op y x) → ∀ x y z : G, op x (op y z) = op (op x y) z"
    )
