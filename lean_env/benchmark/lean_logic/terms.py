"""First-order terms as patterns: reading them from short text, matching, rewriting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from lean_env.benchmark.lean_logic.formula import EQ, Node, for_all, substitute

#: Variables of patterns begin so; no other name does.
MARK = "?"


class Equation(NamedTuple):
    """`left = right` for all values of the pattern variables."""

    left: Node
    right: Node

    @property
    def names(self) -> dict[str, None]:
        """Names of both sides, in order of first occurrence."""
        return {**self.left.names, **self.right.names}

    @property
    def variables(self) -> list[str]:
        """Pattern variables in order of first occurrence."""
        return [name for name in self.names if name.startswith(MARK)]

    def node(self, types: Sequence[str] | None = None, bound: Sequence[str] = ("x", "y", "z", "w", "v")) -> Node:
        """The closed formula; `types` are its variables' types."""
        new = dict(zip(self.variables, bound, strict=False))
        values = {variable: Node(name) for variable, name in new.items()}
        equation = Node(EQ, (substitute(self.left, values), substitute(self.right, values)))
        return for_all(list(zip(new.values(), types or ["α"] * len(new), strict=True)), equation)


def parse(text: str) -> Node:
    """`m(f(?x),a)` as a term."""
    head, bracket, rest = text.partition("(")
    if not bracket:
        return Node(head)
    parts, level, last = [], 0, 0
    inner = rest[:-1]
    for place, character in enumerate(inner):
        level += (character == "(") - (character == ")")
        if character == "," and level == 0:
            parts.append(inner[last:place])
            last = place + 1
    return Node(head, tuple(map(parse, (*parts, inner[last:]))))


def equation(text: str) -> Equation:
    """`f(?x) = ?x` as an equation."""
    left, right = map(parse, text.replace(" ", "").split("="))
    return Equation(left, right)


def matches(pattern: Node, term: Node, values: dict[str, Node]) -> bool:
    """Whether the term is an instance of the pattern; `values` gets the variables' values."""
    head, args = pattern.head, pattern.args
    if head[0] == MARK:
        return values.setdefault(head, term) == term
    if head != term.head or len(args) != len(term.args):
        return False
    return all(map(matches, args, term.args, repeat(values)))


@lru_cache(maxsize=1 << 13)
def directions(one: Equation) -> list[Equation]:
    """The equation from left to right and back, as far as a direction brings in no new variables."""
    both = (one, Equation(one.right, one.left))
    return [rule for rule in both if len(rule.variables) == len(Equation(rule.left, rule.left).variables)]


def rewrites(term: Node, rule: Equation) -> Iterator[Node]:
    """All that one rewrite from left to right at one place makes of the term."""
    values: dict[str, Node] = {}
    if matches(rule.left, term, values):
        yield substitute(rule.right, values)
    for place, argument in enumerate(term.args):
        for new in rewrites(argument, rule):
            yield Node(term.head, (*term.args[:place], new, *term.args[place + 1 :]))
