"""Where a theorem stands in its file, as LeanDojo wants to know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lean_env.lean_text.mask import mask
from lean_env.lean_text.theorems import theorems_of

#: A new command, known by its word or not, begins at the beginning of a line; a proof does not go on there.
_COMMAND = re.compile(r"^(?=[^\s\)\]\}|·])", re.MULTILINE)


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
    code = mask(text)
    for found in theorems_of(text):
        if found.word != "theorem" or not code.startswith(":=", found.sign):
            continue
        body = code[found.sign + 2 : found.end]
        proof = found.sign + 2 + len(body) - len(body.lstrip())
        following = _COMMAND.search(code, proof + 1)
        end = min(found.end, following.start() if following else found.end)
        if body.strip() and proof < end:
            yield Span(found.name, found.start, found.name_at, found.sign, proof, proof + len(code[proof:end].rstrip()))
