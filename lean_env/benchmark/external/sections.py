"""Lean files that are divided by comments: a line `-- start NAME` and a line `-- end NAME` round each part."""

from __future__ import annotations

import re
from dataclasses import dataclass


class SectionsError(Exception):
    """The marks of a file do not fit together; the text says which line."""


@dataclass(frozen=True, slots=True)
class Section:
    """`start` and `end`: offsets of its content, without the lines of its marks. `line`: of the first mark, from 1."""

    name: str
    start: int
    end: int
    line: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


def sections_of(text: str, mark: re.Pattern[str]) -> dict[str, list[Section]]:
    """The sections of `text` by name, in order. `mark` matches a whole line and has the groups `side`, which begins
    with `start` or `end`, and `name`. Raises SectionsError for one that does not end, or ends without a beginning."""
    found: dict[str, list[Section]] = {}
    opened: tuple[str, int, int] | None = None
    for one in mark.finditer(text):
        name, line = one["name"], text.count("\n", 0, one.start()) + 1
        begins = one["side"].startswith("start")
        if begins and opened is None:
            opened = (name, min(one.end() + 1, len(text)), line)
        elif not begins and opened is not None and opened[0] == name:
            found.setdefault(name, []).append(Section(name, opened[1], max(one.start(), opened[1]), opened[2]))
            opened = None
        else:
            inside = f" inside `{opened[0]}`, which begins in line {opened[2]}" if opened is not None else ""
            raise SectionsError(f"line {line}: `{one[0].strip()}`{inside}")
    if opened is not None:
        raise SectionsError(f"line {opened[2]}: the section `{opened[0]}` does not end")
    return found


def without(text: str, *sections: Section) -> str:
    """`text` with these sections empty and its lines kept."""
    for one in sorted(sections, key=lambda section: -section.start):
        text = text[: one.start] + "\n" * one.of(text).count("\n") + text[one.end :]
    return text
