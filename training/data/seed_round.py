"""Round 0's first part: the hand-written seed proofs, replayed, certified and stored like any other proof."""

from __future__ import annotations

import threading

from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from prover.lean import Lean
from training.data.dataset import SEED_SOURCE
from training.data.given_round import GivenRound, Proved, store_proved
from training.data.seeds import load_seeds


def store_seeds(corpus: Corpus, lean: Lean, run: str, stop: threading.Event) -> int:
    """Stores every seed that the gate accepts and the leakage guard lets pass; returns how many proofs the round has.

    Seeds that are stored already are not run again.
    """
    classify = Classes(lean.library)
    proved = []
    for seed in load_seeds():
        statement = lean.stated(seed.theorem).read()
        proved.append(Proved(seed.theorem, statement, tuple(seed.tactics), classify.of(statement.type)))
    named = GivenRound(run, benchmark="seed", arm="seed", source=SEED_SOURCE)
    return len(proved) - store_proved(corpus, lean, named, proved, stop)
