"""Lean source with everything blanked that is no code, so that words and brackets can be looked for.

Comments, strings, character literals and quoted names become spaces of the same length, newlines stay: a position in
the mask is a position in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPENING, _CLOSING = "([{⟨⦃", ")]}⟩⦄"
_CHARACTER = re.compile(r"'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[^'\\\n])'")
_RAW_STRING = re.compile(r'r(#*)"')
#: What makes a following `'` a part of a name and not the start of a character.
_NAME_CHARACTER = re.compile(r"[\w'!?₀-₉]")


def mask(text: str) -> str:
    """`text` with spaces for what is no code. What has no end is blanked to the end of the text."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        end = _end_of_opaque(text, position)
        if end == position:
            pieces.append(text[position])
            position += 1
        else:
            pieces.append(re.sub(r"[^\n]", " ", text[position:end]))
            position = end
    return "".join(pieces)


def without_comments(text: str) -> str:
    """`text` with a space for each comment; strings stay."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        end = _end_of_opaque(text, position)
        if end == position:
            end = position + 1
        piece = text[position:end]
        pieces.append(" " if piece.startswith(("--", "/-")) else piece)
        position = end
    return "".join(pieces)


def line_comments(text: str) -> Iterator[tuple[int, int]]:
    """Where comments stand that end with their line, without the line's end."""
    position = 0
    while position < len(text):
        end = _end_of_opaque(text, position)
        if end != position and text.startswith("--", position):
            yield position, end
        position = max(end, position + 1)


def at_depth_zero(masked: str) -> str:
    """The mask with spaces also for everything inside brackets; the outermost brackets themselves stay."""
    depth = 0
    out: list[str] = []
    for character in masked:
        if character in _CLOSING:
            depth = max(0, depth - 1)
        out.append(character if depth == 0 or character == "\n" else " ")
        if character in _OPENING:
            depth += 1
    return "".join(out)


def _end_of_opaque(text: str, start: int) -> int:
    """Where the comment, string, character or quoted name that begins at `start` ends; `start` if none begins there."""
    two = text[start : start + 2]
    if two == "--":
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    if two == "/-":
        return _end_of_comment(text, start)
    character = text[start]
    inside_a_name = start > 0 and _NAME_CHARACTER.match(text[start - 1]) is not None
    if character == "«":
        end = text.find("»", start)
        return len(text) if end < 0 else end + 1
    if character == "r" and not inside_a_name and (raw := _RAW_STRING.match(text, start)):
        end = text.find('"' + raw[1], raw.end())
        return len(text) if end < 0 else end + 1 + len(raw[1])
    if character == '"':
        position = start + 1
        while position < len(text) and text[position] != '"':
            position += 2 if text[position] == "\\" else 1
        return min(position + 1, len(text))
    if character == "'" and not inside_a_name and (literal := _CHARACTER.match(text, start)):
        return literal.end()
    return start


def _end_of_comment(text: str, start: int) -> int:
    """Comments nest."""
    depth = 0
    for found in re.compile(r"/-|-/").finditer(text, start):
        depth += 1 if found[0] == "/-" else -1
        if depth == 0:
            return found.end()
    return len(text)
