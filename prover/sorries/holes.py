"""Where a file has `sorry`, and what Lean wants there.

Lean is asked at each place by itself: the word is replaced by one that prints the goals. Whether a proof fits is
decided by elaborating the whole file with the proof in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lean_env.lean_text.commands import Place, place_of
from lean_env.lean_text.header import read_header
from lean_env.lean_text.mask import mask
from lean_env.lean_text.modules import OwnModules
from lean_env.session.elaborate import Message
from lean_env.theorem import Environment, Header
from prover.goal import parse_goal
from prover.sorries.insertion import Block, layouts
from prover.sorries.posing import Above, above
from prover.sorries.statements import Posed, own_statement, printed_statement

WORD = "sorry"
_SORRY = re.compile(rf"(?<![\w'.]){WORD}(?![\w'!?])")
_WHOLE = "set_option pp.deepTerms true in set_option pp.fullNames true in set_option pp.maxSteps 50000 in"
#: Names in full, for they are read elsewhere; then once more with every implicit argument, for `[]` alone has no type.
_TRACE = (
    f"({_WHOLE} set_option pp.fieldNotation false in trace_state); "
    f"({_WHOLE} set_option pp.explicit true in trace_state); {WORD}"
)
#: The word at the beginning of a command.
_LEMMA = re.compile(
    r"^(?P<before>[ \t]*(?:@\[[^\]]*\]\s*|(?:private|protected|noncomputable|nonrec|public)\s+)*)lemma(?![\w'!?.])",
    re.MULTILINE,
)

#: Elaborates a text without its imports in an environment.
Check = Callable[[Environment, str], list[Message]]


@dataclass(frozen=True, slots=True)
class Hole:
    """The `sorry` at `offset`; `line` counts from 1. `declared`: what it stands in, `theorem t`. `tactic`: it is one,
    and not a term. `goals`: what Lean wants there, several where it runs on several goals; none for the `reason`.

    `used_at`: where its goal comes up, for the `sorry` of a macro; else `offset`."""

    offset: int
    line: int
    declared: str = ""
    tactic: bool = True
    goals: tuple[Posed, ...] = ()
    reason: str = ""
    used_at: int = -1

    @property
    def goal(self) -> str:
        """As Lean prints them."""
        return "\n".join(goal.text for goal in self.goals)

    def moved(self, by: int) -> Hole:
        """The same after a change of so many characters before it."""
        return replace(self, offset=self.offset + by, used_at=self.used_at + by)


@dataclass(frozen=True)
class LeanFile:
    """A file as it is on disk, the Lean that reads it, and the modules of its project that it imports."""

    text: str
    check: Check
    modules: OwnModules | None = None

    @cached_property
    def environment(self) -> Environment:
        """What the file imports."""
        if self.modules is None:
            return Environment(read_header(readable(self.text)).imports)
        return Environment(self.modules.imports, Header(self.modules.text) if self.modules.text else None)

    @cached_property
    def errors(self) -> Counter[str]:
        """What Lean already has against the file."""
        return Counter(message.data for message in self._said if message.severity == "error")

    @property
    def first_error(self) -> str:
        """Lean's own first error in the file as it is, with its line; '' if there is none."""
        return _quoted([message for message in self._said if message.severity == "error"])

    @cached_property
    def _said(self) -> list[Message]:
        return self.messages(self.text)

    def messages(self, text: str) -> list[Message]:
        return self.check(self.environment, read_header(readable(text)).body)

    def holes(self, report: Callable[[int, int], None] | None = None) -> list[Hole]:
        """Every `sorry` outside comments and strings, in order."""
        places = [found.start() for found in _SORRY.finditer(mask(self.text))]
        holes = []
        for number, offset in enumerate(places, 1):
            holes.append(self._hole(offset))
            if report is not None:
                report(number, len(places))
        return holes

    def above(self, text: str, hole: Hole) -> Above:
        """What stands above the command of the hole, in the imports' place nothing. Up to the hole, `text` must be as
        the hole's offset counts."""
        shown = readable(text)
        place = place_of(shown, len(readable(text[: hole.used_at])))
        return above(read_header(shown[: place.start]).body, place.above, self.modules.text if self.modules else "")

    def filled(self, text: str, hole: Hole, blocks: Sequence[Block]) -> tuple[str, str]:
        """`text` with a proof of each goal instead of the hole, and ''; or `text` as it was and what Lean says against
        it. Up to the hole, `text` must be as the hole's offset counts."""
        objection = ""
        for new in layouts(text, hole.offset, WORD, hole.tactic, blocks):
            found = self.messages(new)
            more = Counter(message.data for message in found if message.severity == "error") - self.errors
            if not more:
                return new, ""
            objection = objection or next(iter(more))
        return text, objection

    def types(self, text: str, names: Sequence[str]) -> dict[str, str]:
        """What declarations of `text` say, by their full names; without those that Lean does not find."""
        asked = "".join(f"\n{_WHOLE} #check @{name}" for name in names)
        found = {}
        for message in self.messages(f"{text}\n{asked}\n") if names else ():
            name, colon, type_ = message.data.removeprefix("@").partition(" : ")
            if message.severity == "information" and colon and name in names:
                found[name] = " ".join(type_.split())
        return found

    def _hole(self, offset: int) -> Hole:
        line = self.text.count("\n", 0, offset) + 1
        place = place_of(readable(self.text), len(readable(self.text[:offset])))
        hole = Hole(offset, line, place.declared, used_at=offset)
        printed_before = Counter(message.data for message in self._said)
        objections: list[str] = []
        for tactic in (True, False):
            traced = f"({_TRACE})" if tactic else f"(by {_TRACE})"
            messages = self.messages(self.text[:offset] + traced + self.text[offset + len(WORD) :])
            found = [message for message in messages if message.severity == "error"]
            if new := Counter(message.data for message in found) - self.errors:
                objections.append(_quoted([message for message in found if message.data in new]))
                continue
            printed = [
                m for m in messages if m.severity == "information" and "⊢" in m.data and not printed_before[m.data]
            ]
            if printed:
                used_at = offset if any(m.line == line for m in printed) else _offset_of(self.text, printed[0].line)
                return self._with_goals(replace(hole, tactic=tactic, used_at=used_at), [m.data for m in printed])
            objections.append("")
        return replace(hole, reason=f"Lean does not get there: {self._why_not(place, objections)}")

    def _why_not(self, place: Place, objections: Sequence[str]) -> str:
        """Lean's error in the command itself; that the word is never run, if it fits there as a tactic or as a term."""
        first, last = (readable(self.text).count("\n", 0, offset) + 1 for offset in (place.start, place.end))
        if within := _quoted([m for m in self._said if m.severity == "error" and first <= m.line <= last]):
            return within
        if "" not in objections:
            return self.first_error or objections[0]
        also = f"; the file's first error is in {self.first_error}" if self.first_error else ""
        return f"{_never_run(place)}{also}"

    def _with_goals(self, hole: Hole, printed: Sequence[str]) -> Hole:
        own = own_statement(readable(self.text), len(readable(self.text[: hole.offset])))
        places = [separate_goals(text) for text in printed]
        if hole.used_at == hole.offset:
            readings = list(zip(*places, strict=False))
        else:  # what a macro prints comes from one place, both readings of a goal one after the other
            readings = [(plain, full) for place in places for plain, full in zip(place[::2], place[1::2], strict=False)]
        goals = [
            Posed(
                first, (*([own] if own is not None else []), *(printed_statement(parse_goal(text)) for text in found))
            )
            for found in dict.fromkeys(readings)
            for first in found[:1]
        ]
        if any(goal.conclusion == WORD for goal in goals):
            why = self.first_error or f"it has a `{WORD}` itself"
            return replace(hole, reason=f"Lean does not understand its statement: {why}", goals=tuple(goals))
        if any(goal.unknown for goal in goals):
            return replace(hole, reason="its goal has unknown parts", goals=tuple(goals))
        return replace(hole, goals=tuple(goals))


