"""Printed tactic states, taken apart for display, and what a tactic changed in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Longer texts are compared whole, not word by word: the comparison is quadratic.
MOST_WORDS = 2000
_WORD = re.compile(r"\s+|[\w.'!?₀-₉✝]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `new` if it was not there before."""

    text: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`names : type` (or `: type := value`) of a context, printed type in pieces."""

    names: str
    pieces: tuple[Piece, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class ShownGoal:
    """One goal. case: its tag, '' without one; gone: hypotheses of the goal before that it no longer has."""

    case: str
    hypotheses: tuple[Hypothesis, ...]
    target: tuple[Piece, ...]
    new: bool
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Goal:
    case: str
    hypotheses: tuple[tuple[str, str], ...]
    target: str


def shown(state: str, before: str | None = None) -> tuple[ShownGoal, ...]:
    """The goals of a printed state; with `before`, the state that a tactic made it from, what is new in them. () for
    `no goals`."""
    goals, old = _goals(state), _goals(before) if before is not None else []
    changed = [goal for goal in old if goal not in goals]
    main = changed[0] if changed else None
    return tuple(_plain(goal) if before is None or goal in old else _marked(goal, main) for goal in goals)


def _goals(state: str) -> list[_Goal]:
    if state.strip() in ("", "no goals"):
        return []
    return [_goal(block) for block in re.split(r"\n\s*\n", state.strip("\n"))]


def _goal(block: str) -> _Goal:
    case, hypotheses, target = "", list[tuple[str, str]](), list[str]()
    for line in block.split("\n"):
        if target:
            target.append(line)
        elif line.startswith("⊢"):
            target.append(line.removeprefix("⊢").removeprefix(" "))
        elif line.startswith("case ") and not hypotheses:
            case = line.removeprefix("case ")
        elif line[:1].isspace() and hypotheses:
            names, type = hypotheses[-1]
            hypotheses[-1] = names, f"{type}\n{line}"
        else:
            names, colon, type = line.partition(" : ")
            hypotheses.append((names, type) if colon else ("", line))
    return _Goal(case, tuple(hypotheses), "\n".join(target))


def _plain(goal: _Goal) -> ShownGoal:
    hypotheses = tuple(Hypothesis(names, (Piece(type),), False) for names, type in goal.hypotheses)
    return ShownGoal(goal.case, hypotheses, (Piece(goal.target),), False, ())


def _marked(goal: _Goal, old: _Goal | None) -> ShownGoal:
    """The goal beside the one that it came from."""
    types = {names: type for names, type in old.hypotheses} if old else {}
    hypotheses = tuple(
        Hypothesis(names, tuple(_pieces(types[names], type)), False)
        if names in types
        else Hypothesis(names, (Piece(type),), True)
        for names, type in goal.hypotheses
    )
    kept = {names for names, _ in goal.hypotheses}
    gone = tuple(f"{names} : {type}" for names, type in old.hypotheses if names not in kept) if old else ()
    target = tuple(_pieces(old.target, goal.target)) if old else (Piece(goal.target),)
    return ShownGoal(goal.case, hypotheses, target, True, gone)


def _pieces(before: str, after: str) -> Iterator[Piece]:
    if before == after:
        yield Piece(after)
        return
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        yield Piece(after, new=True)
        return
    for kind, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if start < end:
            yield Piece(_joined(new[start:end]), new=kind != "equal")


def _joined(words: Sequence[str]) -> str:
    return "".join(words)
