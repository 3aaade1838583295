"""Benchmarks that belong to one corpus: variants of a theorem, from which a model of that theorem alone learns.

Whoever else learned from them would be measured on a theorem whose near-copies it has seen. So nothing takes them
out of their corpus: no merge, no archive, no data set, and no training but that model's own.
"""

from __future__ import annotations

from corpus.errors import Conflict
from corpus.store import Corpus

#: How the names of such benchmarks begin.
PRIVATE = "variants/"


def require_none_private(corpus: Corpus, what: str) -> None:
    """Raises Conflict if the corpus has such a benchmark. `what` was to be done with it."""
    if any(one.name.startswith(PRIVATE) for one in corpus.benchmarks()):
        raise Conflict(
            f"This corpus holds variants of one theorem, which no other model may learn from: it cannot be {what}."
        )
