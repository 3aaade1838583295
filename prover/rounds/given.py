"""Proofs that are given as lists of tactics (seeds, people's): replayed, certified and stored like any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from corpus.records import AttemptRecord, AttemptStatus, RoundRecord
from corpus.store import Corpus
from lean_env.theorem import Theorem
from prover.rounds.attempt import Refused, Tools, Undecided
from prover.search.graph import ProofStep

#: A theorem, and tactics that are run in order, each on the first open goal.
Given = tuple[Theorem, Sequence[str]]


def store_given(
    corpus: Corpus,
    round: RoundRecord,
    proofs: Mapping[str, Given],
    source: str,
    tools: Tools,
    stop: threading.Event,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Tries what is pending of `round`, whose theorems are named in `proofs`; returns how many are pending still.

    What was stored already is not run again. `progress(done, total)` counts theorems of this call.
    """
    pending = corpus.pending(round)
    for done, record in enumerate(pending, start=1):
        if stop.is_set():
            break
        corpus.record_attempt(round, _attempt(*proofs[record.name], source, tools))
        if progress is not None:
            progress(done, len(pending))
    left = len(corpus.pending(round))
    if not left:
        corpus.finish_round(round)
    return left


def _attempt(theorem: Theorem, tactics: Sequence[str], source: str, tools: Tools) -> AttemptRecord:
    started = time.monotonic()
    status, reason, proof = AttemptStatus.PROVED, "", None
    try:
        proof = tools.verify(theorem, [ProofStep(tactic) for tactic in tactics], source)
    except Refused as error:
        status, reason = AttemptStatus.REJECTED, str(error)
    except Undecided as error:
        status, reason = AttemptStatus.ERROR, str(error)
    steps = len(tactics)
    return AttemptRecord(
        theorem=theorem.name,
        status=status,
        steps=steps,
        heartbeats=sum(step.heartbeats for step in proof.steps) if proof else 0,
        wall_seconds=time.monotonic() - started,
        steps_to_proof=steps if proof else None,
        reason=reason,
        proof=proof,
    )
