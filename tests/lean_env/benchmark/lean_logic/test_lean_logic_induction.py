"""Functions by their equations against Python's own, and the prover by induction."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from lean_env.benchmark.lean_logic import induction
from lean_env.benchmark.lean_logic.formula import Node
from lean_env.benchmark.lean_logic.functions import (
    CATALOGUE,
    CONSTRUCTORS,
    LEAF,
    LIST,
    NAT,
    TREE,
    Meaning,
    TooLarge,
    random_value,
)
from lean_env.benchmark.lean_logic.inductive import prove, unfolded
from lean_env.benchmark.lean_logic.terms import MARK, Equation, parse
from lean_env.benchmark.lean_logic.theory import VARIABLE_TYPES, Theory


def flat(tree: tuple) -> tuple:
    return (tree[1],) if tree[0] == LEAF else flat(tree[2]) + flat(tree[3])


def mirror(tree: tuple) -> tuple:
    return tree if tree[0] == LEAF else (tree[0], tree[1], mirror(tree[3]), mirror(tree[2]))


def height(tree: tuple) -> int:
    return 0 if tree[0] == LEAF else 1 + max(height(tree[2]), height(tree[3]))


def inorder(tree: tuple) -> tuple:
    return () if tree[0] == LEAF else (*inorder(tree[2]), tree[1], *inorder(tree[3]))


PYTHON = {
    "add1": lambda x, y: x + y,
    "add2": lambda x, y: x + y,
    "add3": lambda x, y: x + y,
    "mul1": lambda x, y: x * y,
    "mul2": lambda x, y: x * y,
    "double": lambda x: 2 * x,
    "half": lambda x: x // 2,
    "pred": lambda x: max(0, x - 1),
    "sub": lambda x, y: max(0, x - y),
    "max": max,
    "min": min,
    "app": lambda x, y: x + y,
    "snoc": lambda x, y: (*x, y),
    "rev1": lambda x: x[::-1],
    "rev2": lambda x: x[::-1],
    "rev3": lambda x, y: x[::-1] + y,
    "len": len,
    "len3": lambda x, y: len(x) + y,
    "sum": sum,
    "rep": lambda x, y: (y,) * x,
    "twice": lambda x: tuple(e for e in x for _ in range(2)),
    "take": lambda x, y: y[:x],
    "drop": lambda x, y: y[x:],
    "mirror": mirror,
    "leaves": lambda t: len(flat(t)),
    "nodes": lambda t: len(flat(t)) - 1,
    "height": height,
    "flat": flat,
    "flat3": lambda t, x: flat(t) + x,
    "inorder": inorder,
    "tsum": lambda t: sum(flat(t)),
    "left": lambda t: flat(t)[0],
    "right": lambda t: flat(t)[-1],
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_values_by_equations_are_those_of_python(name: str) -> None:
    rng = random.Random(name)
    function = CATALOGUE[name]
    for _ in range(60):
        meaning = Meaning(rng, {})
        args = tuple(random_value(rng, type_, rng.randint(0, 4)) for type_ in function.arguments)
        value = meaning.apply(name, args)
        assert isinstance(value, int) == (function.result == NAT)
        if name in PYTHON:
            assert value == PYTHON[name](*args)


def test_functions_of_an_unknown_one() -> None:
    meaning = Meaning(random.Random(1), {})

    def f(x: int) -> int:
        return meaning.apply("F", (x,))

    def g(x: int, y: int) -> int:
        return meaning.apply("G", (x, y))

    assert meaning.apply("iter", (3, 2)) == f(f(f(2))) == meaning.apply("iterl", (3, 2))
    assert meaning.apply("map", ((4, 1, 0),)) == (f(4), f(1), f(0))
    assert meaning.apply("foldr", ((4, 1), 2)) == g(4, g(1, 2))
    assert meaning.apply("foldl", ((4, 1), 2)) == g(g(2, 4), 1)
    assert meaning.apply("tmap", ((LEAF, 3),)) == (LEAF, f(3))


@pytest.mark.parametrize("name", [name for name, function in CATALOGUE.items() if function.equations])
def test_exactly_one_equation_fits_each_value(name: str) -> None:
    """So no equation contradicts another, and the function is defined everywhere."""
    function = CATALOGUE[name]
    rng = random.Random(name)

    def fits(pattern: Node, value: object) -> bool:
        if pattern.head.startswith(MARK):
            return True
        if isinstance(value, int):
            return value == 0 if pattern.head == "0" else value > 0 and fits(pattern.args[0], value - 1)
        if value and value[0] in CONSTRUCTORS[TREE]:
            return pattern.head == value[0] and all(map(fits, pattern.args, value[1:]))
        if not value:
            return pattern.head == "[]"
        return pattern.head == "::" and fits(pattern.args[0], value[0]) and fits(pattern.args[1], value[1:])

    for _ in range(200):
        args = [random_value(rng, type_, rng.randint(0, 3)) for type_ in function.arguments]
        assert sum(all(map(fits, one.left.args, args)) for one in function.equations) == 1


def test_large_values_are_refused_not_computed() -> None:
    meaning = Meaning(random.Random(1), {})
    with pytest.raises(TooLarge):
        meaning.apply("mul1", (9, 9))
    with pytest.raises(TooLarge):
        meaning.apply("app", ((1,) * 30, (2,) * 30))


def read(text: str) -> Equation:
    short = {"s": "+1", "cons": "::", "nil": "[]"}

    def spelled(node: Node) -> Node:
        return Node(short.get(node.head, node.head), tuple(map(spelled, node.args)))

    left, right = text.replace(" ", "").split("=")
    return Equation(spelled(parse(left)), spelled(parse(right)))


def types_of(equation: Equation) -> dict[str, str]:
    return {name: VARIABLE_TYPES[name] for name in equation.names if name in VARIABLE_TYPES}


@pytest.mark.parametrize(
    ("text", "inductions"),
    [
        ("add1(a,0)=a", 1),
        ("add1(a,s(b))=s(add1(a,b))", 1),
        ("add1(a,b)=add1(b,a)", 3),
        ("app(p,nil)=p", 1),
        ("app(app(p,q),r)=app(p,app(q,r))", 1),
        ("map(app(p,q))=app(map(p),map(q))", 1),
        ("len(app(p,q))=len(app(p,q))", 0),
        ("mirror(mirror(t))=t", 1),
        ("len3(p,a)=len3(p,a)", 0),
        ("rev3(app(p,q),r)=rev3(q,rev3(p,r))", 1),
        ("max(a,b)=max(b,a)", 3),
        ("take(a,take(a,p))=take(a,p)", 2),
    ],
)
def test_known_theorems_are_proved(text: str, inductions: int) -> None:
    proof = prove(read(text), types_of(read(text)))
    assert proof is not None
    assert proof.inductions == inductions


@pytest.mark.parametrize(
    "text",
    ["app(p,q)=app(q,p)", "sub(a,b)=sub(b,a)", "rev1(p)=p", "double(a)=s(a)", "mirror(t)=t", "half(double(a))=0"],
)
def test_false_equations_are_not_proved(text: str) -> None:
    assert prove(read(text), types_of(read(text))) is None
    lemmas = [Equation(parse("add1(?a,?b)"), parse("add1(?b,?a)"))]
    assert prove(read(text), types_of(read(text)), lemmas) is None


def test_a_lemma_helps() -> None:
    goal = read("rev1(rev1(p))=p")
    lemma = Equation(parse("rev1(snoc(?p,?a))"), Node("::", (Node("?a"), parse("rev1(?p)"))))
    assert prove(goal, types_of(goal)) is None
    proof = prove(goal, types_of(goal), [lemma])
    assert proof is not None
    assert proof.lemmas == {0}


def test_unfolding_counts_rewrites() -> None:
    assert unfolded(read("add1(0,a)=a")) == 1
    assert unfolded(read("add1(s(0),a)=s(a)")) == 2
    assert unfolded(read("add1(a,0)=a")) is None


def test_conjectures_hold_and_near_misses_fail() -> None:
    rng = random.Random(4)
    held, failed = 0, 0
    for _ in range(12):
        theory = Theory(rng, {})
        for conjecture in itertools.islice(theory.conjectures(), 30):
            if prove(conjecture, types_of(conjecture)) is not None:
                assert theory.holds(conjecture)
                held += 1
        for equation, place in itertools.islice(theory.near_misses(), 10):
            test = theory.tests[place]
            left, right = (test.meaning.evaluate(side, test.values) for side in equation)
            assert left != right
            failed += 1
    assert held > 50
    assert failed > 50


def test_a_statement_has_its_functions_equations_and_names_that_tell_nothing() -> None:
    for draft in itertools.islice(induction.problems(random.Random(2), (8, 40), True), 60):
        text = draft.sequent.text()
        assert not any(re.search(rf"\b{name}\b", text) for name in CATALOGUE if len(name) > 1), text
        functions = [name for name, type_ in draft.sequent.symbols if "→" in type_]
        assert functions
        assert {type_ for _, type_ in draft.sequent.symbols if "→" not in type_} <= {NAT, LIST, TREE}
        assert draft.depth >= 0
