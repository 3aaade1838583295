"""A change of a file as `patch` and `git apply` read it."""

from __future__ import annotations

import re
from difflib import unified_diff
from pathlib import Path


def patch_of(path: Path, old: str, new: str) -> str:
    """The unified diff; '' for no change. Lines end where `patch` thinks they do, at line feeds alone."""
    lines = unified_diff(_lines(old), _lines(new), str(path), str(path))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)
