"""Where a goal can be stated: under what stands above its command, or under the imports alone.

What a header may not contain, or Lean refuses there, is left out command by command: a goal that does not need it is
stated all the same. Whether the proof fits is not decided here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lean_env.lean_text.commands import commands_of, place_of
from lean_env.lean_text.header import without_output
from lean_env.lean_text.mask import mask
from lean_env.lean_text.theorems import theorems_of
from lean_env.session.stating import StatementRefused, with_auxiliaries
from lean_env.theorem import Environment, Header, Theorem
from prover.sorries.statements import Posed, Statement

#: Under a header, too, an unknown name in a printed statement is a mistake.
_NO_NEW_NAMES = "set_option autoImplicit false\n"
_AT_LINE = re.compile(r"line (\d+): ")
#: So many commands are left out of a header before it is given up.
_MAX_LEFT_OUT = 12
_SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'!?])")
_NAME = re.compile(r"[^\W\d«»][\w'!?₀-₉.]*|«[^»]*»")

Stated = Callable[[Theorem], object]


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a command: `text`, without theorems that are themselves left to prove; `with_open`, with them.
    `unproved`: their names. `valueless`: definitions whose value is, or rests on, `sorry`, with their lines.
    The text of the project's modules stands before both, `lines_before` lines of it."""

    text: str
    with_open: str
    unproved: tuple[str, ...] = ()
    valueless: tuple[tuple[str, int], ...] = ()
    lines_before: int = 0

    def rests_on(self, goal: str) -> str:
        """Why nothing that the goal says can be certified, or ''."""
        words = {part for name in _NAME.findall(goal) for part in (name, name.rsplit(".", 1)[-1])}
        for name, line in self.valueless:
            if name.rsplit(".", 1)[-1] in words:
                return f"it is about `{name}` (line {line}), which rests on a `sorry`"
        return ""


@dataclass(frozen=True, slots=True)
class Pose:
    """A goal as a theorem that Lean has stated."""

    theorem: Theorem
    statement: Statement


@dataclass(frozen=True, slots=True)
class Unposed:
    """Why a goal cannot be stated."""

    reason: str


class Poser:
    """States goals of one file, over what it imports, `base`. `stated` is `prover.lean.Lean.stated`; raises what that
    raises but StatementRefused."""

    def __init__(self, base: Environment, stated: Stated) -> None:
        self._base, self._stated = base, stated
        self._headers: dict[str, Environment | None] = {}
        self._refusals: dict[str, str] = {}

    def pose(self, above: Above, line: int, goal: Posed, hypotheses: Sequence[tuple[str, str]] = ()) -> Pose | Unposed:
        """The first statement of the goal that Lean takes, under what stands above or without it; closed `hypotheses`
        (name, type) in front of it. `line` is for its name."""
        if blocked := above.rests_on(goal.text):
            return Unposed(blocked)
        reason = ""
        for environment in self._environments(above, "" if goal.statements[0].own_words else _NO_NEW_NAMES):
            for statement in goal.statements:
                asked = statement.under(hypotheses) if hypotheses else statement
                try:
                    return Pose(self._state(_theorem(asked, environment, line)), asked)
                except StatementRefused as refused:
                    said = str(refused.__cause__ or refused)
                if "is not a proposition" in said:
                    return Unposed(f"a value of type `{goal.conclusion}` is wanted, not a proof")
                if "the statement contains `sorry`" in said:
                    return Unposed("its statement contains a `sorry`")
                place = "outside the file" if environment.header is None else "under what stands above it"
                reason = reason or f"its goal cannot be stated {place}: {said}"
        refusal = self._refusals.get(above.text, "")
        return Unposed(f"its goal cannot be stated under what stands above it: {refusal}" if refusal else reason)

    def _state(self, theorem: Theorem) -> Theorem:
        try:
            self._stated(theorem)
        except StatementRefused as refused:
            if (helped := with_auxiliaries(theorem, refused)) is None:
                raise
            helped = _named(helped)
            self._stated(helped)
            return helped
        return theorem

    def _environments(self, above: Above, ending: str) -> Iterator[Environment]:
        """`ending`: what a statement puts below the header, which is asked about as it will be elaborated then."""
        if mask(above.text).strip():
            for text in dict.fromkeys((above.text, above.with_open)):
                if (environment := self._standing(above, text, ending, 0)) is not None:
                    yield environment
                    break
            else:
                if (environment := self._standing(above, above.text, ending, _MAX_LEFT_OUT)) is not None:
                    yield environment
        yield self._base

    def _standing(self, above: Above, text: str, ending: str, left_out: int) -> Environment | None:
        """The environment with this header, if Lean takes it, with at most so many commands left out."""
        key = f"{left_out}\n{text}"
        if key not in self._headers:
            self._headers[key] = self._tried(above, text, ending, left_out)
        return self._headers[key]

    def _tried(self, above: Above, text: str, ending: str, left_out: int) -> Environment | None:
        shorter = text
        for _ in range(left_out + 1):
            environment = Environment(self._base.imports, Header(f"{shorter}\n"))
            try:
                self._stated(_named(Theorem("", ": True", _with_ending(environment, ending))))
            except StatementRefused as refused:
                said = str(refused.__cause__ or refused)
                self._refusals.setdefault(text, said)
                at = _AT_LINE.match(said)
                if at is None or (shortened := _without_command(shorter, int(at[1]) + above.lines_before)) == shorter:
                    return None
                shorter = shortened
            else:
                return environment if mask(shorter).strip() else None
        return None


