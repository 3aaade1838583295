"""First-order problems about equality: equations as hypotheses, and two terms that so many rewrites apart are equal.

The terms that equations reach from a random one are searched breadth first; the goal is one of them, at `depth`
rewrites and not fewer within the searched sizes. Equations that are not on the way to it are dropped.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from lean_env.benchmark.lean_logic.composition import Entailment, total
from lean_env.benchmark.lean_logic.formula import EQ, TYPE, Node
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.terms import Equation, directions, equation, rewrites

_TYPES = {
    "α": TYPE,
    **dict.fromkeys(("f", "g", "h"), "α → α"),
    "m": "α → α → α",
    "P": "α → Prop",
    **dict.fromkeys(("a", "b", "c", "d"), "α"),
}
_CONSTANTS = ("a", "b", "c", "d")
_MOST_TERMS = 120
_MOST_REWRITES = 9
_PREDICATE_SHARE = 0.25


#: Laws; f, g, h stand for different functions, a for a constant.
_LAWS = tuple(
    map(
        equation,
        (
            "f(g(?x))=?x",
            "f(f(?x))=?x",
            "f(f(?x))=f(?x)",
            "f(f(?x))=g(?x)",
            "f(g(?x))=g(f(?x))",
            "f(?x)=g(?x)",
            "f(g(?x))=h(?x)",
            "m(?x,?y)=m(?y,?x)",
            "m(m(?x,?y),?z)=m(?x,m(?y,?z))",
            "m(?x,a)=?x",
            "m(a,?x)=?x",
            "m(?x,f(?x))=a",
            "f(m(?x,?y))=m(f(?x),f(?y))",
            "f(m(?x,?y))=m(?y,f(?x))",
            "m(?x,?x)=?x",
            "m(?x,?x)=f(?x)",
            "f(a)=a",
        ),
    )
)


def problems(rng: random.Random, sizes: tuple[int, int]) -> Iterator[Draft]:
    """Theorems without end, of sizes between both given; duplicates occur."""
    while True:
        target = rng.randint(*sizes)
        equations = _random_equations(rng, target)
        functions = sorted({name for one in equations for side in one for name in side.names} & {*"fghm"})
        start = _random_term(rng, rng.randint(1, 2 + target // 8), functions)
        largest = start.size + 2 + target // 10
        found = reached(start, equations, largest)
        farthest = max(reach.distance for reach in found.values())
        if farthest == 0:
            continue
        # The larger half of distances: at one rewrite there is little to do.
        wanted = rng.randint((farthest + 1) // 2, farthest)
        goal = rng.choice([term for term, reach in found.items() if reach.distance == wanted])
        used = found[goal].used
        equations = [one for place, one in enumerate(equations) if place in used]
        made = _entailment(rng, equations, start, goal)
        if made is not None and sizes[0] <= total(made) <= sizes[1]:
            sequent, _ = named(rng, _TYPES, *made)
            distance = found[goal].distance
            yield Draft(sequent, Logic.INTUITIONISTIC, distance, effort=partial(_effort, distance))


def _effort(rewrites: int) -> int:
    """A rewrite counts twice: the equation and its direction have to be chosen. The last step closes the goal."""
    return 2 * rewrites + 1


class Reach(NamedTuple):
    """The least number of rewrites to a term, and the places of the equations on one such way."""

    distance: int
    used: frozenset[int]


def reached(start: Node, equations: Sequence[Equation], largest: int) -> dict[Node, Reach]:
    """Terms of at most size `largest` that the equations, read both ways, make of `start`; the search ends at a
    bounded number of terms."""
    rules = [(rule, place) for place, one in enumerate(equations) for rule in directions(one)]
    found = {start: Reach(0, frozenset())}
    frontier = [start]
    for distance in range(1, _MOST_REWRITES + 1):
        new_ones: list[Node] = []
        for term in frontier:
            used = found[term].used
            for rule, place in rules:
                for new in rewrites(term, rule):
                    if new.size <= largest and new not in found:
                        found[new] = Reach(distance, used | {place})
                        new_ones.append(new)
            if len(found) > _MOST_TERMS:
                return found
        frontier = new_ones
    return found


def _random_equations(rng: random.Random, target: int) -> list[Equation]:
    equations: dict[Equation, None] = {}
    for _ in range(rng.randint(0, 1 + target // 9)):
        law = rng.choice(_LAWS)
        new = dict(zip("fgh", map(Node, rng.sample("fgh", 3)), strict=True))
        constant = rng.choice(_CONSTANTS)
        equations[Equation(*(_with_heads(side, {**new, "a": Node(constant)}) for side in law))] = None
    functions = sorted({name for one in equations for side in one for name in side.names} & {*"fghm"})
    functions = functions or rng.sample("fghm", rng.randint(1, 2))
    for _ in range(rng.randint(0 if equations else 2, 3)):
        left, right = _random_term(rng, rng.randint(0, 2), functions), _random_term(rng, rng.randint(0, 1), functions)
        if left != right:
            equations[Equation(left, right)] = None
    shuffled = list(equations)
    rng.shuffle(shuffled)
    return shuffled


def _with_heads(term: Node, new: Mapping[str, Node]) -> Node:
    head = new[term.head].head if term.head in new else term.head
    return Node(head, tuple(_with_heads(argument, new) for argument in term.args))


def _random_term(rng: random.Random, size: int, functions: Sequence[str]) -> Node:
    if size == 0 or not functions:
        return Node(rng.choice(_CONSTANTS))
    function = rng.choice(functions)
    if function == "m":
        left = rng.randrange(size)
        return Node("m", (_random_term(rng, left, functions), _random_term(rng, size - 1 - left, functions)))
    return Node(function, (_random_term(rng, size - 1, functions),))


def _entailment(rng: random.Random, equations: list[Equation], start: Node, goal: Node) -> Entailment | None:
    """`start = goal`, or `P goal` from `P start`; None when a hypothesis says just that."""
    hypotheses = [one.node() for one in equations]
    if rng.random() < _PREDICATE_SHARE:
        hypotheses.insert(rng.randint(0, len(hypotheses)), Node("P", (start,)))
        return tuple(hypotheses), Node("P", (goal,))
    if any({start, goal} == set(one) for one in equations):
        return None
    return tuple(hypotheses), Node(EQ, (start, goal))
