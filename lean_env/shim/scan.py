"""Where the theorems of a Lean file stand: by its words, not by elaborating it.

Good for files laid out as usual: a command starts at the beginning of a line and its proof is indented, or on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Comments (one level of nesting) and string literals: nothing in them counts. Blanked out, lengths kept.
_OPAQUE = re.compile(r"/-(?:(?!/-|-/).|/-(?:(?!-/).)*-/)*-/|--[^\n]*|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_COMMAND = re.compile(r"^(?=[^\s\)\]\}|·])", re.MULTILINE)
_SCOPE = re.compile(r"(?:noncomputable\s+)?(namespace|section|end)\b[ \t]*(\S*)")
_MODIFIERS = r"(?:@\[[^\]]*\]\s*|(?:private|protected|noncomputable|nonrec|unsafe)\s+)*"
_THEOREM = re.compile(rf"(?:set_option\s+\S+\s+\S+\s+in\s+)*{_MODIFIERS}(theorem)\s+(?P<name>[^\s(){{}}\[\]⦃:]+)")
_BRACKETS = {"(": 1, "[": 1, "{": 1, "⟨": 1, "⦃": 1, ")": -1, "]": -1, "}": -1, "⟩": -1, "⦄": -1}


@dataclass(frozen=True, slots=True)
class Span:
    """One theorem: its full name, and the places of `theorem`, its name, `:=`, its proof and the proof's end, in
    characters."""

    full_name: str
    start: int
    name: int
    colon_equals: int
    proof: int
    end: int


def theorems_in(text: str) -> Iterator[Span]:
    """The theorems whose proof stands behind a `:=`, in order."""
    code = _OPAQUE.sub(lambda found: re.sub(r"\S", " ", found[0]), text)
    starts = [match.start() for match in _COMMAND.finditer(code)]
    scopes: list[tuple[str, str]] = []
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        command = code[start:end]
        if scope := _SCOPE.match(command):
            if scope[1] != "end":
                scopes.append((scope[1], scope[2]))
            elif scopes:
                scopes.pop()
        elif (theorem := _THEOREM.match(command)) and (place := _proof_sign(command, theorem.end())) is not None:
            body = command[place + 2 :]
            proof = place + 2 + len(body) - len(body.lstrip())
            if not body.strip():
                continue
            name = theorem["name"].split(".{")[0].removesuffix(".")
            outer = [opened for kind, opened in scopes if kind == "namespace"]
            full = name.removeprefix("_root_.") if name.startswith("_root_.") else ".".join([*outer, name])
            finish = start + len(command.rstrip())
            begin, name_begin = start + theorem.start(1), start + theorem.start("name")
            yield Span(full, begin, name_begin, start + place, start + proof, finish)


def _proof_sign(command: str, begin: int) -> int | None:
    """The `:=` outside of brackets and of `let` and `have`."""
    depth = pending = 0
    for match in re.finditer(r"[()\[\]{}⟨⟩⦃⦄]|:=|\b(?:let|have)\b", command[begin:]):
        word = match[0]
        if word in _BRACKETS:
            depth += _BRACKETS[word]
        elif depth == 0 and word != ":=":
            pending += 1
        elif depth == 0 and pending:
            pending -= 1
        elif depth == 0:
            return begin + match.start()
    return None
