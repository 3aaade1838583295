"""Whether a library theorem can be used on a goal in one way or another, by the text of both: `rw [P]` only where an
instance of P's side may occur, `exact P` and `apply P` only where its conclusion may be the goal.

Checked against stored steps (results/search.md has the figures): of such tactics with one premise that Lean refused
nearly a half are withheld, of those that it took hardly any.
"""

from __future__ import annotations

import re

from prover.actions.matching import fits, occurs, usage, wildcards

#: `n + 1` in a goal may be an instance of `Nat.succ n`: no verdict.
_MANY_FACES = re.compile(r"Nat\.succ")
#: A search for k wildcards in n characters may take n ^ (k - 1) steps; a verdict is not worth more than these.
_MOST = 5_000_000


def may_rewrite(statement: str, goal: str, *, back: bool = False) -> bool:
    """Whether `rw [P]` (`rw [← P]`) may find something in the conclusion `goal` of a goal, P of this statement."""
    use = usage(statement)
    side = use.right if back else use.left
    if not side or not _affordable(side, use.bound, goal):
        return True
    return occurs(side, use.bound, goal)


def may_conclude(statement: str, goal: str) -> bool:
    """Whether P's conclusion, perhaps behind some of its antecedents, may be the conclusion `goal`."""
    use = usage(statement)
    if not _affordable(use.conclusion, use.bound, goal):
        return True
    if " → " in goal or goal.startswith("¬"):
        return True
    return fits(use.conclusion, use.bound, goal)


def usable(statement: str, goal: str) -> bool:
    """Whether P may be used on the conclusion `goal` in any of these ways."""
    return may_conclude(statement, goal) or may_rewrite(statement, goal) or may_rewrite(statement, goal, back=True)


def _affordable(pattern: str, bound: tuple[str, ...], text: str) -> bool:
    if _MANY_FACES.search(pattern):
        return False
    return float(len(text)) ** max(1, wildcards(pattern, bound) - 1) <= _MOST
