"""What a printed hypothesis can be used on: its antecedents, its conclusion, and whether they fit another proposition.

Text is matched, with a wildcard for each bound variable. This is a heuristic that errs on the side of offering. A form
offered in vain costs a step; a form withheld may be the proof.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from prover.connective import Connective, shape
from prover.goal import IDENTIFIER, binder_groups, identifiers, outside_brackets, split_top_level, unbracketed

#: Text that may stand for other text (a successor, a negation as an implication): no verdict by comparison.
_MANY_FACES = re.compile(r"Nat\.succ|≠|False")
#: A metavariable (`?x`) may become anything.
_HOLE = "?"
_BINDER = re.compile(r"[∀∃λ]|\bfun\b")
_ANYTHING = r".+"
_WILDCARD = "\0"
_MAX_WILDCARDS = 4
#: As an argument of a function a term is one word, stands in brackets or is a list.
_ARGUMENT = r"(?:\(.+\)|\[.*\]|[^\s()]+)"
#: It stands beside another word or bracket, with a space between them (which is escaped here).
_BESIDE = re.compile(r"(?<=[\w.'\0)]\\ )\0|\0(?=\\ [\w\0]|\\ \\\()")
#: Arguments that print in several ways, names, numerals, and what is between them.
_PIECES = re.compile(rf"(\([^()]*(?:Nat\.succ|::|\+|\d)[^()]*\)|{IDENTIFIER.pattern}|\d+)")


@dataclass(frozen=True, slots=True)
class Usage:
    """A proposition `∀ bound, antecedents → conclusion`, quantifiers and implications in any order. ¬A is A → False."""

    bound: tuple[str, ...]
    antecedents: tuple[str, ...]
    conclusion: str
    #: The sides of a conclusion that is an equation or an equivalence, otherwise ''.
    left: str = ""
    right: str = ""
    #: How many variables are bound before the first antecedent.
    leading: int = 0

    def yields(self, goal: str) -> bool:
        """Whether `apply` may succeed on the goal: the conclusion, or some of the last antecedents and it, fit."""
        tail = self.conclusion
        if fits(tail, self.bound, goal):
            return True
        if " → " not in outside_brackets(goal) and not goal.startswith("¬"):
            return False
        for antecedent in reversed(self.antecedents):
            if tail == "False" and goal.startswith("¬") and fits(antecedent, self.bound, goal[1:]):
                return True
            tail = f"({antecedent}) → {tail}" if " → " in outside_brackets(antecedent) else f"{antecedent} → {tail}"
            if fits(tail, self.bound, goal):
                return True
        return False

    def takes(self, proposition: str) -> bool:
        """Whether a proof of the proposition may be the first argument after the variables."""
        return bool(self.antecedents) and fits(self.antecedents[0], self.bound, proposition)


@lru_cache(maxsize=20_000)
def usage(proposition: str) -> Usage:
    """How a proof of the printed proposition can be used."""
    rest, leading = unbracketed(proposition), 0
    bound: list[str] = []
    antecedents: list[str] = []
    left, right = "", ""
    while True:
        seen = shape(rest)
        match seen.connective:
            case Connective.FORALL:
                names, rest = opened(rest)
                bound += names
                leading = leading if antecedents else len(bound)
                continue
            case Connective.ARROW | Connective.NOT:
                antecedents.append(seen.argument)
                rest = seen.yields
                continue
            case Connective.IFF:
                left, right = seen.argument, seen.yields
            case Connective.EQUAL:
                # On the right another one may stand behind `fun`, `if` or `∃`, which print without brackets.
                first, *others = split_top_level(rest, " = ")
                left, right = unbracketed(first), unbracketed(" = ".join(others))
        return Usage(tuple(bound), tuple(antecedents), rest, left, right, leading)


def opened(proposition: str) -> tuple[tuple[str, ...], str]:
    """The variables and the body of a printed `∀ x, body` or `∃ x, body`."""
    binders, *body = split_top_level(unbracketed(proposition), ", ")
    names = [name for names, _ in binder_groups(binders[1:].strip()) for name in names]
    return tuple(names), unbracketed(", ".join(body))


def may_close(proposition: str, goal: str, local_names: frozenset[str]) -> bool:
    """Whether `exact` may close the goal with a proof of the closed proposition: the same text, or other text about the
    same locals where text can have other faces."""
    if proposition == goal or _HOLE in proposition or _HOLE in goal:
        return True
    if not (_has_faces(proposition) or _has_faces(goal)) and not _binds(goal):
        return False
    return identifiers(proposition) & local_names == identifiers(goal) & local_names


@lru_cache(maxsize=100_000)
def fits(pattern: str, bound: Sequence[str], text: str) -> bool:
    """Whether `text` may be an instance of `pattern`, a term or proposition in which the names `bound` may be
    anything."""
    if pattern == text or _HOLE in text or _BINDER.search(pattern):
        return True
    regex = _regex(pattern, tuple(bound))
    return regex is None or regex.fullmatch(unbracketed(text)) is not None


@lru_cache(maxsize=100_000)
def occurs(pattern: str, bound: Sequence[str], text: str) -> bool:
    """Whether an instance of `pattern` may occur in `text`."""
    if _HOLE in text or _BINDER.search(pattern):
        return True
    regex = _regex(pattern, tuple(bound))
    return regex is None or regex.search(text) is not None


def wildcards(pattern: str, bound: Sequence[str]) -> int:
    """For how many places of a pattern any text may stand."""
    return sum(_is_wild(piece, bound) for piece in _PIECES.split(pattern))


def _is_wild(piece: str, bound: Sequence[str]) -> bool:
    return piece in bound or (piece.startswith("(") and piece.endswith(")")) or piece.isdigit()


@lru_cache(maxsize=50_000)
def _has_faces(text: str) -> bool:
    return _MANY_FACES.search(text) is not None


@lru_cache(maxsize=50_000)
def _binds(text: str) -> bool:
    return _BINDER.search(text) is not None


@lru_cache(maxsize=20_000)
def _regex(pattern: str, bound: tuple[str, ...]) -> re.Pattern[str] | None:
    """Names in `bound`, and arguments that print in several ways (`n + 1`, `x :: xs`), become wildcards.

    None for more of them than can be matched in time: a search for k of them in n characters may take n ^ k steps."""
    parts = [_WILDCARD if _is_wild(piece, bound) else re.escape(piece) for piece in _PIECES.split(pattern)]
    if parts.count(_WILDCARD) > _MAX_WILDCARDS:
        return None
    text = "".join(parts)
    text = _BESIDE.sub(lambda _: _ARGUMENT, text)
    text = text.replace(_WILDCARD, _ANYTHING)
    left = r"(?<![\w.'])" if re.match(r"\w", pattern) else ""
    right = r"(?![\w.'])" if re.search(r"\w$", pattern) else ""
    return re.compile(left + text + right)
