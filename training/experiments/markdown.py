"""Text of others as part of a Markdown report."""

from __future__ import annotations

import re


def lean_block(text: str) -> list[str]:
    """Lines of a code block. Its fence is longer than any run of backticks in the text, which therefore cannot end it:
    a name or a string literal of a theorem may hold some (CommonMark, section 4.5)."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}lean", text.rstrip(), fence]
