"""Theorems that come with their proofs: a benchmark of their own, and a round that replays and certifies them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from corpus.records import RoundKind
from corpus.store import Corpus
from lean_env.gate.statement import Statement
from lean_env.theorem import Theorem
from prover.lean import Lean
from prover.rounds.given import store_given
from prover.rounds.plan import record_of


@dataclass(frozen=True, slots=True)
class Proved:
    """A train theorem in no library and under no header, what Lean reads in it, and the tactics that are to prove it.
    `statement_class`: what it says up to names and order."""

    theorem: Theorem
    statement: Statement
    tactics: tuple[str, ...]
    statement_class: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenRound:
    """What names such a round. `source`: what its proofs are credited to."""

    run: str
    benchmark: str
    arm: str
    source: str
    generation_id: int | None = None
    seed: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)


def store_proved(
    corpus: Corpus,
    lean: Lean,
    named: GivenRound,
    proved: Sequence[Proved],
    stop: threading.Event,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Stores what the gate accepts and the leakage guard lets pass; returns how many are pending still. What is stored
    already is not run again."""
    records = [
        record_of(replace(one.theorem, expression_hash=one.statement.expression_hash), extra=one.extra)
        for one in proved
    ]
    rows = [[one.name, one.statement, one.statement_hash] for one in records]
    revision = hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()[:16]
    classes = {one.theorem.name: one.statement_class for one in proved}
    benchmark = corpus.add_benchmark(named.benchmark, revision, lean.library.digest, records, classes=classes)
    round = corpus.start_round(
        run=named.run,
        generation_id=named.generation_id,
        benchmark=benchmark.key,
        split="train",
        stratum="",
        arm=named.arm,
        kind=RoundKind.TRAIN,
        seed=named.seed,
        config=named.config,
        selection=[one.name for one in records],
    )
    given = {one.theorem.name: (one.theorem, one.tactics) for one in proved}
    return store_given(corpus, round, given, named.source, lean.tools, stop, progress)
