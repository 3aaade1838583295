"""What the hypotheses of a goal can be used for: which slots each can fill, and which two go together.

The kinds of slots are those of prover/templates.py. Everything is judged by printed text (matching.py), on the side of
offering; what Lean is sure to refuse is not offered, because each refusal costs a step.
"""

from __future__ import annotations

import re
from functools import cached_property

from prover.connective import Connective, shape
from prover.goal import Goal, LocalKind, split_top_level, unbracketed
from prover.matching import existential, fits, may_close, occurs, usage
from prover.templates import Slot

#: `∀ p : Prop, …` or `∀ (p q : Prop), …`.
_SCHEMATIC = re.compile(r"∀ \(?[\w ]+ : Prop\b")


class Uses:
    """The uses of one goal's hypotheses, by their printed types."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal

    @cached_property
    def known(self) -> frozenset[str]:
        """The printed types of all locals."""
        return frozenset(local.type for local in self._goal.locals)

    def fills(self, slot: Slot, type_: str) -> bool:
        """Whether a proof of `type_` can fill a slot of HYPOTHESES."""
        seen, use, conclusion = shape(type_), usage(type_), self._goal.conclusion
        match slot:
            case Slot.IMPLICATION:
                return seen.connective in (Connective.ARROW, Connective.NOT, Connective.NOT_EQUAL)
            case Slot.ANTECEDENT:
                news = seen.connective is Connective.ARROW and not self.has(seen.yields)
                return news and seen.argument not in self.known
            case Slot.REACHING:
                arrow = seen.connective in (Connective.ARROW, Connective.NOT, Connective.NOT_EQUAL)
                return arrow and may_close(seen.yields, conclusion, self._goal.names)
            case Slot.IFF | Slot.IFF_BACK:
                return seen.connective is Connective.IFF
            case Slot.IFF_FORWARD:
                return seen.connective is Connective.IFF and may_close(seen.yields, conclusion, self._goal.names)
            case Slot.IFF_BACKWARD:
                return seen.connective is Connective.IFF and may_close(seen.argument, conclusion, self._goal.names)
            case Slot.UNIVERSAL:
                return seen.connective is Connective.FORALL
            case Slot.SCHEMATIC:
                return _SCHEMATIC.match(type_) is not None
            case Slot.YIELDING:
                return seen.connective is Connective.FORALL and use.yields(conclusion)
            case Slot.SPLITTABLE:
                splittable = (Connective.AND, Connective.OR, Connective.IFF, Connective.EXISTS, Connective.FALSE)
                return seen.connective in splittable
            case Slot.EQUATION:
                return _rewrites(use.left, use.bound)
            case Slot.EQUATION_BACK:
                return _rewrites(use.right, use.bound)
            case Slot.LEFT:
                return _rewrites(use.left, use.bound) and occurs(use.left, use.bound, conclusion)
            case Slot.RIGHT:
                return _rewrites(use.right, use.bound) and occurs(use.right, use.bound, conclusion)
            case Slot.MIRRORED:
                asked = usage(conclusion)
                return bool(use.left) and (use.left, use.right) == (asked.right, asked.left)
            case Slot.SUBSTITUTION:
                sides = ((use.left, use.right), (use.right, use.left))
                gives = any(side in self._variables and not occurs(side, (), other) for side, other in sides)
                return seen.connective is Connective.EQUAL and gives
            case Slot.CLOSING:
                return may_close(type_, conclusion, self._goal.names)
            case Slot.WITNESSING:
                bound, body = existential(conclusion)
                return fits(body, bound, type_)
            case _:
                return False

    def pairs(self, slot: Slot, first: str, second: str) -> bool:
        """Whether a proof of `first`, which fills the first slot, can take (or be used on) a proof of `second`. What an
        implication yields must be news."""
        use, given = usage(first), unbracketed(second)
        match slot:
            case Slot.REACHING:
                return shape(first).argument == given
            case Slot.IMPLICATION | Slot.IFF:
                return shape(first).argument == given and not self.has(shape(first).yields)
            case Slot.IFF_BACK:
                return shape(first).yields == given and not self.has(shape(first).argument)
            case Slot.UNIVERSAL | Slot.YIELDING:
                return use.takes(given)
            case Slot.EQUATION:
                return occurs(use.left, use.bound, second)
            case Slot.EQUATION_BACK:
                return occurs(use.right, use.bound, second)
            case _:
                return True

    def has(self, proposition: str) -> bool:
        """Whether a printed proposition is known, as a whole or by its parts: it would bring nothing new."""
        if proposition in self.known:
            return True
        match shape(proposition).connective:
            case Connective.AND:
                return all(map(self.has, _parts(proposition, Connective.AND)))
            case Connective.OR:
                return any(map(self.has, _parts(proposition, Connective.OR)))
            case Connective.ARROW:
                return self.has(shape(proposition).yields)
            case _:
                return False

    @cached_property
    def _variables(self) -> frozenset[str]:
        return frozenset(local.name for local in self._goal.locals if local.kind is LocalKind.DATA)


def _parts(proposition: str, connective: Connective) -> list[str]:
    return [unbracketed(part) for part in split_top_level(unbracketed(proposition), f" {connective} ")]


def _rewrites(side: str, bound: tuple[str, ...]) -> bool:
    """Whether Lean can look for instances of this side of an equation: a bare variable is everywhere, so it refuses."""
    return bool(side) and side not in bound
