"""The main connective of a printed proposition, by Lean's precedences: what a proof of it can be used for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from prover.goal import outside_brackets, split_top_level, unbracketed


class Connective(StrEnum):
    """ATOM is whatever has none of the others outside all brackets."""

    FORALL = "∀"
    EXISTS = "∃"
    IFF = "↔"
    ARROW = "→"
    OR = "∨"
    AND = "∧"
    NOT = "¬"
    NOT_EQUAL = "≠"
    EQUAL = "="
    FALSE = "False"
    ATOM = "atom"

    # Enum's own is a function in Python.
    __hash__ = str.__hash__


#: Infix ones from the loosest (Init/Core.lean, Prelude: ↔ 20, → 25, ∨ 30, ∧ 35, = and ≠ 50).
_INFIX = (Connective.IFF, Connective.ARROW, Connective.OR, Connective.AND, Connective.EQUAL, Connective.NOT_EQUAL)


@dataclass(frozen=True, slots=True)
class Shape:
    """The main connective of a printed proposition. `prover.actions.matching.usage` says what is behind a ∀."""

    connective: Connective
    #: As printed: what an implication, ¬ or ≠ takes; the left side of ↔.
    argument: str = ""
    #: As printed: what it yields; the right side of ↔.
    yields: str = ""


@lru_cache(maxsize=50_000)
def shape(proposition: str) -> Shape:
    """The shape of a printed proposition."""
    text = unbracketed(proposition.strip())
    if text.startswith(("∀", "∃")):
        return Shape(Connective(text[0]))
    top = outside_brackets(text)
    # A quantifier reaches to the end: what stands behind it is inside it.
    ends = [at for sign in "∀∃" if (at := top.find(sign)) >= 0]
    visible = top[: min(ends)] if ends else top
    for connective in _INFIX:
        if f" {connective} " not in visible:
            continue
        if connective in (Connective.ARROW, Connective.IFF):
            sign = f" {connective} "
            left, *right = split_top_level(text, sign)
            return Shape(connective, argument=unbracketed(left), yields=unbracketed(sign.join(right)))
        if connective in (Connective.EQUAL, Connective.NOT_EQUAL) and text.startswith("¬"):
            break  # ¬ binds looser than they do
        if connective is Connective.NOT_EQUAL:
            return Shape(connective, argument=text.replace(" ≠ ", " = ", 1), yields="False")
        return Shape(connective)
    if text.startswith("¬"):
        return Shape(Connective.NOT, argument=unbracketed(text[1:].strip()), yields="False")
    return Shape(Connective.FALSE if text == "False" else Connective.ATOM)
