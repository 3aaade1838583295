"""What the writer processes of test_corpus_crash.py do. Run by multiprocessing, so everything here is importable."""

from __future__ import annotations

import os
import signal
from typing import Any

from samples import attempt, fill, proof, start_round
from sqlalchemy import event

from corpus.snapshot import take_snapshot
from corpus.store import Corpus


def write_all(path: str, run_arm: str = "policy") -> None:
    """Proves what is pending, as a loop does that was started again."""
    with Corpus.open(path) as corpus:
        theorems = fill(corpus, train=200)["train"]
        round = start_round(corpus, theorems, arm=run_arm)
        for t in corpus.pending(round):
            corpus.record_attempt(round, attempt(t, proof=proof(t)))


def die_at_statement(path: str, statement: int) -> None:
    """Records one proof and takes a snapshot, but is killed just after its n-th SQL statement, BEGIN included, or just
    before the COMMIT that would have been the n-th."""
    with Corpus.open(path) as corpus:
        round = corpus.rounds("run")[0]
        left = statement

        def count(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(corpus.engine, "after_cursor_execute", count)
        event.listen(corpus.engine, "commit", count)
        t = corpus.theorems("core", "train")[0]
        corpus.record_attempt(round, attempt(t, proof=proof(t)))
        take_snapshot(corpus)


def open_new(path: str) -> None:
    """One of several processes that find no corpus and make it."""
    with Corpus.open(path) as corpus:
        fill(corpus)
