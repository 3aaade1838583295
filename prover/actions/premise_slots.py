"""Which slots a retrieved premise can fill, by its printed shape, its rank and the goal."""

from __future__ import annotations

from prover.actions.forms import Slot
from prover.actions.prefilter import may_conclude, may_rewrite
from prover.actions.premises import RetrievedPremise, Shape

#: A premise can always be rewritten with when it is among the best so many, whether or not its left side seems to fit.
_ALWAYS_REWRITE = 3
_ALWAYS_CLOSER = 6


def fills(slot: Slot, rank: int, premise: RetrievedPremise, goal: str) -> bool:
    """Whether the premise of this rank, from 0, can fill the slot in a goal with this conclusion."""
    if premise.required:
        return True
    statement = premise.premise.statement
    two_sided = premise.premise.shape in (Shape.EQUATION, Shape.IFF)
    match slot:
        case Slot.REWRITE:
            offered = two_sided and bool(premise.premise.left) and (premise.left_fits or rank < _ALWAYS_REWRITE)
            return offered and may_rewrite(statement, goal)
        case Slot.REWRITE_BACK:
            return two_sided and premise.right_fits and may_rewrite(statement, goal, back=True)
        case Slot.CLOSER:
            offered = premise.conclusion_fits or premise.premise.hypotheses > 0 or rank < _ALWAYS_CLOSER
            return offered and may_conclude(statement, goal)
        case Slot.EQUIVALENCE:
            return premise.premise.shape is Shape.IFF
        case _:
            return True
