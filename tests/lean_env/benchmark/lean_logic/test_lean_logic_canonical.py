"""The canonical class: names and order do not matter, everything else does."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_env.benchmark.lean_logic import first_order, induction, propositional
from lean_env.benchmark.lean_logic.canonical import canonical
from lean_env.benchmark.lean_logic.formula import SYMMETRIC, Node, Sequent, rename

GENERATORS = {"propositional": propositional, "first-order": first_order, "induction": induction}


@pytest.fixture(scope="module")
def sequents() -> list[Sequent]:
    found = []
    for generator in GENERATORS.values():
        for sizes in ((5, 20), (22, 34)):
            for theorems in (True, False):
                drafts = generator.problems(random.Random(2), sizes, theorems)
                found += [draft.sequent for draft in itertools.islice(drafts, 12)]
    return found


def retyped(type_: str, new: dict[str, str]) -> str:
    return " ".join(new.get(word, word) for word in type_.split())


def disguised(rng: random.Random, sequent: Sequent) -> Sequent:
    """Other names, another order, swapped arguments, hypotheses moved into the goal and variables bound there."""
    bound: set[str] = set()

    def visit(node: Node) -> None:
        bound.update({node.bound} - {""})
        for argument in node.args:
            visit(argument)

    for formula in sequent.formulas:
        visit(formula)
    old = [name for name, _ in sequent.symbols] + sorted(bound)
    new = {name: f"n{place}" for name, place in zip(old, rng.sample(range(len(old)), len(old)), strict=True)}

    def turned(node: Node) -> Node:
        args = [turned(argument) for argument in node.args]
        if node.head in SYMMETRIC and rng.random() < 0.5:
            args.reverse()
        return Node(node.head, tuple(args), node.bound, retyped(node.type, new))

    hypotheses = [(f"k{i}", turned(rename(h, new))) for i, (_, h) in enumerate(sequent.hypotheses)]
    rng.shuffle(hypotheses)
    goal = turned(rename(sequent.goal, new))
    while hypotheses and rng.random() < 0.3:
        goal = Node("→", (hypotheses.pop()[1], goal))
    symbols = [(new[name], retyped(type_, new)) for name, type_ in sequent.symbols]
    types = [symbol for symbol in symbols if symbol[1] == "Type"]
    rest = [symbol for symbol in symbols if symbol[1] != "Type"]
    rng.shuffle(rest)
    if not hypotheses and rest and rng.random() < 0.5:
        name, type_ = rest.pop()
        goal = Node("∀", (goal,), name, type_)
    return Sequent((*types, *rest), tuple(hypotheses), goal)


@settings(max_examples=300)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_a_disguise_has_the_same_class(sequents: list[Sequent], data: st.DataObject, seed: int) -> None:
    sequent = data.draw(st.sampled_from(sequents))
    other = disguised(random.Random(seed), sequent)
    assert canonical(other) == canonical(sequent), (sequent.text(), other.text())


def test_statements_that_differ_have_different_classes(sequents: list[Sequent]) -> None:
    pairs = 0
    for sequent in sequents:
        for place, (name, formula) in enumerate(sequent.hypotheses):
            hypotheses = list(sequent.hypotheses)
            hypotheses[place] = (name, Node("¬", (formula,)))
            assert canonical(Sequent(sequent.symbols, tuple(hypotheses), sequent.goal)) != canonical(sequent)
            del hypotheses[place]
            assert canonical(Sequent(sequent.symbols, tuple(hypotheses), sequent.goal)) != canonical(sequent)
            pairs += 1
    assert pairs > 100


p, q, r, s = map(Node, "pqrs")
PROPS = tuple((name, "Prop") for name in "pqrs")


def imp(a: Node, b: Node) -> Node:
    return Node("→", (a, b))


def con(a: Node, b: Node) -> Node:
    return Node("∧", (a, b))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (imp(p, q), imp(q, p), True),
        (imp(p, imp(q, p)), imp(q, imp(p, p)), True),  # premises are hypotheses, their order does not count
        (con(p, con(q, r)), con(con(s, p), q), True),
        (con(p, con(q, p)), con(p, con(q, r)), False),
        (con(p, con(p, q)), con(q, con(p, q)), True),
        (Node("¬", (p,)), imp(q, Node("False")), True),
        (con(imp(p, q), imp(q, r)), con(imp(p, q), imp(p, r)), False),
        (con(imp(p, q), imp(q, r)), con(imp(s, q), imp(p, s)), True),
    ],
)
def test_small_cases(left: Node, right: Node, same: bool) -> None:
    classes = [canonical(Sequent(PROPS, (), goal)) for goal in (left, right)]
    assert (classes[0] == classes[1]) is same


def test_a_ring_of_symbols_that_only_breaking_ties_tells_apart() -> None:
    def ring(order: str) -> Node:
        formulas = [imp(Node(a), Node(b)) for a, b in zip(order, order[1:] + order[:1], strict=True)]
        goal = formulas[0]
        for formula in formulas[1:]:
            goal = con(formula, goal)
        return goal

    symbols = tuple((name, "Prop") for name in "pqrstu")

    def class_of(*orders: str) -> str:
        return canonical(Sequent(symbols, tuple((f"h{o}", imp(Node(a), Node(b))) for o in orders for a, b in [o]), p))

    one = class_of("pq", "qr", "rs", "st", "tu", "up")
    assert one == class_of("pt", "tq", "qs", "su", "ur", "rp")
    assert one != class_of("pq", "qr", "rp", "st", "tu", "us")
    assert canonical(Sequent(symbols, (), ring("pqrstu"))) == canonical(Sequent(symbols, (), ring("qrstup")))
