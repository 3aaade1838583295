"""Round 0's first part: the hand-written seed proofs, replayed, certified and stored like any other proof."""

from __future__ import annotations

import hashlib
import json
import threading

from corpus.records import RoundKind, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from prover.lean import Lean
from prover.rounds.given import store_given
from training.data.dataset import SEED_SOURCE
from training.data.seeds import Seed, load_seeds

BENCHMARK = "seed"


def store_seeds(corpus: Corpus, lean: Lean, run: str, stop: threading.Event) -> int:
    """Stores every seed that the gate accepts and the leakage guard lets pass; returns how many proofs the round has.

    Seeds that are stored already are not run again.
    """
    seeds = {seed.theorem.name: seed for seed in load_seeds()}
    stated = {name: lean.stated(seed.theorem).read() for name, seed in seeds.items()}
    records = [_record(seed, stated[name].expression_hash) for name, seed in seeds.items()]
    revision = _revision(records)
    classify = Classes(lean.library)
    classes = {name: classify.of(statement.type) for name, statement in stated.items()}
    corpus.add_benchmark(BENCHMARK, revision, lean.library.digest, records, classes=classes)
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
    given = {name: (seed.theorem, seed.tactics) for name, seed in seeds.items()}
    return len(seeds) - store_given(corpus, round, given, SEED_SOURCE, lean.tools, stop)


def _record(seed: Seed, statement_hash: str) -> TheoremRecord:
    theorem = seed.theorem
    return TheoremRecord(
        name=theorem.name,
        statement=theorem.statement,
        statement_hash=statement_hash,
        environment=theorem.environment.key,
        module=None,
        split="train",
        stratum="",
    )


def _revision(records: list[TheoremRecord]) -> str:
    rows = [[record.name, record.statement, record.statement_hash] for record in records]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()[:16]
