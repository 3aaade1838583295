"""A row that somebody changed by hand is named, in one sentence, by whatever reads it."""

from __future__ import annotations

import pytest
from samples import attempt, fill, proof, start_round
from tamper import tamper

from corpus.damage import all_damage
from corpus.database import reading
from corpus.errors import RowCorrupt
from corpus.proof_list import list_proofs
from corpus.query import show_proof, stats
from corpus.round_results import outcomes
from corpus.snapshot import take_snapshot, verify
from corpus.snapshot_views import describe
from corpus.store import Corpus


@pytest.fixture
def stored(sqlite_corpus):
    corpus = sqlite_corpus
    theorems = fill(corpus)["train"]
    round = start_round(corpus, theorems)
    for one in theorems:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    return corpus, take_snapshot(corpus), round


CASES = {
    "certificate gone": ("DELETE FROM certificate WHERE proof_id = 2", "proof id 2: its certificate is gone"),
    "JSON cut off": (
        "UPDATE certificate SET kernels = substr(kernels, 1, 5) WHERE proof_id = 2",
        "certificate proof_id 2: kernels cannot be read",
    ),
    "JSON of another kind": (
        "UPDATE certificate SET axioms = '7' WHERE proof_id = 2",
        "certificate proof_id 2: axioms cannot be read",
    ),
    "time": ("UPDATE proof SET created_at = 'yesterday' WHERE id = 2", "proof id 2: created_at cannot be read"),
    "state gone": (
        "DELETE FROM state WHERE id = (SELECT max(state_id) FROM step WHERE proof_id = 2)",
        "step proof_id 2, position ",
    ),
    "theorem gone": ("DELETE FROM theorem WHERE id = 2", "proof id 2: its theorem 2 is gone"),
}


@pytest.mark.parametrize(("statement", "said"), CASES.values(), ids=CASES)
def test_showing_a_damaged_proof_names_the_row_and_what_to_do(stored, path, statement, said):
    corpus, snapshot, _ = stored
    tamper(path, statement)
    for read in (lambda: show_proof(corpus, 2), lambda: verify(corpus, snapshot.hash)):
        with pytest.raises(RowCorrupt, match="flywheel corpus verify") as refused:
            read()
        assert str(refused.value).startswith(said)
    assert show_proof(corpus, 1).proof.id == 1, "the others can still be read"


def test_an_unknown_status_names_its_attempt(stored, path):
    corpus, _, round = stored
    tamper(path, "UPDATE attempt SET status = 'perfect' WHERE id = 3")
    for read in (lambda: stats(corpus), lambda: outcomes(corpus, round)):
        with pytest.raises(RowCorrupt, match=r"^attempt id 3: status cannot be read \('perfect' is none of error"):
            read()
    assert list_proofs(corpus).total == 4


def test_every_damaged_row_is_listed(stored, path):
    corpus, *_ = stored
    with reading(corpus.engine) as session:
        assert list(all_damage(session)) == []
    tamper(
        path,
        "UPDATE attempt SET status = 'perfect' WHERE id = 3",
        "UPDATE theorem SET extra = '{' WHERE id IN (1, 5)",
        "DELETE FROM step WHERE proof_id = 4 AND position = 1",
        "DELETE FROM certificate WHERE proof_id = 1",
    )
    with reading(corpus.engine) as session:
        assert sorted(f"{one.table} {one.key}" for one in all_damage(session)) == [
            "attempt id 3",
            "proof id 1",
            "proof id 4",
            "theorem id 1",
            "theorem id 5",
        ]


def test_a_snapshots_kept_counts_are_counted_again_where_they_are_none(stored, path):
    corpus, snapshot, _ = stored
    for contents in ("NULL", "'{\"a\": 1}'", "'[[1]]'"):
        tamper(path, f"UPDATE snapshot SET contents = {contents}")
        assert describe(corpus, snapshot.hash).by_source == {"policy": 4}
    tamper(path, "UPDATE snapshot SET contents = '[[1, 2'")
    with pytest.raises(RowCorrupt, match=r"^snapshot id 1: contents cannot be read"):
        describe(corpus, snapshot.hash)


def test_an_error_with_another_cause_stays_what_it_is(stored):
    corpus, *_ = stored
    with pytest.raises(KeyError, match="mine"), reading(corpus.engine):
        raise KeyError("mine")


def test_a_write_that_meets_a_damaged_row_changes_nothing(stored, path):
    corpus, *_ = stored
    tamper(path, "UPDATE run SET config = '{'")
    with pytest.raises(RowCorrupt, match="run id 1"):
        corpus.start_run("run", {})
    corpus.close()
    with Corpus.open(str(path)) as again:
        assert list_proofs(again).total == 4
