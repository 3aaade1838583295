"""Round 0's first part: the hand-written seed proofs, replayed, certified and stored like any other proof."""

from __future__ import annotations

import hashlib
import json
import threading
import time

from corpus.records import AttemptRecord, AttemptStatus, RoundKind, TheoremRecord
from corpus.store import Corpus
from lean_env.library.expression import expression_hash
from lean_env.library.ndjson import read_expression
from prover.attempt import Refused, Undecided
from prover.lean import Lean
from prover.search.graph import ProofStep
from training.seeds import Seed, load_seeds

BENCHMARK = "seed"


def store_seeds(corpus: Corpus, lean: Lean, run: str, stop: threading.Event) -> int:
    """Stores every seed that the gate accepts and the leakage guard lets pass; returns how many proofs the round has.

    Seeds that are stored already are not run again.
    """
    seeds = {seed.theorem.name: seed for seed in load_seeds()}
    records = [_record(seed, lean) for seed in seeds.values()]
    revision = _revision(records)
    corpus.add_benchmark(BENCHMARK, revision, lean.library.digest, records)
    round = corpus.start_round(
        run=run,
        generation_id=None,
        benchmark=f"{BENCHMARK}@{revision}",
        split="train",
        stratum="",
        arm="seed",
        kind=RoundKind.TRAIN,
        seed=0,
        config={},
        selection=list(seeds),
    )
    for record in corpus.pending(round):
        if stop.is_set():
            break
        corpus.record_attempt(round, _attempt(seeds[record.name], lean))
    if not corpus.pending(round):
        corpus.finish_round(round)
    return len(seeds) - len(corpus.pending(round))


def _record(seed: Seed, lean: Lean) -> TheoremRecord:
    theorem, stated = seed.theorem, lean.stated(seed.theorem)
    expression = read_expression(stated.expression_ndjson, stated.levels)
    return TheoremRecord(
        name=theorem.name,
        statement=theorem.statement,
        statement_hash=expression_hash(expression, stated.levels),
        environment=theorem.environment.key,
        module=None,
        split="train",
        stratum="",
    )


def _revision(records: list[TheoremRecord]) -> str:
    rows = [[record.name, record.statement, record.statement_hash] for record in records]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()[:16]


def _attempt(seed: Seed, lean: Lean) -> AttemptRecord:
    started = time.monotonic()
    status, reason, proof = AttemptStatus.PROVED, "", None
    try:
        proof = lean.tools.verify(seed.theorem, [ProofStep(tactic) for tactic in seed.tactics], "seed")
    except Refused as error:
        status, reason = AttemptStatus.REJECTED, str(error)
    except Undecided as error:
        status, reason = AttemptStatus.ERROR, str(error)
    steps = len(seed.tactics)
    return AttemptRecord(
        theorem=seed.theorem.name,
        status=status,
        steps=steps,
        heartbeats=sum(step.heartbeats for step in proof.steps) if proof else 0,
        wall_seconds=time.monotonic() - started,
        steps_to_proof=steps if proof else None,
        reason=reason,
        proof=proof,
    )
