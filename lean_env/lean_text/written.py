"""Names as a Lean file has to spell them."""

from __future__ import annotations

import re

_PART = re.compile(r"«[^»]*»|[^.]+")
_IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*")


def written(name: str) -> str:
    """A name that Lean reads back as itself: `logic.p.000066` is `logic.p.«000066»`, since no part of a name may begin
    with a digit."""
    parts = _PART.findall(name)
    return ".".join(part if part[0] == "«" or _IDENTIFIER.fullmatch(part) else f"«{part}»" for part in parts)
