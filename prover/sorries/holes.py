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

#: What stands before a tactic: `by`, a bullet, `;`, an arrow, or a line of its own below something that is complete.
_TACTIC_FOLLOWS = re.compile(r"(?:(?<![\w'.])(?:by|all_goals|any_goals|try|repeat)|[·;]|=>|<;>|[^\s=,(⟨]\s*\n)\s*$")

#: So often a file is read with all its words traced; each such reading can find one that is not what it looks like.
_READINGS = 4

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
        seen = self._seen_together(places)
        holes = []
        for number, offset in enumerate(places, 1):
            holes.append(seen.get(offset) or self._hole(offset))
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

    def _seen_together(self, places: Sequence[int]) -> dict[int, Hole]:
        """The holes whose goals Lean prints where it reads the file with all of them traced at once.

        Left out is what has to be asked by itself: two on a line, and what prints nothing there or more than once. What
        stands below an error that a trace brought in waits for the next reading, where that one's word is the other of
        tactic and term."""
        lines = {offset: self._line(offset) for offset in places}
        alone = [offset for offset in places if list(lines.values()).count(lines[offset]) == 1]
        todo: dict[int, Sequence[bool]] = (
            {offset: _likely(self.text[:offset]) for offset in alone} if len(places) > 1 else {}
        )
        printed_before = Counter(message.data for message in self._said)
        seen: dict[int, Hole] = {}
        for _ in range(_READINGS):
            if not todo:
                break
            text = self.text
            for offset, kinds in sorted(todo.items(), reverse=True):
                text = _traced(text, offset, kinds[0])
            messages = self.messages(text)
            errors = [message for message in messages if message.severity == "error"]
            new = Counter(message.data for message in errors) - self.errors
            wrong = min((message.line for message in errors if message.data in new), default=None)
            for offset, (tactic, *others) in list(todo.items()):
                place = self._place(offset)
                first, last = self._lines(place)
                if wrong is None or last < wrong:
                    del todo[offset]
                    printed = [m.data for m in messages if m.line == lines[offset] and _is_trace(m, printed_before)]
                    if len(printed) == 2:
                        hole = Hole(offset, lines[offset], place.declared, tactic, used_at=offset)
                        seen[offset] = self._with_goals(hole, printed)
                elif first <= wrong and (lines[offset] == wrong or wrong not in lines.values()):
                    del todo[offset]
                    todo |= {offset: others} if others else {}
        return seen

    def _line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def _place(self, offset: int) -> Place:
        """The command of the text, as Lean reads it, that the word at `offset` lies in."""
        return place_of(readable(self.text), len(readable(self.text[:offset])))

    def _lines(self, place: Place) -> tuple[int, int]:
        """The first and the last line of a command."""
        shown = readable(self.text)
        return shown.count("\n", 0, place.start) + 1, shown.count("\n", 0, place.end) + 1

    def _hole(self, offset: int) -> Hole:
        line, place = self._line(offset), self._place(offset)
        hole = Hole(offset, line, place.declared, used_at=offset)
        printed_before = Counter(message.data for message in self._said)
        objections: list[str] = []
        for tactic in (True, False):
            messages = self.messages(_traced(self.text, offset, tactic))
            found = [message for message in messages if message.severity == "error"]
            if new := Counter(message.data for message in found) - self.errors:
                objections.append(_quoted([message for message in found if message.data in new]))
                continue
            printed = [m for m in messages if _is_trace(m, printed_before)]
            if printed:
                used_at = offset if any(m.line == line for m in printed) else _offset_of(self.text, printed[0].line)
                return self._with_goals(replace(hole, tactic=tactic, used_at=used_at), [m.data for m in printed])
            objections.append("")
        return replace(hole, reason=f"Lean does not get there: {self._why_not(place, objections)}")

    def _why_not(self, place: Place, objections: Sequence[str]) -> str:
        """Lean's error in the command itself; that the word is never run, if it fits there as a tactic or as a term."""
        first, last = self._lines(place)
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


def _traced(text: str, offset: int, tactic: bool) -> str:
    """With what prints the goals instead of the word at `offset`."""
    return f"{text[:offset]}({'' if tactic else 'by '}{_TRACE}){text[offset + len(WORD) :]}"


def _is_trace(message: Message, printed_before: Counter[str]) -> bool:
    return message.severity == "information" and "⊢" in message.data and not printed_before[message.data]


def _likely(before: str) -> tuple[bool, bool]:
    """Whether a word behind this text is a tactic: what is likelier first."""
    tactic = _TACTIC_FOLLOWS.search(before) is not None
    return tactic, not tactic


def _never_run(place: Place) -> str:
    macro = place.declared.split(" ")[0] in ("macro", "macro_rules", "notation", "syntax", "elab", "elab_rules")
    return f"it is never run{' where the macro is used' if macro else ''}"


def _offset_of(text: str, line: int) -> int:
    """Of the last character of a line, counted from 1."""
    return sum(len(one) + 1 for one in text.split("\n")[:line]) - 1


def _quoted(errors: Sequence[Message]) -> str:
    """The first of Lean's errors, with its line; '' if there is none."""
    return next((f"line {error.line}: {error.data.strip()}" for error in errors), "")
