"""The part of a benchmark that a run stays in: the lowest rungs, or few environments.

What a system has proved helps later proofs in the same environment (`library = "snapshot"`). A run over all 174
environments of lean-core proves few theorems of each; a run that stays in three proves hundreds of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from corpus.records import TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.splits import TEST, VALID
from training.config import FlywheelConfig


def within(config: FlywheelConfig, corpus: Corpus, theorems: Sequence[TheoremRecord]) -> list[TheoremRecord]:
    """Of these those that the settings want. What is not graded (false statements, disproofs) is in every rung."""
    if config.environments:
        kept = environments(corpus, config.benchmark, config.environments)
        theorems = [one for one in theorems if one.environment in kept]
    return [one for one in theorems if not config.rungs or int(one.extra.get("rung", 0)) < config.rungs]


def environments(corpus: Corpus, benchmark: str, count: int) -> frozenset[str]:
    """The keys of the `count` environments with most held-out theorems, valid and test together, so that a run is
    judged on what it was about, and its environments do not depend on the split; of equal ones the first by key."""
    held_out = Counter(one.environment for split in (VALID, TEST) for one in corpus.theorems(benchmark, split))
    return frozenset(sorted(held_out, key=lambda key: (-held_out[key], key))[:count])
