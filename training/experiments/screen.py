"""An ending on one screen: at most 23 lines of 80 columns, so that the shell's prompt is the twenty-fourth.

    print(Screen("Run first: lean-logic, valid", ending, files, commands).text())

`prover/cli/screens.py` says which files and commands each command names.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from training.experiments.ending import Ending, Found, Rise, Verdict
from training.experiments.sparkline import sparkline

COLUMNS, LINES = 80, 23
_LABEL = 24


@dataclass(frozen=True, slots=True)
class Hint:
    """A file to open or a command to try, and why in a few words."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Screen:
    """`title`: the command and what it took. `files`: what to open next. `commands`: what to try next."""

    title: str
    ending: Ending
    files: tuple[Hint, ...]
    commands: tuple[Hint, ...]

    def text(self, *, ascii_only: bool = False) -> str:
        """The screen. Paths and commands are never cut, because people copy them: a long one makes a longer line.
        `ascii_only`: for a terminal that cannot show anything else; what Lean has beside ASCII becomes `?`."""
        ending = self.ending
        head = [_fit(self.title), *_curves(ending.rises, ascii_only), *_wrapped(" ".join(ending.sentences()))]
        if any(rise.verdict is not Verdict.ALONE and rise.seeds == 1 for rise in ending.rises):
            head.append("Won: only the last generation proves it. Lost: only M_0 does. One seed.")
        tail = ["", *_hints("Open", self.files), *_hints("Try", self.commands)]
        lines = [*head, *self._found(LINES - len(head) - len(tail)), *tail]
        # Names and proofs are what a model wrote: a control character in them must not reach the terminal.
        lines = ["".join(c if c.isprintable() else "?" for c in line).rstrip() for line in lines]
        text = "\n".join(lines) + "\n"
        if ascii_only:
            text = text.replace("→", "->").replace("…", "~").encode("ascii", "replace").decode("ascii")
        return text

    def _found(self, room: int) -> list[str]:
        """What only the last generation proves: names, and one proof where there is room for it."""
        found = self.ending.found
        if all(rise.verdict is Verdict.ALONE for rise in self.ending.rises):
            return []
        if not found:
            return ["", "The last generation proves no theorem that the first one does not."][-room:] if room else []
        names = ", ".join(one.theorem for one in found)
        theorems = "1 theorem" if len(found) == 1 else f"{len(found)} theorems"
        lines = ["", *_wrapped(f"{theorems} that only the last generation proves: {names}", 2 if room > 8 else 1)]
        return [*lines, *_proof(found, room - len(lines))][: max(room, 0)]


def _curves(rises: Sequence[Rise], ascii_only: bool) -> list[str]:
    """A line a curve: `lean-logic same-size  ▄▅▆▆█  M_0 17 → M_4 34 of 40  +42 % [28, 58]`, in columns."""
    cells = [
        (
            _cut_middle(rise.label, _LABEL),
            sparkline(rise.rates, ascii_only=ascii_only),
            _counts(rise),
            _difference(rise),
        )
        for rise in rises
    ]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return [
        _fit("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()) for row in cells
    ]


def _counts(rise: Rise) -> str:
    """`M_0 17 → M_4 34 of 40`; over several seeds in per cent."""
    if rise.seeds == 1:
        first, last = (f"{round(rise.rates[end] * rise.theorems)}" for end in (0, -1))
        unit = f"of {rise.theorems}"
    else:
        first, last = (f"{100 * rise.rates[end]:.0f}" for end in (0, -1))
        unit = "%"
    begin = f"M_{rise.generations[0]} {first}"
    return f"{begin} {unit}" if rise.verdict is Verdict.ALONE else f"{begin} → M_{rise.generations[-1]} {last} {unit}"


def _difference(rise: Rise) -> str:
    if rise.verdict is Verdict.ALONE:
        return ""
    low, high = 100 * rise.interval.low, 100 * rise.interval.high
    return f"{100 * rise.difference:+.0f} % [{low:.0f}, {high:.0f}]"


def _proof(found: Sequence[Found], room: int) -> list[str]:
    """The longest proof that fits whole into `room` lines, and of equally long ones the first; the beginning of the
    shortest one where none fits; nothing where not even three lines are left."""
    if room < 3:
        return []
    drawn = {one: _proof_lines(one) for one in found}
    if whole := [one for one in found if len(drawn[one]) <= room]:
        return drawn[max(whole, key=lambda one: (one.length, -len(drawn[one])))]
    lines = drawn[min(found, key=lambda one: len(drawn[one]))]
    return [*lines[: room - 1], f"  … {len(lines) - room + 1} more lines in the report"]


def _proof_lines(found: Found) -> list[str]:
    """The proof without the options that every text here begins with; wrapped, deeper lines indented."""
    lines: list[str] = []
    for line in found.text.strip().splitlines():
        if line.startswith("set_option "):
            continue
        indent = " " * (2 + len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line.strip(), COLUMNS, initial_indent=indent, subsequent_indent=indent + "    ", break_on_hyphens=False
        )
    return lines


def _hints(title: str, hints: Sequence[Hint]) -> list[str]:
    """One a line, with its reason where there is room for it."""
    lines = []
    for number, hint in enumerate(hints):
        line = f"{title if number == 0 else '':<5} {hint.what}"
        with_reason = f"{line:<56}  {hint.why}"
        lines.append(with_reason if cell_len(with_reason) <= COLUMNS else line)
    return lines


def _wrapped(text: str, lines: int = 6) -> list[str]:
    """Wrapped to at most so many lines; what does not fit becomes `…`."""
    return textwrap.wrap(text, COLUMNS, max_lines=lines, placeholder=" …", break_on_hyphens=False)


def _fit(line: str) -> str:
    return line if cell_len(line) <= COLUMNS else set_cell_size(line, COLUMNS - 1) + "…"


def _cut_middle(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    front = (width - 1) // 2
    return f"{text[:front]}…{text[len(text) - (width - 1 - front) :]}"
