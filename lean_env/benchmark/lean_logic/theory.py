"""Equations between terms over a few functions, found by testing (QuickSpec: Claessen, Smallbone, Hughes 2010).

All terms up to a size (a sample of them, where they are many) are evaluated on the same test values. Two that agree on
all of them are a conjecture: true on every tested value, which is no proof. Two that differ are refuted by a value.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from lean_env.benchmark.lean_logic.formula import CONS, SUCC, Node, substitute
from lean_env.benchmark.lean_logic.functions import (
    CATALOGUE,
    LIST,
    NAT,
    NIL,
    TREE,
    ZERO,
    Call,
    Function,
    Meaning,
    TooLarge,
    Value,
    random_value,
    value_text,
)
from lean_env.benchmark.lean_logic.terms import Equation

#: Variables of terms, by type.
VARIABLES = {NAT: ("a", "b", "c"), LIST: ("p", "q", "r"), TREE: ("t", "u")}
VARIABLE_TYPES = {name: type_ for type_, of_type in VARIABLES.items() for name in of_type}
#: Tests, a quarter of them of tiny values (0 and 1, lists of at most one element), under so many meanings of unknown
#: functions.
TESTS = 200
#: Tests that all terms are evaluated on; the others are for equations that pass these.
_FIRST_TESTS = 14
_MEANINGS = 10
#: Terms of one type and size.
_MOST_TERMS = 60
_LARGEST_TERM = 6
_ROOTS = 3
_REDUCIBLE_SHARE = 0.3
_CONSTRUCTORS = (SUCC, CONS)
#: Terms that another one is compared with to find one that it nearly equals.
_RIVALS = 120


@dataclass(frozen=True)
class Test:
    """One assignment to all variables, under one meaning of the unknown functions."""

    meaning: Meaning
    values: Mapping[str, Value]


class Theory:
    """A few functions, with all that they use, their terms and those terms' values."""

    def __init__(self, rng: random.Random, shared: dict[Call, Value]) -> None:
        """`shared` keeps values of functions for the next theory."""
        self._rng = rng
        self.functions = _random_functions(rng)
        meanings = [Meaning(rng, shared) for _ in range(_MEANINGS)]
        self.tests = [Test(meanings[i % _MEANINGS], _random_values(rng, i)) for i in range(TESTS)]
        rng.shuffle(self.tests)
        self._first = self.tests[:_FIRST_TESTS]

    @cached_property
    def terms(self) -> dict[Node, tuple[str, tuple[Value, ...]]]:
        """Terms, smaller ones first, with their types and their values in the first tests."""
        types = {type_ for function in self.functions for type_ in (*function.arguments, function.result)}
        found: dict[Node, tuple[str, tuple[Value, ...]]] = {}
        by_type: dict[tuple[str, int], list[Node]] = {}
        for type_ in sorted(types | ({NAT} if types & {LIST, TREE} else set())):
            leaves = [Node(name) for name in VARIABLES[type_]]
            for leaf in leaves:
                found[leaf] = (type_, tuple(test.values[leaf.head] for test in self._first))
            for constant in {NAT: [ZERO], LIST: [NIL]}.get(type_, []):
                value: Value = 0 if constant == ZERO else ()
                found[Node(constant)] = (type_, (value,) * _FIRST_TESTS)
                leaves.append(Node(constant))
            by_type[type_, 0] = leaves
        heads = [(f.name, f.arguments, f.result) for f in self.functions]
        heads += [(SUCC, (NAT,), NAT)] if NAT in types else []
        heads += [(CONS, (NAT, LIST), LIST)] if LIST in types else []
        for size in range(1, _LARGEST_TERM + 1):
            for type_ in sorted({result for _, _, result in heads}):
                made = by_type[type_, size] = []
                candidates = self._candidates([head for head in heads if head[2] == type_], size, by_type)
                for term in candidates:
                    try:
                        found[term] = (type_, self._values(term, found))
                    except TooLarge:
                        continue
                    made.append(term)
        return found

    def conjectures(self) -> Iterator[Equation]:
        """Equations that hold in the first tests, smaller ones first: of a term with the smallest one like it, and with
        another one like it.

        Most terms with a part that a smaller one is equal to are left out: what is said of them follows. So are
        equations that differ by their variables only, and those between two successors or two lists of one head.
        """
        alike: dict[tuple[str, tuple[Value, ...]], list[Node]] = {}
        seen: set[Equation] = set()
        for term, key in self.terms.items():
            others = alike.setdefault(key, [])
            reducible = any(alike[self.terms[part]][0] is not part for part in term.args)
            if others and (not reducible or self._rng.random() < _REDUCIBLE_SHARE):
                for other in {others[0]: None, self._rng.choice(others): None}:
                    equation = _in_order(Equation(term, other))
                    if equation not in seen and _interesting(equation):
                        seen.add(equation)
                        yield equation
            others.append(term)

    def holds(self, equation: Equation) -> bool:
        """Whether both sides have equal values in all tests in which these are not too large."""
        for test in self.tests:
            try:
                left, right = (test.meaning.evaluate(side, test.values) for side in equation)
            except TooLarge:
                continue
            if left != right:
                return False
        return True

    def near_misses(self) -> Iterator[tuple[Equation, int]]:
        """Equations that fail in few of the first tests among some that were tried, and a test in which they fail."""
        by_type: dict[str, list[Node]] = {}
        for term, (type_, _) in self.terms.items():
            if term.size:
                by_type.setdefault(type_, []).append(term)
        for type_ in sorted(by_type):
            of_type = [term for term in by_type[type_] if term.names.keys() & CATALOGUE.keys()]
            if not of_type:
                continue
            for left in self._rng.sample(of_type, min(12, len(of_type))):
                variables = left.names.keys() & VARIABLE_TYPES.keys()
                failing = []
                for right in (self._rng.choice(of_type) for _ in range(_RIVALS)):
                    pairs = zip(self.terms[left][1], self.terms[right][1], strict=True)
                    tests = [place for place, (one, other) in enumerate(pairs) if one != other]
                    same = left.head == right.head and left.head in _CONSTRUCTORS
                    if tests and not same and right.names.keys() & VARIABLE_TYPES.keys() == variables:
                        failing.append((len(tests), tests[0], right))
                if failing and variables:
                    _, test, right = min(failing, key=lambda miss: miss[:2])
                    yield Equation(left, right), test

    def counterexample(self, test: int, new_names: Mapping[str, str]) -> str:
        """The test in words, for the symbols that have new names."""
        chosen = self.tests[test]
        parts = [
            f"{new_names[name]} := {value_text(value)}" for name, value in chosen.values.items() if name in new_names
        ]
        parts += [chosen.meaning.text(name, new_names[name]) for name in ("F", "G") if name in new_names]
        return ", ".join(parts)

    def _candidates(
        self,
        heads: Sequence[tuple[str, tuple[str, ...], str]],
        size: int,
        by_type: Mapping[tuple[str, int], list[Node]],
    ) -> list[Node]:
        rng = self._rng
        made: dict[Node, None] = {}
        for _ in range(2 * _MOST_TERMS):
            name, arguments, _ = rng.choice(heads)
            rest = size - 1
            sizes = []
            for _ in arguments[1:]:
                sizes.append(rng.randint(0, rest))
                rest -= sizes[-1]
            sizes.append(rest)
            rng.shuffle(sizes)
            groups = [by_type.get((type_, part), []) for type_, part in zip(arguments, sizes, strict=True)]
            if all(groups):
                made[Node(name, tuple(map(rng.choice, groups)))] = None
        return list(made)[:_MOST_TERMS]

    def _values(self, term: Node, found: Mapping[Node, tuple[str, tuple[Value, ...]]]) -> tuple[Value, ...]:
        columns = [found[argument][1] for argument in term.args]
        return tuple(
            test.meaning.apply(term.head, args)
            for test, args in zip(self._first, zip(*columns, strict=True), strict=True)
        )


