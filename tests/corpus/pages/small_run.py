"""A corpus as a real small run on lean-logic makes it: grammar, M_0, rounds, models, evaluations with their trees."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.cli.main import run
from prover.lean import Lean
from training.config import FlywheelConfig
from training.flywheel import Flywheel

sys.path.insert(0, str(Path(__file__).parents[1]))
from samples import attempt, proof, start_round, under_header


def make_home(home: Path, *, generations: int = 1, size: int = 1, workers: int = 2) -> None:
    """`size`: how many times the theorems of the smallest run."""
    config = FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="small",
        generations=generations,
        workers=workers,
        grammar_theorems=24 * size,
        grammar_steps=48,
        round__theorems=8 * size,
        round__steps=24,
        round__disproofs=2,
        round__canaries=2,
        evaluation__theorems=5 * size,
        evaluation__steps=16,
        evaluation__whole_budget=False,
        train__epochs=1,
        trees__training=1.0,
        health__share=10,
        health__theorems=2,
        health__attempts=3,
        health__steps=8,
        health__alarms__drift=0.0,
    )
    with Lean(workers, config.limits) as lean, Corpus.open(str(home / "corpus.db")) as corpus:
        logic = LogicConfig(train=40 * size, held_out=6 * size, beyond=6 * size, non_theorems=6 * size)
        LogicBenchmark(logic).register(corpus, lean)
        Flywheel(config, lean, corpus, home / "models").run()
        _by_hand(corpus)
    with sqlite3.connect(home / "corpus.db") as connection:
        (longest,) = connection.execute("SELECT id FROM proof ORDER BY length DESC LIMIT 1").fetchone()
    assert run(["corpus", "score", str(longest), "--home", str(home)]) == 0


def _by_hand(corpus: Corpus) -> None:
    """What so small a run does not come to: theorems under a header, and a proof that borrows."""
    lender, borrower = under_header("own_0"), under_header("own_1")
    corpus.add_benchmark("own", "1", "library", [lender, borrower])
    by_hand = start_round(corpus, [lender, borrower], run="small", benchmark="own", arm="seed")
    lemma = replace(proof(lender, "rfl", source="seed"), term="a term")
    lent = corpus.record_attempt(by_hand, attempt(lender, proof=lemma)).proof_id or 0
    rests = replace(proof(borrower, "simp", source="seed"), borrowed=(lent,))
    corpus.record_attempt(by_hand, attempt(borrower, proof=rests))
    corpus.finish_round(by_hand)
