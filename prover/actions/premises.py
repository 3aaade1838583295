"""A library theorem as tactics see it, read off its printed statement, and how it fits a goal.

A side of its conclusion *fits* when the goal has all its symbols and the types of its variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from prover.goal import IDENTIFIER, Goal, LocalKind, binder_groups, outside_brackets, split_top_level

#: A goal longer than this is cut for the query: such goals are rarely proved and would cost milliseconds.
QUERY_CHARACTERS = 3000

_SYMBOL = re.compile(
    r"<\+:\+|<\+:|<:\+|<\+|\+\+|::|&&&|\|\|\||\^\^\^|<<<|>>>|~~~|\|\||&&|==|!=|#\[|#v\[|\[\]|[=≠≤<≥>∈∉∧∨¬↔∃∀∣≍⊆~+*/%^\-!↑×∘]"
)
_KEYWORDS = frozenset({"fun", "if", "then", "else", "match", "with", "let", "have"})
_SORTS = frozenset({"Type", "Sort", "Prop"})
_NUMERAL = re.compile(r"(?<![\w.])\d+(?![\w.])")


def symbols(text: str) -> list[str]:
    """The constants, notation and numerals of a printed term, variables included, in order of appearance."""
    return [*IDENTIFIER.findall(text), *_SYMBOL.findall(text), *_NUMERAL.findall(text)]


def name_pieces(name: str) -> list[str]:
    """`List.map_append` gives List, map, append; pieces of one or two letters are left out."""
    return [piece for piece in re.split(r"[._]", name) if len(piece) > 2]


def _bound_inside(symbol: str) -> bool:
    """A name that a `fun`, `∃` or `match` inside a term is likely to bind, or one of these words themselves."""
    return symbol in _KEYWORDS or (len(symbol) <= 2 and symbol[0].islower())


class Shape(StrEnum):
    """What a premise concludes: it decides which tactics can use it."""

    EQUATION = "equation"
    IFF = "iff"
    IMPLICATION = "implication"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Premise:
    """A library theorem as tactics see it. The sets hold symbols, bound variables left out."""

    name: str
    #: On one line.
    statement: str
    shape: Shape
    #: The arrows before the conclusion.
    hypotheses: int
    conclusion: frozenset[str]
    #: The sides of a conclusion that is an equation or an equivalence, otherwise empty.
    left: frozenset[str]
    right: frozenset[str]
    #: The constants in the types of its variables. A printed `+` does not show whose it is.
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class RetrievedPremise:
    """A premise for one goal. A side *fits* when `typed` holds and all its symbols occur in the goal's conclusion."""

    premise: Premise
    #: Whether the goal has the types of the premise's variables.
    typed: bool
    left_fits: bool
    right_fits: bool
    conclusion_fits: bool
    #: BM25's, 1 for the best of the state.
    relative_score: float
    #: Whether it was asked for by name.
    required: bool = False

    @property
    def name(self) -> str:
        return self.premise.name


def read_premise(name: str, statement: str) -> Premise:
    """The shape of a printed statement."""
    statement = " ".join(statement.split())
    variables, types, body, hypotheses = strip_binders(statement)
    left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()

    def constants(text: str) -> frozenset[str]:
        return frozenset(symbol for symbol in symbols(text) if symbol not in variables and not _bound_inside(symbol))

    shape = Shape.IMPLICATION if hypotheses else Shape.FACT
    sides = split_top_level(body, " ↔ ")
    if len(sides) == 2:
        shape = Shape.IFF
    elif not re.search(r" [∧∨] |^[¬∃∀]", outside_brackets(body)):
        sides = split_top_level(body, " = ")
        if len(sides) == 2:
            shape = Shape.EQUATION
    if len(sides) == 2:
        left, right = constants(sides[0]), constants(sides[1])
    return Premise(name, statement, shape, hypotheses, constants(body), left, right, types)


def strip_binders(statement: str) -> tuple[frozenset[str], frozenset[str], str, int]:
    """Bound names, the constants of their types, the conclusion, and the number of hypotheses in front of it."""
    variables: set[str] = set()
    types: set[str] = set()
    hypotheses = 0
    while True:
        statement = statement.strip()
        if statement.startswith("∀ "):
            binders, *rest = split_top_level(statement[2:], ", ")
            if not rest:
                break
            for names, type_ in binder_groups(binders):
                variables.update(names)
                types.update(_type_constants(type_))
            statement = ", ".join(rest)
            continue
        if len(split_top_level(statement, " ↔ ")) > 1:
            break
        _, *consequent = split_top_level(statement, " → ")
        if not consequent:
            break
        hypotheses += 1
        statement = " → ".join(consequent)
    return frozenset(variables), frozenset(types), statement, hypotheses


def _type_constants(type_: str) -> Iterable[str]:
    """The constants that a printed type applies: `List (Option Nat)` gives List, Option, Nat; a proposition nothing."""
    if re.search(r"[=≠≤<≥>∈∉∧∨↔¬∀∃∣]", type_):
        return ()
    return (name for name in IDENTIFIER.findall(type_) if name[0].isupper() and name not in _SORTS)


@dataclass(frozen=True, slots=True)
class GoalView:
    """What fitting a premise needs of a goal: its conclusion's symbols and the types in sight."""

    symbols: frozenset[str]
    types: frozenset[str]

    @classmethod
    def of(cls, goal: Goal) -> GoalView:
        conclusion = goal.conclusion[:QUERY_CHARACTERS]
        types = {
            name
            for local in goal.locals
            if local.kind in (LocalKind.DATA, LocalKind.FUNCTION)
            for name in _type_constants(local.type)
        }
        for constant in IDENTIFIER.findall(conclusion):
            types.add(constant)
            types.add(constant.rpartition(".")[0])
        return cls(frozenset(symbols(conclusion)), frozenset(types))

    def fit(self, premise: Premise, relative_score: float) -> RetrievedPremise:
        typed = premise.types <= self.types
        return RetrievedPremise(
            premise,
            typed=typed,
            left_fits=typed and bool(premise.left) and premise.left <= self.symbols,
            right_fits=typed and bool(premise.right) and premise.right <= self.symbols,
            conclusion_fits=typed and bool(premise.conclusion) and premise.conclusion <= self.symbols,
            relative_score=relative_score,
        )
