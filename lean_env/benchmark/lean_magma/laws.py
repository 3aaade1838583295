"""The laws of magmas with up to four operations, in the published order, and what turns one into another.

    law(43).text(), parse("x * y = y * x").number          # 'x ◇ y = y ◇ x', 43

A *law* is an equation between two terms over one binary operation. Laws that differ by the names of variables or by the
order of their sides are one; of the trivial ones `t = t` only `x = x` counts. Up to four operations there are 4,694,
numbered from 1 (Bolan et al., The Equational Theories Project, arXiv:2512.07087). They are made here and not read from
anywhere: first by the number of operations, then by that of the left side, then by the shapes of both sides, then by
variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

#: A variable by its number, or the operation with its two arguments.
Term = int | tuple["Term", "Term"]

#: So many operations a law may have, on both sides together.
MOST_OPERATIONS = 4
#: Variables are printed with these names, the first one is `x`. Five operations of arguments have six of them.
VARIABLES = ("x", "y", "z", "w", "u", "v")

_TOKEN = re.compile(r"\s*(?:([A-Za-z]\w*)|([()])|([◇*∘·⋄]))")
#: Deeper terms are nobody's law, and would end Python's recursion.
_LONGEST = 400


class UnknownLaw(ValueError):
    """Not one of the 4,694 laws; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Equation:
    """`left = right`, variables numbered by first occurrence from the left."""

    left: Term
    right: Term

    @property
    def variables(self) -> int:
        """How many there are."""
        return 1 + max(*leaves(self.left), *leaves(self.right), 0)

    def text(self, sign: str = "◇") -> str:
        """`x ◇ y = y ◇ x`."""
        return f"{term_text(self.left, sign)} = {term_text(self.right, sign)}"

    @property
    def mirrored(self) -> Equation:
        """The law with the arguments of every operation exchanged."""
        return canonical(mirror(self.left), mirror(self.right))


@dataclass(frozen=True)
class Law:
    """A law with its published number."""

    number: int
    equation: Equation

    @cached_property
    def dual(self) -> int:
        """The number of the mirrored law: it holds in a magma as this one does in the magma's opposite."""
        return number_of(self.equation.mirrored)

    @property
    def class_(self) -> int:
        """The smaller number of this law and its dual."""
        return min(self.number, self.dual)

    def text(self, sign: str = "◇") -> str:
        return self.equation.text(sign)


def law(number: int) -> Law:
    """The law of this number. Raises UnknownLaw."""
    if not 1 <= number <= len(laws()):
        raise UnknownLaw(f"no law {number}; they are numbered from 1 to {len(laws())}")
    return laws()[number - 1]


@cache
def laws() -> tuple[Law, ...]:
    """All of them, in order."""
    return tuple(Law(number, equation) for number, equation in enumerate(_equations(), start=1))


def number_of(equation: Equation) -> int:
    """The number of a canonical equation. Raises UnknownLaw."""
    try:
        return _numbers()[equation]
    except KeyError:
        raise UnknownLaw(f"{equation.text()}: {_reason(equation)}") from None


def parse(text: str) -> Law:
    """The law that a text says: any names, `◇` or `*` between terms, brackets where two operations meet.

    Raises UnknownLaw.
    """
    if len(text) > _LONGEST:
        raise UnknownLaw(f"a law of {len(text)} characters; those with {MOST_OPERATIONS} operations are shorter")
    sides = text.split("=")
    if len(sides) != 2:
        raise UnknownLaw(f"{text!r} is no equation")
    names: dict[str, int] = {}
    left, right = (_parsed(side, names, text) for side in sides)
    equation = canonical(left, right)
    return law(number_of(equation))


def implication_class(hypothesis: int, conclusion: int) -> tuple[int, int]:
    """The pair of law numbers that stands for `hypothesis implies conclusion` and for the same of their duals."""
    dual = (law(hypothesis).dual, law(conclusion).dual)
    return min((hypothesis, conclusion), dual)


# --- terms --------------------------------------------------------------------------------------------------------


def leaves(term: Term) -> list[int]:
    """The variables of a term, from the left, with repetition."""
    if isinstance(term, int):
        return [term]
    return leaves(term[0]) + leaves(term[1])


def operations(term: Term) -> int:
    """How many operations a term has."""
    return len(leaves(term)) - 1


def mirror(term: Term) -> Term:
    """The arguments of every operation exchanged."""
    return term if isinstance(term, int) else (mirror(term[1]), mirror(term[0]))


def renamed(term: Term, names: dict[int, int]) -> Term:
    """Variables numbered by first occurrence; `names` is added to."""
    if isinstance(term, int):
        return names.setdefault(term, len(names))
    left = renamed(term[0], names)
    return left, renamed(term[1], names)


