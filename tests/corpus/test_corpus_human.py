"""Steps of people are in a snapshot's hash, and are no proofs."""

from __future__ import annotations

import pytest
from samples import attempt, by_hand, fill, proof, sha, start_round, trace

from corpus.errors import SnapshotCorrupt
from corpus.human import HUMAN_ARM, count_traces, snapshot_traces, store_traces
from corpus.proof_list import list_proofs
from corpus.query import stats
from corpus.snapshot import SnapshotFilter, snapshot_proofs, snapshots, take_snapshot, verify
from corpus.store import Corpus


def names(corpus: Corpus, hash: str) -> list[str]:
    return sorted(one.name for one in snapshot_traces(corpus, hash))


def test_traces_are_counted_as_traces_only(corpus):
    a, b, *_ = fill(corpus)["train"]
    corpus.start_run("people", {})
    round = start_round(corpus, [a], run="people", arm=HUMAN_ARM)
    corpus.record_attempt(round, attempt(a, proof=proof(a, source="human")))
    corpus.record_attempt(start_round(corpus, [b]), attempt(b, proof=proof(b)))
    assert store_traces(corpus, "core", [trace("x"), trace("y")]) == 2
    assert store_traces(corpus, "core", [trace("y"), trace("z")]) == 1
    assert stats(corpus).proofs == list_proofs(corpus).total == 2
    without = take_snapshot(corpus, SnapshotFilter(run="run"))
    with_people = take_snapshot(corpus, SnapshotFilter(run="run", human=("core",)))
    assert (without.proofs, without.human, names(corpus, without.hash)) == (1, 0, [])
    assert (with_people.proofs, with_people.human) == (2, 3)
    assert names(corpus, with_people.hash) == ["x", "y", "z"]
    assert {p.source for p in snapshot_proofs(corpus, with_people.hash)} == {"human", "policy"}
    assert {one.name: one for one in snapshot_traces(corpus, with_people.hash)}["y"] == trace("y")


def test_a_snapshot_keeps_the_traces_it_had(corpus):
    fill(corpus)
    filter = SnapshotFilter(human=("core",))
    store_traces(corpus, "core", [trace("x", sha("state")), trace("y")])
    first = take_snapshot(corpus, filter)
    assert take_snapshot(corpus, filter) == first
    store_traces(corpus, "core", [trace("z")])
    second = take_snapshot(corpus, filter)
    corpus.set_guard([sha("state")])
    third = take_snapshot(corpus, filter)
    assert [names(corpus, s.hash) for s in (first, second, third)] == [["x", "y"], ["x", "y", "z"], ["y", "z"]]
    assert len({s.hash for s in (first, second, third)}) == len(snapshots(corpus)) == 3
    assert count_traces(corpus, "core") == (3, 1)
    assert [verify(corpus, s.hash) for s in (first, second, third)] == [0, 0, 0]


def test_a_changed_step_is_noticed(corpus):
    fill(corpus)
    store_traces(corpus, "core", [trace("x")])
    taken = take_snapshot(corpus, SnapshotFilter(human=("core",)))
    with by_hand(corpus) as connection:
        connection.exec_driver_sql("UPDATE human_step SET tactic = 'sorry' WHERE position = 1")
    with pytest.raises(SnapshotCorrupt, match="human steps"):
        verify(corpus, taken.hash)


def test_a_trace_without_steps_is_refused(corpus):
    fill(corpus)
    with pytest.raises(ValueError, match="no steps"):
        store_traces(corpus, "core", [trace("x").__class__("x", "", "Init", "", ())])
