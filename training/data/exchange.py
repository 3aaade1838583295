"""The same step or proof with the names of its variables exchanged: p for q and q for p, in the state and in what is
written.

    exchanged("p q : Prop\\nh : p ∧ q\\n⊢ q", "cases h\\nexact right", number=1)

Which letter a variable has says nothing, and a model from scratch has to learn that from examples alone. (The ranker
reads markers in place of names.) Exchanged are names that are declared on one line, so of one type, and are no proofs.
What says them is another statement of the same shape with the proof that belongs to it. Where Lean would print such a
name with a number behind it (`p_1`), that one stays as it was: what is read then is not quite what Lean prints.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping

from prover.goal import IDENTIFIER, LocalKind, first_goal, parse_goal

_VARIABLES = frozenset({LocalKind.PROPOSITION, LocalKind.DATA, LocalKind.FUNCTION, LocalKind.TYPE})


def exchanged(state: str, text: str, number: int) -> tuple[str, str]:
    """State and text with other names; the same ones where no two can be exchanged. Another `number`, another draw."""
    goal = parse_goal(first_goal(state)[0])
    groups: dict[str, list[str]] = {}
    for local in goal.locals:
        if local.kind in _VARIABLES and local.accessible and local.value is None:
            groups.setdefault(local.type, []).append(local.name)
    draw = random.Random(hashlib.sha256(repr((state, text, number)).encode()).digest())
    names: dict[str, str] = {}
    for group in groups.values():
        names |= dict(zip(group, draw.sample(group, len(group)), strict=True))
    order = {name: place for place, name in enumerate(names)}
    lines = (_line(line, names, order) for line in state.split("\n"))
    return "\n".join(lines), _renamed(text, names)


def _line(line: str, names: Mapping[str, str], order: Mapping[str, int]) -> str:
    """A line of a state. Names that are declared together stay in the order in which statements have them."""
    declared, colon, type_ = line.partition(" : ")
    words = declared.split()
    if colon and words and all(word in names for word in words):
        declared = " ".join(sorted((names[word] for word in words), key=order.__getitem__))
        return f"{declared}{colon}{_renamed(type_, names)}"
    return _renamed(line, names)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Every name, up to its first dot: `f.x` is of `f`."""

    def other(found: str) -> str:
        head, dot, rest = found.partition(".")
        return f"{names.get(head, head)}{dot}{rest}"

    return IDENTIFIER.sub(lambda match: other(match.group()), text)
