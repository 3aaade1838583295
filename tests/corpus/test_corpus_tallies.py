"""Kept counts are what a count of all rows says, whoever wrote them and whenever they were last brought up to date."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import attempt, by_hand, fill, proof, search_tree, start_round
from sqlalchemy import select, text

from corpus import schema, tallies
from corpus.backup import backup
from corpus.counting import Key, new_counts
from corpus.database import reading, writing
from corpus.merge import merge
from corpus.query import stats
from corpus.records import AttemptStatus
from corpus.store import Corpus
from corpus.tallies import RoundCounts, catch_up, round_counts, tallied


def recounted(corpus):
    """The counts from nothing: without what is stored."""
    with by_hand(corpus) as connection:
        connection.execute(text("DELETE FROM tally"))
    return kept(corpus)


def kept(corpus):
    """All counts, and those of the rounds."""
    with reading(corpus.engine) as session:
        rounds = round_counts(session, session.scalars(select(schema.Round.id)))
        return +tallied(session), rounds


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
    found, rounds = kept(corpus)
    assert (found, rounds) == recounted(corpus)
    assert rounds == {1: RoundCounts(tried=4, solved=1, errors=0)}
    assert found[Key("proofs")] == 1 and found[Key("source", "seed")] == 1 and not found[Key("source", "policy")]
    assert found[Key("status", "proved")] == 3 and found[Key("status", "unproved")] == found[Key("trees")] == 1


def test_a_finished_round_is_counted_for_those_who_only_read(corpus):
    some_work(corpus)
    corpus.finish_round(corpus.rounds("run")[0])
    with reading(corpus.engine) as session:
        stored = {(t.what, t.of): t.count for t in session.scalars(select(schema.Tally))}
    assert stored["proofs", ""] == 1 and stored["seen", "attempt"] == 4
    assert kept(corpus) == recounted(corpus)


def test_a_writer_that_is_undone_leaves_no_count_behind(corpus):
    """Its ids come again, with other rows."""
    a, b, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a, b])
    before = kept(corpus)
    with pytest.raises(OSError, match="undone"), writing(corpus.engine) as session:
        values = {"round_id": round.id, "theorem_id": 1, "ordinal": 0, "retry": 0, "status": AttemptStatus.REJECTED}
        numbers = ("steps", "heartbeats", "lean_seconds", "model_seconds", "wall_seconds", "wall_limit_hits", "nodes")
        session.add(schema.Attempt(**values, **dict.fromkeys(numbers, 0), reason="", stats={}))
        session.flush()
        catch_up(session)
        raise OSError("undone")
    assert kept(corpus) == before
    corpus.record_attempt(round, attempt(a))
    assert kept(corpus) == recounted(corpus)


def test_who_looks_again_counts_only_what_is_new(corpus, monkeypatch):
    some_work(corpus)
    asked = []
    monkeypatch.setattr(tallies, "new_counts", lambda session, seen: asked.append(seen) or new_counts(session, seen))
    first, again = kept(corpus), kept(corpus)
    assert first == again and len(asked) == 1
    corpus.record_attempt(corpus.rounds("run")[0], attempt(corpus.theorem("train_2"), ordinal=3))
    assert kept(corpus) == recounted(corpus)
    assert [seen.attempt for seen in asked] == [2, 4, 0]


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


def test_a_theorem_counts_once_and_falls_with_its_last_proof(corpus):
    """Whatever was counted in between."""
    a, b, c, _ = fill(corpus)["train"]
    round = start_round(corpus, [a, b, c])
    deeds = [
        lambda: corpus.record_attempt(round, attempt(a, proof=proof(a, "rfl"))),
        lambda: corpus.record_attempt(round, attempt(a, proof=proof(a, "simp"), ordinal=1)),
        lambda: corpus.record_attempt(round, attempt(b, AttemptStatus.ERROR)),
        lambda: corpus.record_attempt(round, attempt(b)),
        lambda: corpus.retract(1, "wrong"),
        lambda: corpus.record_attempt(round, attempt(a, proof=proof(a, "rfl"), ordinal=2)),  # the wrong one again
        lambda: corpus.retract(2, "wrong"),
        lambda: corpus.record_attempt(round, attempt(a, proof=proof(a, "omega"), ordinal=3)),
        lambda: corpus.record_attempt(round, attempt(c, proof=proof(c, "omega"))),
        lambda: corpus.retract(4, "wrong"),
    ]
    expected = [(1, 1), (1, 1), (1, 1), (2, 1), (2, 1), (2, 1), (2, 0), (2, 1), (3, 2), (3, 1)]
    seen = []
    for number, deed in enumerate(deeds):
        deed()
        if number % 3 == 1:
            with writing(corpus.engine) as session:
                catch_up(session)
        _, rounds = kept(corpus)
        seen.append((rounds[round.id].tried, rounds[round.id].solved))
        assert stats(corpus).theorems_proved == rounds[round.id].solved
    assert seen == expected
    assert rounds[round.id].errors == 1
    assert kept(corpus) == recounted(corpus)
