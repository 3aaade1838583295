"""Writes the dump of a small corpus of the present revision, with rows in every table, for test_corpus_migrations.py.

Run it once when a new revision is released, from the repository root: python tests/corpus/databases/make.py
"""

from __future__ import annotations

import gzip
import sqlite3
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[2])]

from samples import attempt, fill, proof, search_tree, sha, start_round, theorem, trace, under_header  # noqa: E402

from corpus.database import head_revision  # noqa: E402
from corpus.human import store_traces  # noqa: E402
from corpus.records import AttemptStatus, RoundKind  # noqa: E402
from corpus.samples import FilterVerdict, samples_of, store_verdicts  # noqa: E402
from corpus.scores import StepScore, store_scores  # noqa: E402
from corpus.snapshot import take_snapshot  # noqa: E402
from corpus.store import Corpus  # noqa: E402

#: What an attempt that sampled a whole proof says beside its counts.
SAMPLED = {
    "state": "⊢ p",
    "samples": [
        {"text": "rfl", "tactics": ["rfl"], "log_prob": -1.0, "count": 2, "verdict": "refused", "reason": "failed: rfl"}
    ],
}


def fill_every_table(corpus: Corpus) -> None:
    splits = fill(corpus)
    a, b, c, d = splits["train"]
    seed = start_round(corpus, [a, b], arm="seed")
    lemma = replace(proof(a, "rfl", source="seed"), term="a term")
    lent = corpus.record_attempt(seed, attempt(a, proof=lemma)).proof_id or 0
    wrong = corpus.record_attempt(seed, attempt(b, proof=proof(b, "simp", source="seed"))).proof_id
    corpus.finish_round(seed)
    generation = corpus.start_generation(
        run="run",
        number=0,
        parent=None,
        recipe="expert iteration",
        config={"layers": 4},
        config_hash=sha("config"),
        seeds={"torch": 1},
        versions={"torch": "2"},
        snapshot_hash=take_snapshot(corpus).hash,
    )
    corpus.finish_generation(generation, model_path="models/0", model_hash=sha("weights"), metrics={"loss": 1.5})
    policy = start_round(corpus, [a, b, c, d], generation_id=generation)
    corpus.record_attempt(policy, attempt(a, proof=proof(a)))
    corpus.record_attempt(policy, replace(attempt(b), trees=(search_tree(b),), stats=SAMPLED))
    store_verdicts(corpus, "judge", [FilterVerdict(one, True, -0.5) for one in samples_of(corpus, "run")])
    corpus.record_attempt(policy, attempt(c, AttemptStatus.ERROR))
    held_out = splits["test"][0]
    corpus.record_attempt(policy, attempt(d, proof=proof(d, goals=(held_out.statement_hash,))))
    corpus.retract(wrong, "kernel bug")
    corpus.add_benchmark(
        "core", "1", "library", [t for ts in splits.values() for t in ts], classes={a.name: sha("class")}
    )
    store_traces(corpus, "core", [trace("train_0", sha("printed state"))])
    corpus.add_benchmark("own", "1", "library", [under_header("own_0"), under_header("own_1"), theorem("own_2")])
    evaluation = start_round(corpus, splits["test"], RoundKind.EVAL, generation_id=generation)
    corpus.record_attempt(evaluation, attempt(held_out, proof=replace(proof(held_out), borrowed=(lent,))))
    store_scores(corpus, lent, generation, [StepScore(-0.5, 1)])
    take_snapshot(corpus)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.db"
        with Corpus.open(str(path)) as corpus:
            fill_every_table(corpus)
        dump = "\n".join(sqlite3.connect(path).iterdump()) + "\n"
    (HERE / f"{head_revision()}.sql.gz").write_bytes(gzip.compress(dump.encode(), mtime=0))


if __name__ == "__main__":
    main()
