"""When two printed goals are the same goal: names of proofs, order of hypotheses and repetitions do not count.

A search that splits `h1` before `h2` and one that splits them the other way round reach goals that differ in nothing
that a proof could use, and n independent steps can be taken in n! orders: without this, most of a budget goes there.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache

from prover.goal import LocalKind, goal_texts, identifiers, parse_goal

#: `?m.12` or `?h`, and not `xs[i]?` or `get? x`.
_METAVARIABLE = re.compile(r"(?<![\w\])'.!?])\?\w")


def has_metavariables(state: str) -> bool:
    """Whether a printed state shows metavariables, so that its goals may depend on each other."""
    return "?" in state and _METAVARIABLE.search(state) is not None


def goal_keys(state: str) -> tuple[Hashable, ...]:
    """One key for each goal of a printed state, in order: two goals of one key have the same proofs, up to names.

    Goals with metavariables, which printing does not tell apart safely, are kept as they are printed.
    """
    goals = goal_texts(state)
    return tuple(goals) if has_metavariables(state) else tuple(map(_key, goals))


def weaker(goal: Hashable, other: Hashable) -> bool:
    """Whether a goal, by its key, asks for the same as the other with nothing more known."""
    if isinstance(goal, tuple) and isinstance(other, tuple):
        return bool(goal[:2] == other[:2] and goal[2] <= other[2])
    return goal == other


@lru_cache(maxsize=50_000)
def _mentioned(text: str) -> frozenset[str]:
    """The names in a printed term; `h.left` mentions h."""
    return identifiers(text) | {name.partition(".")[0] for name in identifiers(text)}


@lru_cache(maxsize=50_000)
def _key(text: str) -> Hashable:
    """Conclusion, everything that has a name which matters, in order, and the set of what is known."""
    goal = parse_goal(text)
    mentioned = set(_mentioned(goal.conclusion))
    for local in goal.locals:
        mentioned |= _mentioned(local.type)
        if local.value:
            mentioned |= _mentioned(local.value)
    named, known = [], set()
    for local in goal.locals:
        if local.kind is LocalKind.PROOF and local.name not in mentioned:
            known.add((local.type, local.accessible))
        else:
            named.append((local.name, local.type, local.value))
    return goal.conclusion, tuple(named), frozenset(known)
