"""What a theorem's header offers to tactics: its definitions where a goal mentions them, its theorems as premises.

The library's are searched by `prover.actions.retrieval`. A header is short, so nothing is ranked by words here: what
fits comes first, then what stands nearest above the theorem. Names come from the header's text; what Lean makes of a
name it says when the tactic runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from lean_env.lean_text.theorems import OwnNames, own_names
from lean_env.theorem import Environment
from prover.actions.premises import GoalView, RetrievedPremise, read_premise
from prover.actions.retrieval import DEFINITIONS, PREMISES
from prover.goal import IDENTIFIER, Goal

#: Of a state's premises, at most so many are the header's.
OWN_PREMISES = PREMISES // 3

_read_premise = lru_cache(maxsize=1024)(read_premise)


def definitions(environment: Environment, goal: Goal) -> tuple[str, ...]:
    """The header's definitions that the goal mentions, hypotheses included, as printed there; then those that these are
    made of, nearest first, which stand in the goal once they are unfolded."""
    own = _own(environment)
    known = _spellings(own)
    texts = (goal.conclusion, *(local.type for local in goal.locals))
    printed = dict.fromkeys(name for text in texts for name in IDENTIFIER.findall(text) if name in known)
    made_of = _made_of(own, tuple(known[name] for name in printed))
    return tuple(dict.fromkeys((*printed, *made_of)))[:DEFINITIONS]


def premises(environment: Environment, goal: Goal, required: Sequence[str]) -> tuple[RetrievedPremise, ...]:
    """The header's theorems, at most OWN_PREMISES: those asked for, those that fit, then the nearest."""
    own = _own(environment)
    if not own.theorems:
        return ()
    view = GoalView.of(replace(goal, conclusion=_in_full(goal.conclusion, own)))
    found = [
        replace(view.fit(_read_premise(name, _in_full(statement, own)), 1.0), required=name in required)
        for name, statement in reversed(own.theorems)
    ]
    found.sort(key=lambda it: (not it.required, not (it.left_fits or it.right_fits or it.conclusion_fits)))
    return tuple(found[:OWN_PREMISES])


def holds(environment: Environment, name: str) -> bool:
    """Whether a theorem of the header has this name."""
    return any(name == own for own, _ in _own(environment).theorems)


@lru_cache(maxsize=4096)
def _made_of(own: OwnNames, names: tuple[str, ...]) -> tuple[str, ...]:
    """The definitions that those of these names use, and what these use, without themselves. By the last part of a
    name, since `s.put` says no more without types."""
    mentions = dict(zip(own.definitions, own.mentions, strict=True))
    found = dict.fromkeys(names)
    todo = list(names)
    while todo:
        words = mentions[todo.pop(0)]
        for name in own.definitions:
            if name not in found and name.rsplit(".", 1)[-1] in words:
                found[name] = None
                todo.append(name)
    return tuple(found)[len(dict.fromkeys(names)) :]


@lru_cache(maxsize=256)
def _spellings(own: OwnNames) -> dict[str, str]:
    """How each definition may be written, namespaces that are open left out, and its full name."""
    return {name.split(".", i)[i]: name for name in own.definitions for i in range(name.count(".") + 1)}


def _in_full(text: str, own: OwnNames) -> str:
    known = _spellings(own)
    return IDENTIFIER.sub(lambda found: known.get(found[0], found[0]), text)


def _own(environment: Environment) -> OwnNames:
    return OwnNames() if environment.header is None else own_names(environment.header.text)
