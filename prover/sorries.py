"""The `sorry`s of a Lean file: what each has to prove, as Lean prints it there, and the file with a proof in its place.

    file = LeanFile(text, check)
    holes = file.holes()                       # each with a theorem to search for, or the reason why not
    new, objection = file.filled(text, holes[-1], ["simp", "omega"])

Lean is asked at each place by itself: the word is replaced by one that prints the goal. The goal's locals become a
theorem's binders, so that what is proved is a statement of its own, which the gate certifies; whether it fits is
decided by elaborating the whole file with the proof in it. What stands above is
the theorem's header, so a goal may be about what the file declares. What cannot be stated so (one with an unknown `?m`)
stays as it is, with the reason. Fill from the last hole to the first: offsets are the text's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lean_env.lean_text.header import read_header, without_output
from lean_env.lean_text.mask import mask
from lean_env.lean_text.modules import OwnModules
from lean_env.lean_text.theorems import command_start, theorems_of
from lean_env.session.elaborate import Message
from lean_env.theorem import Environment, Header, Theorem
from prover.goal import Goal, first_goal, parse_goal

_SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'!?])")
#: Names in full, for they are read elsewhere; then once more with every implicit argument, for `[]` alone has no type.
_TRACE = (
    "(set_option pp.fullNames true in set_option pp.fieldNotation false in trace_state); "
    "(set_option pp.explicit true in set_option pp.fullNames true in trace_state); sorry"
)
#: A metavariable as Lean prints it: `?m.12`, `?n`. Not the end of a name or notation: `xs.head?.isSome`, `m[k]?`.
_UNKNOWN = re.compile(r"(?<![\w'!?\])])\?[\w.]")
#: The universe of a variable type as Lean prints it. A statement of its own may have any.
_UNIVERSE = re.compile(r"\b(Type|Sort) [uvw](?:_\d+)?\b")
#: Search names what `intro`, `cases` and `induction` bring without daggers.
_UNHYGIENIC = "set_option tactic.hygienic false in"


#: The word at the beginning of a command.
_LEMMA = re.compile(
    r"^(?P<before>[ \t]*(?:@\[[^\]]*\]\s*|(?:private|protected|noncomputable|nonrec)\s+)*)lemma(?![\w'!?.])",
    re.MULTILINE,
)
#: Under a header, too, an unknown name in a statement is a mistake: it was printed from a goal.
_NO_NEW_NAMES = "set_option autoImplicit false\n"

#: Elaborates a text without its header in an environment.
Check = Callable[[Environment, str], list[Message]]


@dataclass(frozen=True, slots=True)
class Hole:
    """The `sorry` at `offset`; `line` counts from 1. `goal` as Lean prints it. `theorems` state it, the readable one
    first; without one the `reason` says why. `renamed`: names for the locals that cannot be written, in the goal's
    order."""

    offset: int
    line: int
    tactic: bool = True
    goal: str = ""
    theorems: tuple[Theorem, ...] = ()
    renamed: tuple[str, ...] = ()
    reason: str = ""


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
            return Environment(read_header(_readable(self.text)).imports)
        return Environment(self.modules.imports, Header(self.modules.text) if self.modules.text else None)

    @cached_property
    def errors(self) -> Counter[str]:
        """What Lean already has against the file."""
        return Counter(message.data for message in self._errors)

    @property
    def first_error(self) -> str:
        """Lean's own first error in the file as it is, with its line; '' if there is none."""
        return _quoted(self._errors)

    @cached_property
    def _errors(self) -> list[Message]:
        return [message for message in self.messages(self.text) if message.severity == "error"]

    def messages(self, text: str) -> list[Message]:
        return self.check(self.environment, read_header(_readable(text)).body)

    def holes(self, report: Callable[[int, int], None] | None = None) -> list[Hole]:
        """Every `sorry` outside comments and strings, in order."""
        places = [found.start() for found in _SORRY.finditer(mask(self.text))]
        holes = []
        for number, offset in enumerate(places, 1):
            holes.append(self._hole(offset, number))
            if report is not None:
                report(number, len(places))
        return holes

    def filled(self, text: str, hole: Hole, tactics: Sequence[str]) -> tuple[str, str]:
        """`text` with the proof instead of the hole, and ''; or `text` as it was and what Lean says against the proof.
        Up to the hole, `text` must be as it is on disk."""
        objection = ""
        blocks = [[*tactics], [_UNHYGIENIC, *tactics]]
        if hole.renamed:
            blocks += [[f"rename_i {' '.join(hole.renamed)}", *block] for block in blocks]
        for block in blocks:
            new = self._inserted(text, hole, block)
            found = self.messages(new)
            more = Counter(message.data for message in found if message.severity == "error") - self.errors
            if not more:
                return new, ""
            objection = objection or next(iter(more))
        return text, objection

    def _hole(self, offset: int, number: int) -> Hole:
        line = self.text.count("\n", 0, offset) + 1
        objection = ""
        for tactic in (True, False):
            traced = f"({_TRACE})" if tactic else f"(by {_TRACE})"
            messages = self.messages(self.text[:offset] + traced + self.text[offset + len("sorry") :])
            found = [message for message in messages if message.severity == "error"]
            if new := Counter(message.data for message in found) - self.errors:
                objection = objection or _quoted([message for message in found if message.data in new])
                continue
            printed = [m.data for m in messages if m.severity == "information" and m.line == line and "⊢" in m.data]
            if printed:
                goals = [first_goal(text)[0] for text in printed]
                return self._stated(Hole(offset, line, tactic, goal=goals[0]), goals, number)
        why = self.first_error or objection or "it is never run"
        return Hole(offset, line, reason=f"Lean does not get there: {why}")

    def _stated(self, hole: Hole, goals: Sequence[str], number: int) -> Hole:
        if parse_goal(hole.goal).conclusion == "sorry":
            why = self.first_error or "it has a `sorry` itself"
            return replace(hole, reason=f"Lean does not understand its statement: {why}")
        if any(_UNKNOWN.search(goal) for goal in goals):
            return replace(hole, reason="its goal has unknown parts")
        # Where a tactic block runs again and again, Lean joins what it prints there by single line breaks.
        if (times := sum(line.startswith("⊢") for line in hole.goal.split("\n"))) > 1:
            return replace(hole, reason=f"it stands for {times} goals at once")
        theorems: list[Theorem] = []
        renamed: tuple[str, ...] = ()
        for place, environment in self._environments(hole.offset).items():
            for form, goal in zip(("", "_explicit"), goals, strict=False):
                renamed, statement = _statement(parse_goal(goal))
                theorems.append(Theorem(f"sorry_{number}{place}{form}", statement, environment))
        return replace(hole, theorems=tuple(theorems), renamed=renamed)

    def _environments(self, offset: int) -> dict[str, Environment]:
        """Where a goal can be stated, by a word for its name: under what stands above its command; under that without
        the theorems that are themselves left to prove, which no proof may use; and last under the imports alone."""
        start = command_start(self.text, offset)
        above = without_output(read_header(_readable(self.text[:start])).body)
        above = (self.modules.text if self.modules else "") + above
        texts = {"": _without_open_theorems(above), "_below": above}
        if not mask(texts[""]).strip():
            return {"": self.environment}
        found = {
            place: Environment(self.environment.imports, Header(f"{text}\n{_NO_NEW_NAMES}"))
            for place, text in texts.items()
        }
        if found[""] == found["_below"]:
            del found["_below"]
        return {**found, "_outside": self.environment}

    def _inserted(self, text: str, hole: Hole, block: Sequence[str]) -> str:
        before, after = text[: hole.offset], text[hole.offset + len("sorry") :]
        start = before.rfind("\n") + 1
        head = before[start:]
        margin = len(head) - len(head.lstrip())
        alone = not head.strip() or head.strip() in ("·", ".")
        if hole.tactic and alone:
            return before + _lines(block, len(head)).lstrip() + after
        if len(block) == 1 and "\n" not in block[0]:
            return before + ("" if hole.tactic else "by ") + block[0] + after
        opening = before.rstrip() if hole.tactic else before + "by"
        return f"{opening}\n{_lines(block, margin + 2)}{after}"


