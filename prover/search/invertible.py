"""Which steps lose nothing: if the goal has a proof, then so has what they leave.

After such a step no other tactic on its goal need be tried, because whatever that could begin with can still be done
below. These are the invertible rules of sequent calculus (Troelstra and Schwichtenberg, Basic Proof Theory, section
3.5) that leave no further choice behind: `intro`, both halves of a conjunction or of an equivalence, taking apart a
hypothesis that is one, or that says that something exists, and `subst`. Taking apart a disjunction is invertible, too,
but it doubles the goals, so that a proof that did not need it would have to be found twice.
"""

from __future__ import annotations

from prover.connective import Connective, shape
from prover.goal import parse_goal

_HALVES = frozenset({Connective.AND, Connective.IFF})
_TAKEN_APART = frozenset({Connective.AND, Connective.IFF, Connective.EXISTS})


def invertible(goal: str, tactic: str) -> bool:
    """Whether `tactic`, which Lean took on the printed `goal`, loses nothing. Judged by text, for the plain forms
    alone: no combinator, no patterns. A wrong answer can cost a proof, never make one."""
    words = tactic.split()
    match words:
        case ["intro" | "intros", *_]:
            return ";" not in tactic
        case ["constructor"]:
            return shape(parse_goal(goal).conclusion).connective in _HALVES
        case ["subst", _]:
            return True
        case ["cases", name]:
            types = [local.type for local in parse_goal(goal).locals if local.name == name]
            return any(shape(type_).connective in _TAKEN_APART for type_ in types)
        case _:
            return False
