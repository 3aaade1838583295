"""A row of counts or shares as one row of characters: a curve where there is only a terminal."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
#: For a terminal without Unicode: eight characters that carry more and more ink.
ASCII_BLOCKS = ".:-=+*#@"


def sparkline(values: Sequence[float], width: int = 12, *, ascii_only: bool = False) -> str:
    """One character a value, none of which is negative. The scale begins at zero, so that a small change looks small,
    and ends at the largest value. Of more than `width` values, `width` are shown, evenly spread, the first and the last
    among them."""
    if len(values) > width:
        values = [values[round(place * (len(values) - 1) / (width - 1))] for place in range(width)]
    blocks = ASCII_BLOCKS if ascii_only else BLOCKS
    high = max(values, default=0.0) or 1.0
    return "".join(blocks[min(int(value / high * len(blocks)), len(blocks) - 1)] for value in values)
