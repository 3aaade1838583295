"""Formulas, terms and sequents of `lean-logic`: their syntax, their Lean text, their size and depth.

One node type serves all families, so that size, print and canonical class are defined once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AND, OR, IMP, NOT, IFF, EQ = "∧", "∨", "→", "¬", "↔", "="
ALL, EXISTS, TRUE, FALSE = "∀", "∃", "True", "False"

QUANTIFIERS = frozenset((ALL, EXISTS))
CONNECTIVES = frozenset((AND, OR, IMP, IFF, NOT))
#: Constructors of Nat and List: `x + 1` and `x :: y`.
SUCC, CONS = "+1", "::"
LOGICAL = frozenset((AND, OR, IMP, NOT, IFF, EQ, ALL, EXISTS, TRUE, FALSE))
#: Heads whose two arguments may be swapped without changing what is said.
SYMMETRIC = frozenset((AND, OR, IFF, EQ))
#: Lean's precedence of an infix head, and whether it nests to the right without brackets.
_INFIX = {CONS: (67, True), EQ: (50, False), AND: (35, True), OR: (30, True), IMP: (25, True), IFF: (20, False)}
_NOT_LEVEL, _SUCC_LEVEL = 40, 65
_ATOMIC, _OPEN = 1024, 0

PROP, TYPE = "Prop", "Type"


class Node:
    """A formula or a term; immutable.

    `head` is a connective, a quantifier, `=`, or the name of a variable, function or constructor. A quantifier binds
    the name `bound` of type `type` in its one argument. `size` counts connectives, quantifiers, equations and
    applications; names and constants are free.
    """

    __slots__ = ("_hash", "_names", "args", "bound", "head", "size", "type")

    def __init__(self, head: str, args: tuple[Node, ...] = (), bound: str = "", type: str = "") -> None:
        self.head = head
        self.args = args
        self.bound = bound
        self.type = type
        self.size = 1 if args else 0
        for argument in args:
            self.size += argument.size
        self._hash = hash((head, args, bound, type))
        self._names: Mapping[str, None] | None = None

    @property
    def names(self) -> Mapping[str, None]:
        """Free variables, functions, relations and constructors, in order of first occurrence."""
        if self._names is None:
            found: dict[str, None] = {} if self.bound or self.head in LOGICAL else {self.head: None}
            for argument in self.args:
                found.update(argument.names)
            found.pop(self.bound, None)
            self._names = found
        return self._names

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Node)
            and self._hash == other._hash
            and self.head == other.head
            and self.bound == other.bound
            and self.type == other.type
            and self.args == other.args
        )

    def __repr__(self) -> str:
        return f"`{text(self)}`"


@dataclass(frozen=True, slots=True)
class Sequent:
    """A statement."""

    #: Its variables with their Lean types, in order. A type variable is a symbol of type `Type`.
    symbols: tuple[tuple[str, str], ...]
    #: Each with its name.
    hypotheses: tuple[tuple[str, Node], ...]
    goal: Node
    #: Whether the type variables are bound with braces.
    implicit: bool = True

    @property
    def formulas(self) -> tuple[Node, ...]:
        """All hypotheses, then the goal."""
        return (*(formula for _, formula in self.hypotheses), self.goal)

    @property
    def size(self) -> int:
        """Connectives, quantifiers (each bound variable counts), equations and applications of hypotheses and goal."""
        return sum(formula.size for formula in self.formulas)

    def text(self) -> str:
        """Lean's text: binders, colon, goal."""
        return f"{self._binders()} : {text(self.goal)}"

    def denial(self) -> str:
        """Lean's text of the statement that this one is false."""
        return f": ¬ ∀ {self._binders()}, {text(self.goal)}"

    def _binders(self) -> str:
        binders = []
        for names, type_ in _grouped(self.symbols):
            left, right = "{}" if type_ == TYPE and self.implicit else "()"
            binders.append(f"{left}{' '.join(names)} : {type_}{right}")
        return " ".join([*binders, *(f"({name} : {text(formula)})" for name, formula in self.hypotheses)])


def depth(node: Node) -> int:
    """The deepest nesting of what `Node.size` counts."""
    return 1 + max(map(depth, node.args)) if node.args else 0


def rename(node: Node, new: Mapping[str, str]) -> Node:
    """Heads and bound names by a map that is one-to-one; names that it lacks stay."""
    return Node(
        new.get(node.head, node.head),
        tuple(rename(argument, new) for argument in node.args),
        new.get(node.bound, node.bound),
        node.type,
    )


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """Free variables (heads without arguments) by terms, in which no bound name may occur."""
    if not node.args:
        return values.get(node.head, node)
    if node.bound in values:
        values = {name: value for name, value in values.items() if name != node.bound}
    args = tuple([substitute(argument, values) for argument in node.args])
    return node if args == node.args else Node(node.head, args, node.bound, node.type)


def for_all(variables: list[tuple[str, str]], body: Node) -> Node:
    """`∀ variables, body`, outermost first."""
    for name, type_ in reversed(variables):
        body = Node(ALL, (body,), name, type_)
    return body


def text(node: Node, level: int = _OPEN) -> str:
    """Lean's text with the fewest brackets; `level` is the precedence that the surroundings ask for. Bound variables go
    without their types: every formula of this benchmark uses them where Lean can tell."""
    head, args = node.head, node.args
    if not args:
        return head
    if head in _INFIX:
        own, right_nested = _INFIX[head]
        left = text(args[0], own + 1)
        right = text(args[1], own if right_nested else own + 1)
        return _bracketed(f"{left} {head} {right}", level > own)
    if head == SUCC:
        return _bracketed(f"{text(args[0], _SUCC_LEVEL)} + 1", level > _SUCC_LEVEL)
    if head == NOT:
        return _bracketed(f"¬{text(args[0], _NOT_LEVEL)}", level > _NOT_LEVEL)
    if head in QUANTIFIERS:
        bound = [node.bound]
        while args[0].head == head:
            bound.append(args[0].bound)
            args = args[0].args
        return _bracketed(f"{head} {' '.join(bound)}, {text(args[0])}", level > _OPEN)
    applied = " ".join((head, *(text(argument, _ATOMIC) for argument in args)))
    return _bracketed(applied, level >= _ATOMIC)


def _bracketed(inner: str, needed: bool) -> str:
    return f"({inner})" if needed else inner


def _grouped(symbols: tuple[tuple[str, str], ...]) -> list[tuple[list[str], str]]:
    groups: list[tuple[list[str], str]] = []
    for name, type_ in symbols:
        if groups and groups[-1][1] == type_:
            groups[-1][0].append(name)
        else:
            groups.append(([name], type_))
    return groups