def term_text(term: Term, sign: str = "◇") -> str:
    """`x ◇ (y ◇ x)`."""
    if isinstance(term, int):
        return VARIABLES[term] if term < len(VARIABLES) else f"x{term}"
    left, right = (term_text(one, sign) if isinstance(one, int) else f"({term_text(one, sign)})" for one in term)
    return f"{left} {sign} {right}"


def canonical(left: Term, right: Term) -> Equation:
    """Variables numbered from 0, and of both orders of the sides the one that comes first in the published order."""
    return min((_numbered(left, right), _numbered(right, left)), key=_order)


def _numbered(left: Term, right: Term) -> Equation:
    names: dict[int, int] = {}
    return Equation(renamed(left, names), renamed(right, names))


def _order(equation: Equation) -> tuple[object, ...]:
    left, right = equation.left, equation.right
    sides = operations(left), operations(right)
    return sum(sides), sides[0], _shape_order(left), _shape_order(right), leaves(left) + leaves(right)


def _shape_order(term: Term) -> tuple[int, ...]:
    """Shapes of as many operations compare by the size of the left argument, then within it, then within the right."""
    if isinstance(term, int):
        return (0,)
    return operations(term[0]), *_shape_order(term[0]), *_shape_order(term[1])


# --- enumeration --------------------------------------------------------------------------------------------------


@cache
def _numbers() -> dict[Equation, int]:
    return {one.equation: one.number for one in laws()}


def _equations() -> Iterator[Equation]:
    for total in range(MOST_OPERATIONS + 1):
        for of_left in range(total // 2 + 1):
            for left in _shapes(of_left):
                for right in _shapes(total - of_left):
                    for word in _words(total + 2):
                        equation = Equation(_filled(left, word[: of_left + 1]), _filled(right, word[of_left + 1 :]))
                        trivial = equation.left == equation.right and total > 0
                        if not trivial and canonical(equation.left, equation.right) == equation:
                            yield equation


def _shapes(size: int) -> list[Term]:
    """Terms of so many operations, all variables 0."""
    if size == 0:
        return [0]
    return [
        (left, right) for of_left in range(size) for left in _shapes(of_left) for right in _shapes(size - 1 - of_left)
    ]


def _words(length: int) -> Iterator[tuple[int, ...]]:
    """Numberings of so many places by first occurrence, in lexicographic order (restricted growth strings)."""
    if length == 0:
        yield ()
        return
    for word in _words(length - 1):
        for last in range(max(word, default=-1) + 2):
            yield (*word, last)


def _filled(shape: Term, word: tuple[int, ...]) -> Term:
    """The variables of a term, from the left, put in place of those of a shape."""
    if isinstance(shape, int):
        return word[0]
    of_left = operations(shape[0]) + 1
    return _filled(shape[0], word[:of_left]), _filled(shape[1], word[of_left:])


# --- reading ------------------------------------------------------------------------------------------------------


def _reason(equation: Equation) -> str:
    count = operations(equation.left) + operations(equation.right)
    if count > MOST_OPERATIONS:
        return f"it has {count} operations, the laws here have at most {MOST_OPERATIONS}"
    return "both sides are the same; of such laws only x = x is one"


def _parsed(text: str, names: dict[str, int], whole: str) -> Term:
    tokens: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise UnknownLaw(f"{whole!r}: {text[at:].strip()[:1]!r} stands in no law")
        tokens.append(found.group().strip())
        at = found.end()
    term, rest = _term(tokens, names, whole)
    if rest:
        raise UnknownLaw(f"{whole!r}: brackets are missing or not closed")
    return term


def _term(tokens: list[str], names: dict[str, int], whole: str) -> tuple[Term, list[str]]:
    """A term of at most one operation outside brackets."""
    left, rest = _atom(tokens, names, whole)
    if rest and rest[0] not in "()" and not rest[0][0].isalpha():
        right, rest = _atom(rest[1:], names, whole)
        return (left, right), rest
    return left, rest


def _atom(tokens: list[str], names: dict[str, int], whole: str) -> tuple[Term, list[str]]:
    if tokens and tokens[0] == "(":
        inner, rest = _term(tokens[1:], names, whole)
        if rest[:1] != [")"]:
            raise UnknownLaw(f"{whole!r}: brackets are missing or not closed")
        return inner, rest[1:]
    if not tokens or not tokens[0][0].isalpha():
        raise UnknownLaw(f"{whole!r}: a term is missing")
    return names.setdefault(tokens[0], len(names)), tokens[1:]