def separate_goals(printed: str) -> tuple[str, ...]:
    """The goals that Lean printed at one place. Where a tactic block runs again and again, it joins them by single line
    breaks: a line at the margin that follows a conclusion begins another goal."""
    goals: list[list[str]] = [[]]
    concluded = False
    for line in printed.split("\n"):
        if not line.strip():
            continue
        if concluded and not line[0].isspace():
            goals.append([])
            concluded = False
        goals[-1].append(line)
        concluded = concluded or line.startswith("⊢")
    return tuple("\n".join(lines) for lines in goals)


def readable(text: str) -> str:
    """As core Lean reads it, lines kept: without a byte-order mark, and `lemma`, Mathlib's word, is `theorem`."""
    text = re.sub("^\N{ZERO WIDTH NO-BREAK SPACE}", " ", text).replace("\r\n", "\n")
    for found in reversed(list(_LEMMA.finditer(mask(text)))):
        text = f"{text[: found.end('before')]}theorem{text[found.end() :]}"
    return text


def _never_run(place: Place) -> str:
    macro = place.declared.split(" ")[0] in ("macro", "macro_rules", "notation", "syntax", "elab", "elab_rules")
    return f"it is never run{' where the macro is used' if macro else ''}"


def _offset_of(text: str, line: int) -> int:
    """Of the last character of a line, counted from 1."""
    return sum(len(one) + 1 for one in text.split("\n")[:line]) - 1


def _quoted(errors: Sequence[Message]) -> str:
    """The first of Lean's errors, with its line; '' if there is none."""
    return next((f"line {error.line}: {error.data.strip()}" for error in errors), "")