def above(text: str, prefixes: Sequence[str] = (), modules: str = "") -> Above:
    """From what the file has above a command, imports blanked; `prefixes` hold for the command alone, `modules` stand
    before the file."""
    shown = f"{modules}{without_output(text)}"
    before = modules.count("\n")
    closed = shown
    unproved = []
    for it in reversed(theorems_of(shown)):
        if not it.proved:
            unproved.append(it.name)
            place = place_of(closed, it.start)
            mutual = closed.startswith("mutual", place.start)
            closed = _blanked(closed, place.start, place.end if mutual else it.end)
    ending = "".join(f"{prefix}\n" for prefix in prefixes)
    valueless = tuple((name, max(1, line - before)) for name, line in _valueless(shown))
    names = tuple(name for name in reversed(unproved) if name)
    return Above(closed + ending, shown + ending, names, valueless, before)


def _valueless(text: str) -> Iterator[tuple[str, int]]:
    """Declarations other than theorems with a `sorry` of their own, and those that mention one of them."""
    known: set[str] = set()
    for command in commands_of(text, mask(text)):
        word, _, name = command.declared.partition(" ")
        if word not in ("def", "abbrev", "instance", "structure", "class", "inductive", "opaque", "irreducible_def"):
            continue
        used = {part for one in _NAME.findall(command.masked) for part in (one, one.rsplit(".", 1)[-1])}
        if name and (_SORRY.search(command.masked) or known & used):
            known.add(name.rsplit(".", 1)[-1])
            yield name, command.line


def _without_command(text: str, line: int) -> str:
    """Without the command that a line lies in, lines kept."""
    start = sum(len(one) + 1 for one in text.split("\n")[: line - 1])
    # The line may begin with blanks; its command is the one that its first word lies in.
    at = start + len(text[start:]) - len(text[start:].lstrip())
    place = place_of(text, at)
    return _blanked(text, place.start, place.end) if place.end > place.start else text


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


def _theorem(statement: Statement, environment: Environment, line: int) -> Theorem:
    under_header = environment.header is not None or statement.own_words
    ending = _ending(statement) if under_header else ""
    return _named(Theorem(f"sorry_{line}", statement.text, _with_ending(environment, ending)))


def _ending(statement: Statement) -> str:
    """What a header ends in for a statement's sake."""
    if statement.own_words:
        return f"universe {statement.universes}\n" if statement.universes else ""
    return _NO_NEW_NAMES


def _with_ending(environment: Environment, ending: str) -> Environment:
    text = ("" if environment.header is None else environment.header.text) + ending
    return replace(environment, header=Header(text)) if text else environment


def _named(theorem: Theorem) -> Theorem:
    """With a name that stands for this statement alone: one Lean states goals of many files."""
    content = f"{theorem.environment.key}\n{theorem.environment.header}\n{theorem.statement}"
    stem = theorem.name.rsplit("_x", 1)[0] or "header"
    return replace(theorem, name=f"{stem}_x{hashlib.sha256(content.encode()).hexdigest()[:12]}")
