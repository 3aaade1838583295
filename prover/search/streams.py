"""Random streams of the search: each depends on what it is for, never on the process or the order of calls."""

from __future__ import annotations

import hashlib
import math
import random


def stream_seed(*parts: object) -> int:
    """A 63-bit seed that depends on the printed parts alone: the same in every process and on every machine."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def gumbel(stream: random.Random) -> float:
    """A standard Gumbel draw."""
    return -math.log(-math.log(stream.random() or 1e-300))
