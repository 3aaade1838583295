"""Kept counts are what a count of all rows says, whoever wrote them and whenever they were last brought up to date."""

from __future__ import annotations

from dataclasses import replace

from samples import attempt, by_hand, fill, proof, search_tree, start_round
from sqlalchemy import select, text

from corpus import schema
from corpus.backup import backup
from corpus.database import reading, writing
from corpus.merge import merge
from corpus.query import stats
from corpus.records import AttemptStatus
from corpus.store import Corpus
from corpus.tallies import Key, catch_up, tallied


def recounted(corpus):
    """The counts from nothing: without what is stored."""
    with by_hand(corpus) as connection:
        connection.execute(text("DELETE FROM tally"))
    with reading(corpus.engine) as session:
        return +tallied(session)


def kept(corpus):
    with reading(corpus.engine) as session:
        return +tallied(session)


def some_work(corpus) -> None:
    a, b, c, d = fill(corpus)["train"]
    round = start_round(corpus, [a, b, c, d])
    corpus.record_attempt(round, attempt(a, proof=proof(a, "rfl", source="seed")))
    wrong = corpus.record_attempt(round, attempt(b, proof=proof(b, "simp", "rfl"))).proof_id
    with writing(corpus.engine) as session:
        catch_up(session)
    corpus.record_attempt(round, replace(attempt(c), trees=(search_tree(c),)))
    corpus.retract(wrong, "wrong")  # counted before, taken back after
    second = corpus.record_attempt(round, attempt(d, proof=proof(d))).proof_id
    corpus.retract(second, "wrong")  # counted and taken back at once


def test_what_is_kept_is_what_is_there(corpus):
    some_work(corpus)
    found, again = kept(corpus), recounted(corpus)
    assert found == again
    assert found[Key("proofs")] == 1 and found[Key("source", "seed")] == 1 and not found[Key("source", "policy")]
    assert found[Key("status", "proved")] == 3 and found[Key("status", "unproved")] == found[Key("trees")] == 1


def test_a_finished_round_is_counted_for_those_who_only_read(corpus):
    some_work(corpus)
    corpus.finish_round(corpus.rounds("run")[0])
    with reading(corpus.engine) as session:
        stored = {(t.what, t.of): t.count for t in session.scalars(select(schema.Tally))}
    assert stored["proofs", ""] == 1 and stored["seen", "attempt"] == 4
    assert kept(corpus) == recounted(corpus)


def test_merged_and_copied_corpora_count_alike(corpus, tmp_path):
    some_work(corpus)
    with Corpus.open(str(tmp_path / "other.db")) as other:
        fill(other)
        other.start_run("more", {})
        t = other.theorem("train_3")
        round = start_round(other, [t], run="more")
        other.record_attempt(round, attempt(t, proof=proof(t, "omega")))
        other.record_attempt(round, attempt(t, AttemptStatus.UNPROVED, ordinal=1))
        merge(corpus, other)
    backup(corpus, tmp_path / "copy.db")
    with Corpus.open(str(tmp_path / "copy.db")) as copy:
        assert stats(copy) == stats(corpus)
    assert kept(corpus) == recounted(corpus)
    assert stats(corpus).proofs == 2
