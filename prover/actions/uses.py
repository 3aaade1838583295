"""What the hypotheses of a goal can be used for: which slots each can fill, and which two go together.

The kinds of slots are those of prover/actions/templates.py. All is judged by printed text (matching.py), on the side of
offering. What Lean is sure to refuse is not offered, because each refusal costs a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prover.actions.forms import Slot
from prover.actions.lazy import lazy
from prover.actions.matching import Usage, fits, may_close, occurs, opened, usage
from prover.connective import Connective, shape
from prover.goal import Goal, LocalKind, split_top_level, unbracketed

#: `∀ p : Prop, …` or `∀ (p q : Prop), …`.
_SCHEMATIC = re.compile(r"∀ \(?[\w ]+ : Prop\b")


class Uses:
    """The uses of one goal's hypotheses, by their printed types."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal

    @lazy
    def known(self) -> frozenset[str]:
        """The printed types of all locals."""
        return frozenset(local.type for local in self._goal.locals)

    def slots(self, type_: str) -> Iterator[Slot]:
        """The slots of HYPOTHESES that a proof of the printed `type_` can fill."""
        seen, use = shape(type_), usage(type_)
        conclusion, names = self._goal.conclusion, self._names
        if may_close(type_, conclusion, names):
            yield Slot.CLOSING
        if self._sought and fits(self._sought[1], self._sought[0], type_):
            yield Slot.WITNESSING
        match seen.connective:
            case Connective.AND | Connective.OR | Connective.EXISTS | Connective.FALSE:
                yield Slot.SPLITTABLE
            case Connective.IFF:
                yield from (Slot.SPLITTABLE, Slot.IFF, Slot.IFF_BACK)
                if may_close(seen.yields, conclusion, names):
                    yield Slot.IFF_FORWARD
                if may_close(seen.argument, conclusion, names):
                    yield Slot.IFF_BACKWARD
            case Connective.ARROW | Connective.NOT | Connective.NOT_EQUAL:
                yield Slot.IMPLICATION
                if may_close(seen.yields, conclusion, names):
                    yield Slot.REACHING
                if (
                    seen.connective is Connective.ARROW
                    and seen.argument not in self.known
                    and not self.has(seen.yields)
                ):
                    yield Slot.ANTECEDENT
            case Connective.FORALL:
                yield Slot.UNIVERSAL
                if _SCHEMATIC.match(type_):
                    yield Slot.SCHEMATIC
                if use.yields(conclusion):
                    yield Slot.YIELDING
            case Connective.EQUAL:
                sides = ((use.left, use.right), (use.right, use.left))
                if any(side in self._variables and not occurs(side, (), other) for side, other in sides):
                    yield Slot.SUBSTITUTION
        if use.left and not use.antecedents:
            yield from self._rewrites(use)

    def _rewrites(self, use: Usage) -> Iterator[Slot]:
        """A bare variable is everywhere, so Lean refuses to rewrite it."""
        conclusion, asked = self._goal.conclusion, usage(self._goal.conclusion)
        for side, anywhere, here in (
            (use.left, Slot.EQUATION, Slot.LEFT),
            (use.right, Slot.EQUATION_BACK, Slot.RIGHT),
        ):
            if side not in use.bound:
                yield anywhere
                if occurs(side, use.bound, conclusion):
                    yield here
        if (use.left, use.right) == (asked.right, asked.left):
            yield Slot.MIRRORED

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

    @lazy
    def _names(self) -> frozenset[str]:
        return self._goal.names

    @lazy
    def _sought(self) -> tuple[tuple[str, ...], str] | None:
        """The variables and the body of an opened goal."""
        conclusion = self._goal.conclusion
        return opened(conclusion) if shape(conclusion).connective is Connective.EXISTS else None

    @lazy
    def _variables(self) -> frozenset[str]:
        return frozenset(local.name for local in self._goal.locals if local.kind is LocalKind.DATA)


def _parts(proposition: str, connective: Connective) -> list[str]:
    return [unbracketed(part) for part in split_top_level(unbracketed(proposition), f" {connective} ")]