def _interesting(equation: Equation) -> bool:
    left, right = equation
    variables = left.names.keys() & VARIABLE_TYPES.keys()
    if not variables or not right.names.keys() & VARIABLE_TYPES.keys() <= variables:
        return False
    return left.head != right.head or left.head not in _CONSTRUCTORS


def _in_order(equation: Equation) -> Equation:
    """The equation with its variables renamed, so that those of a type come in the order of VARIABLES."""
    left = {type_: list(of_type) for type_, of_type in VARIABLES.items()}
    new = {name: Node(left[VARIABLE_TYPES[name]].pop(0)) for name in equation.names if name in VARIABLE_TYPES}
    return Equation(substitute(equation.left, new), substitute(equation.right, new))


@cache
def closure(names: frozenset[str]) -> tuple[Function, ...]:
    """The functions among the names and all that their equations use, in the order of the catalogue."""
    needed, todo = set(names), sorted(names & CATALOGUE.keys())
    while todo:
        new = CATALOGUE[todo.pop()].uses - needed
        needed |= new
        todo += sorted(new)
    return tuple(function for name, function in CATALOGUE.items() if name in needed)


def _random_functions(rng: random.Random) -> tuple[Function, ...]:
    """One to three functions whose types meet, with all that they use."""
    defined = [function for function in CATALOGUE.values() if function.equations]
    chosen = [rng.choice(defined)]
    for _ in range(rng.randint(0, _ROOTS - 1)):
        types = {type_ for function in chosen for type_ in (*function.arguments, function.result)}
        meeting = [f for f in defined if f not in chosen and types & {*f.arguments, f.result} - ({NAT} - types)]
        chosen.append(rng.choice(meeting))
    return closure(frozenset(function.name for function in chosen))


def _random_values(rng: random.Random, place: int) -> dict[str, Value]:
    size = 1 if place < TESTS // 4 else rng.randint(2, 6)
    return {name: random_value(rng, type_, size) for name, type_ in VARIABLE_TYPES.items()}
