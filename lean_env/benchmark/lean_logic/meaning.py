"""Values of the functions, by the equations that statements give as hypotheses: both cannot come apart.

The unknown functions are polynomials with random coefficients, so that a counterexample can name them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import repeat
from typing import Any

from lean_env.benchmark.lean_logic.formula import CONS, SUCC, Node
from lean_env.benchmark.lean_logic.functions import BRANCH, CATALOGUE, LEAF, LIST, NAT, NIL, TREE, ZERO
from lean_env.benchmark.lean_logic.terms import MARK

#: A value: a natural number, a list as a tuple of them, a tree as ("leaf", x) or ("branch", n, l, r).
Value = int | tuple[Any, ...]
#: A function's or constructor's name and its arguments.
Call = tuple[str, tuple[Value, ...]]

#: Larger numbers and longer lists are not computed; it also keeps Python's stack, four frames a call, within its limit.
LARGEST = 40


class TooLarge(Exception):
    """A value beyond what is computed."""


#: The unknown functions and those whose equations mention them.
UNKNOWN = frozenset(name for name, function in CATALOGUE.items() if not function.equations)
DEPENDENT = UNKNOWN | {name for name, function in CATALOGUE.items() if function.uses & UNKNOWN}


class Meaning:
    """Values of all functions, once the unknown ones are fixed: F x = (a x² + b x + c) mod m, G likewise."""

    def __init__(self, rng: random.Random, shared: dict[Call, Value]) -> None:
        """`shared` keeps the values of functions that use no unknown one, for other meanings too."""
        self.modulus = rng.choice((3, 5, 7))
        self.unary = [rng.randrange(self.modulus) for _ in range(3)]
        self.binary = [rng.randrange(self.modulus) for _ in range(4)]
        self._shared = shared
        self._own: dict[Call, Value] = {}

    def text(self, name: str, new_name: str) -> str:
        """The unknown function F or G in words."""
        if name == "F":
            a, b, c = self.unary
            return f"{new_name} x := ({a} * x * x + {b} * x + {c}) % {self.modulus}"
        a, b, c, d = self.binary
        return f"{new_name} x y := ({a} * x * x + {b} * y + {c} * x * y + {d}) % {self.modulus}"

    def apply(self, name: str, args: tuple[Value, ...]) -> Value:
        """The function's or constructor's value. Raises TooLarge."""
        call = (name, args)
        values = self._own if name in DEPENDENT else self._shared
        known = values.get(call)
        if known is None:
            known = self._apply(name, args)
            if (known if isinstance(known, int) else len(known)) > LARGEST:
                raise TooLarge
            values[call] = known
        return known

    def _apply(self, name: str, args: tuple[Any, ...]) -> Value:
        if name == "F":
            return self._unary(*args)
        if name == "G":
            return self._binary(*args)
        if name in _CONSTRUCTORS:
            return _CONSTRUCTORS[name](*args)
        for matchers, right in _compiled(name):
            values: Values = {}
            if all(map(_matches, matchers, args, repeat(values))):
                return right(self, values)
        raise AssertionError(f"no equation of {name} fits {args}")

    def _unary(self, x: int) -> int:
        a, b, c = self.unary
        return (a * x * x + b * x + c) % self.modulus

    def _binary(self, x: int, y: int) -> int:
        a, b, c, d = self.binary
        return (a * x * x + b * y + c * x * y + d) % self.modulus


#: Values of variables, by name.
Values = dict[str, Any]
#: A term's value under a meaning; raises TooLarge.
Evaluator = Callable[[Meaning, Values], Value]
#: Whether a value is an instance of a constructor pattern; sets the values of its variables.
Matcher = Callable[[Any, Values], bool]

_CONSTRUCTORS: dict[str, Callable[..., Value]] = {
    SUCC: lambda x: x + 1,
    CONS: lambda x, y: (x, *y),
    LEAF: lambda x: (LEAF, x),
    BRANCH: lambda x, y, z: (BRANCH, x, y, z),
}


@lru_cache(maxsize=1 << 12)
def evaluator(term: Node) -> Evaluator:
    """The term as a Python function, made once: most terms are evaluated hundreds of times."""
    head = term.head
    parts = [evaluator(argument) for argument in term.args]
    if head == ZERO:
        return lambda meaning, values: 0
    if head == NIL:
        return lambda meaning, values: ()
    if not parts:
        return lambda meaning, values: values[head]
    first, second = parts[0], parts[-1]
    if head in _CONSTRUCTORS:
        made = _CONSTRUCTORS[head]
        return lambda meaning, values: made(*[part(meaning, values) for part in parts])
    if len(parts) == 1:
        return lambda meaning, values: meaning.apply(head, (first(meaning, values),))
    return lambda meaning, values: meaning.apply(head, (first(meaning, values), second(meaning, values)))


@cache
def _compiled(name: str) -> list[tuple[list[Matcher], Evaluator]]:
    """The function's equations, left and right sides."""
    return [([_matcher(p) for p in left.args], evaluator(right)) for left, right in CATALOGUE[name].equations]


def _matcher(pattern: Node) -> Matcher:
    head = pattern.head
    parts = [_matcher(argument) for argument in pattern.args]

    def bind(value: Any, values: Values) -> bool:
        values[head] = value
        return True

    if head[0] == MARK:
        return bind
    if head == ZERO:
        return lambda value, values: bool(value == 0)
    if head == NIL:
        return lambda value, values: not value
    if head == SUCC:
        return lambda value, values: value > 0 and parts[0](value - 1, values)
    if head == CONS:
        return lambda value, values: bool(value) and parts[0](value[0], values) and parts[1](value[1:], values)
    return lambda value, values: value[0] == head and all(map(_matches, parts, value[1:], repeat(values)))


def _matches(matcher: Matcher, value: Value, values: Values) -> bool:
    return matcher(value, values)


def random_value(rng: random.Random, type_: str, size: int) -> Value:
    """A value of about the size, numbers up to 5."""
    if type_ == NAT:
        return rng.randint(0, min(5, size))
    if type_ == LIST:
        return tuple(rng.randint(0, 5) for _ in range(rng.randint(0, size)))
    if size <= 0 or rng.random() < 0.25:
        return (LEAF, rng.randint(0, 5))
    return (BRANCH, rng.randint(0, 5), random_value(rng, TREE, size - 2), random_value(rng, TREE, size - 2))


def value_text(value: Value) -> str:
    """The value in Lean's words."""
    if isinstance(value, int):
        return str(value)
    if value and value[0] == LEAF:
        return f"(leaf {value[1]})"
    if value and value[0] == BRANCH:
        _, label, left, right = value
        return f"(branch {label} {value_text(left)} {value_text(right)})"
    return f"[{', '.join(map(str, value))}]"