def _quoted(errors: Sequence[Message]) -> str:
    """The first of Lean's errors, with its line; '' if there is none."""
    return next((f"line {error.line}: {error.data.strip()}" for error in errors), "")


def _readable(text: str) -> str:
    """As core Lean reads it, lines kept: without a byte-order mark, and `lemma`, Mathlib's word, is `theorem`."""
    text = re.sub("^\N{ZERO WIDTH NO-BREAK SPACE}", " ", text)
    for found in reversed(list(_LEMMA.finditer(mask(text)))):
        text = f"{text[: found.end('before')]}theorem{text[found.end() :]}"
    return text


def _without_open_theorems(text: str) -> str:
    """Without theorems that have no proof, lines kept."""
    for it in reversed(theorems_of(text)):
        if not it.proved:
            start = command_start(text, it.start)
            text = text[:start] + "\n" * text.count("\n", start, it.end) + text[it.end :]
    return text


def _statement(goal: Goal) -> tuple[tuple[str, ...], str]:
    """New names for the locals that cannot be written, and the goal as a theorem's statement."""
    taken = {local.name for local in goal.locals}
    names: dict[int, str] = {}
    for place, local in enumerate(goal.locals):
        if not local.accessible:
            stem = re.sub(r"\W", "", local.name.split("✝")[0]) or "x"
            names[place] = next(n for i in range(1, len(taken) + 2) if (n := f"{stem}_{i}") not in taken)
            taken.add(names[place])

    def written(text: str, until: int) -> str:
        """Each name with a dagger stands for the latest local of that name."""
        for place in reversed(range(until)):
            if place in names:
                text = re.sub(
                    rf"(?<![\w.'✝]){re.escape(goal.locals[place].name)}(?![\w'✝¹²³⁴⁵⁶⁷⁸⁹⁰])", names[place], text
                )
        return _UNIVERSE.sub(r"\1 _", text)

    binders = []
    for place, local in enumerate(goal.locals):
        type_ = written(local.type, place)
        instance = place in names and local.name.startswith("inst")
        binders.append(f"[{names[place]} : {type_}]" if instance else f"({names.get(place, local.name)} : {type_})")
    return tuple(names.values()), " ".join([*binders, f": {written(goal.conclusion, len(goal.locals))}"])


def _lines(block: Sequence[str], indent: int) -> str:
    return "\n".join(" " * indent + tactic.replace("\n", "\n" + " " * indent) for tactic in block)
