"""The same step or proof with names exchanged, in the state and in what is written: p for q and q for p among the
variables of one type, h1 for h2 and h2 for h1 among hypotheses.

    exchanged("p q : Prop\\nh : p ∧ q\\n⊢ q", "cases h\\nexact right", number=1)

Which letter a variable has says nothing, nor does which hypothesis comes first, and a model from scratch has to learn
that from examples alone. (The ranker reads markers in place of names.) Exchanged are variables that are declared on one
line, and hypotheses of the only goal on lines that follow each other: these have no part in one another. What says them
is another statement of the same shape, its hypotheses in another order, with the proof that belongs to it. Where Lean
would print such a name with a number behind it (`p_1`), that one stays as it was: what is read then is not quite what
Lean prints.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence

from prover.goal import IDENTIFIER, LocalKind, first_goal, parse_goal

_VARIABLES = frozenset({LocalKind.PROPOSITION, LocalKind.DATA, LocalKind.FUNCTION, LocalKind.TYPE})


def exchanged(state: str, text: str, number: int) -> tuple[str, str]:
    """State and text with other names; the same ones where no two can be exchanged. Another `number`, another draw."""
    first, goals = first_goal(state)
    goal = parse_goal(first)
    groups: dict[str, list[str]] = {}
    proofs: set[str] = set()
    for local in goal.locals:
        if local.kind in _VARIABLES and local.accessible and local.value is None:
            groups.setdefault(local.type, []).append(local.name)
        elif local.kind is LocalKind.PROOF and local.accessible and local.value is None:
            proofs.add(local.name)
    lines = state.split("\n")
    # Another goal may have the same names on other lines: of several goals the hypotheses stay.
    runs = list(_runs(lines, proofs)) if goals == 1 else []
    draw = random.Random(hashlib.sha256(repr((state, text, number)).encode()).digest())
    variables: dict[str, str] = {}
    for group in groups.values():
        variables |= dict(zip(group, draw.sample(group, len(group)), strict=True))
    names = dict(variables)
    for run in runs:
        names |= dict(zip(run.values(), draw.sample([*run.values()], len(run)), strict=True))
    order = {name: place for place, name in enumerate(variables)}
    written = [_line(line, names, order) for line in lines]
    for run in runs:
        by_name = {names[name]: written[place] for place, name in run.items()}
        for place, name in run.items():
            written[place] = by_name[name]
    return "\n".join(written), _renamed(text, names)


def _runs(lines: Sequence[str], proofs: set[str]) -> Iterator[dict[int, str]]:
    """Lines, one after the other, of which each declares one hypothesis and nothing else: by place what its name is.
    Where Lean has broken a line, what follows belongs to the one before, which is left out."""
    run: dict[int, str] = {}
    for place, line in enumerate([*lines, ""]):
        name, colon, _ = line.partition(" : ")
        if colon and name in proofs:
            run[place] = name
            continue
        if line.startswith(" "):
            run.pop(place - 1, None)
        if len(run) > 1:
            yield run
        run = {}


def _line(line: str, names: Mapping[str, str], order: Mapping[str, int]) -> str:
    """A line of a state. Names that are declared together stay in the order in which statements have them."""
    declared, colon, type_ = line.partition(" : ")
    words = declared.split()
    if colon and words and all(word in order for word in words):
        declared = " ".join(sorted((names[word] for word in words), key=order.__getitem__))
        return f"{declared}{colon}{_renamed(type_, names)}"
    return _renamed(line, names)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Every name, up to its first dot: `f.x` is of `f`."""

    def other(found: str) -> str:
        head, dot, rest = found.partition(".")
        return f"{names.get(head, head)}{dot}{rest}"

    return IDENTIFIER.sub(lambda match: other(match.group()), text)
