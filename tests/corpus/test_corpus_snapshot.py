"""A snapshot's hash says what is in it, however it came there."""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import attempt, by_hand, fill, proof, sha, start_round, theorem
from sqlalchemy import event

from corpus import buckets
from corpus import snapshot as snapshot_module
from corpus.errors import NotFound, SnapshotCorrupt
from corpus.hashing import BUCKETS, EMPTY_BUCKETS, bucket_of, hash_of_set, set_hash, with_buckets
from corpus.records import RoundKind
from corpus.snapshot import SnapshotFilter, find_snapshot, snapshot_proofs, snapshots, take_snapshot, verify
from corpus.store import Corpus

HASHES = st.sets(st.integers(0, 5000).map(lambda i: sha(str(i))), max_size=60)


def from_scratch(hashes: set[str]) -> bytes:
    found: dict[int, list[str]] = {}
    for value in hashes:
        found.setdefault(bucket_of(value), []).append(value)
    return with_buckets(EMPTY_BUCKETS, found)


@given(HASHES, st.randoms(use_true_random=False))
def test_the_hash_of_a_set_has_no_order(hashes: set[str], order: random.Random):
    shuffled = sorted(hashes)
    order.shuffle(shuffled)
    found: dict[int, list[str]] = {}
    for value in shuffled:
        found.setdefault(bucket_of(value), []).append(value)
    assert with_buckets(EMPTY_BUCKETS, found) == from_scratch(hashes)


@given(HASHES, HASHES)
def test_rehashing_what_changed_equals_hashing_all(before: set[str], after: set[str]):
    touched = {bucket_of(value) for value in before ^ after}
    changed = {bucket: [v for v in after if bucket_of(v) == bucket] for bucket in touched}
    assert with_buckets(from_scratch(before), changed) == from_scratch(after)


@given(HASHES)
def test_a_running_hash_is_that_of_the_set(hashes: set[str]):
    assert hash_of_set(hashes) == set_hash(from_scratch(hashes), len(hashes))


@given(HASHES, HASHES)
def test_other_sets_have_other_hashes(one: set[str], other: set[str]):
    same = set_hash(from_scratch(one), len(one)) == set_hash(from_scratch(other), len(other))
    assert same == (one == other)


def test_the_tree_as_a_second_hand_computes_it():
    hashes = ["a" * 64, "aaa" + "0" * 61, "f" * 64]
    digests = [bytes(32)] * BUCKETS
    digests[0xAAA] = hashlib.sha256(f"{hashes[1]}\n{hashes[0]}".encode()).digest()
    digests[0xFFF] = hashlib.sha256(hashes[2].encode()).digest()
    root = hashlib.sha256(b"".join(digests)).hexdigest()
    text = f'{{"format":"lean-flywheel snapshot 1","proofs":3,"root":"{root}"}}'
    assert set_hash(from_scratch(set(hashes)), 3) == hashlib.sha256(text.encode()).hexdigest()


def test_the_format_has_not_changed(corpus):
    """A snapshot's name is for good. If this fails, old snapshots no longer verify."""
    a, b, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a, b])
    corpus.record_attempt(round, attempt(a, proof=proof(a)))
    corpus.record_attempt(round, attempt(b, proof=proof(b, "simp", source="seed")))
    assert take_snapshot(corpus).hash == "083f6c95ec85665ec71dd5c0b007d77ba7f852143cb4235515a75ce44fc536f6"


def test_nothing_new_is_the_same_snapshot(corpus):
    a, b, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a, b])
    assert take_snapshot(corpus) == take_snapshot(corpus)
    corpus.record_attempt(round, attempt(a, proof=proof(a)))
    one = take_snapshot(corpus)
    corpus.record_attempt(round, attempt(a, proof=proof(a), ordinal=1))
    corpus.record_attempt(round, attempt(b))
    assert take_snapshot(corpus) == one
    assert [(s.proofs, s.theorems) for s in snapshots(corpus)] == [(0, 0), (1, 1)]
    assert find_snapshot(corpus, one.hash) == one


def test_a_snapshot_stays_what_it_was(corpus):
    a, b, c, d = fill(corpus)["train"]
    round = start_round(corpus, [a, b, c, d])
    ids = [corpus.record_attempt(round, attempt(t, proof=proof(t))).proof_id for t in (a, b)]
    first = take_snapshot(corpus)
    corpus.record_attempt(round, attempt(c, proof=proof(c)))
    corpus.retract(ids[0], "wrong")
    second = take_snapshot(corpus)
    corpus.set_guard([proof(b).steps[1].goal_hashes[0]])
    third = take_snapshot(corpus)
    names = [sorted(p.theorem.name for p in snapshot_proofs(corpus, s.hash)) for s in (first, second, third)]
    assert names == [["train_0", "train_1"], ["train_1", "train_2"], ["train_2"]]
    assert [(s.proofs, s.withheld) for s in (first, second, third)] == [(2, 0), (2, 0), (1, 1)]


def test_a_proof_that_leaks_by_a_later_guard_never_enters(corpus):
    a, *_ = fill(corpus)["train"]
    corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=proof(a, goals=(sha("later"),))))
    later = theorem("later", "valid")
    corpus.add_benchmark("more", "1", "library", [later])
    assert take_snapshot(corpus).proofs == 1, "the statement's own hash is another"
    corpus.set_guard([sha("later")])
    taken = take_snapshot(corpus, SnapshotFilter(sources=("policy",)))
    assert (taken.proofs, taken.withheld) == (0, 1)
    taken = take_snapshot(corpus)
    assert (taken.proofs, taken.withheld) == (0, 1)


def test_filters(corpus):
    a, b, c, _ = fill(corpus)["train"]
    corpus.start_run("other", {})
    seed = start_round(corpus, [a, b], arm="seed")
    search = start_round(corpus, [a, b, c], run="other")
    evaluation = start_round(corpus, [c], RoundKind.EVAL)
    corpus.record_attempt(seed, attempt(a, proof=proof(a, "rfl", source="seed")))
    corpus.record_attempt(search, attempt(a, proof=proof(a, "rfl")))
    corpus.record_attempt(search, attempt(b, proof=proof(b, "intro a", "intro b", "rfl")))
    corpus.record_attempt(evaluation, attempt(c, proof=proof(c)))

    def found(**filter) -> list[str]:
        taken = take_snapshot(corpus, SnapshotFilter(**filter))
        return sorted(p.theorem.name for p in snapshot_proofs(corpus, taken.hash))

    assert found() == ["train_0", "train_1"]
    assert found(run="run") == ["train_0"]
    assert found(run="other") == ["train_0", "train_1"]
    assert found(sources=("policy",)) == ["train_1"]
    assert found(sources=("seed", "policy")) == ["train_0", "train_1"]
    assert found(max_steps=2) == ["train_0"]
    assert found(benchmarks=("core",)) == ["train_0", "train_1"]
    corpus.add_benchmark("core", "2", "library", [])
    assert found(benchmarks=("core",)) == []
    assert found(benchmarks=("core@1",)) == ["train_0", "train_1"]
    with pytest.raises(NotFound):
        found(run="nobody")
    assert take_snapshot(corpus).hash == take_snapshot(corpus, SnapshotFilter(run="other")).hash


def test_reading_goes_by_content_hash_through_many_batches(corpus, monkeypatch):
    monkeypatch.setattr(snapshot_module, "BATCH", 7)
    theorems = fill(corpus, train=30)["train"]
    round = start_round(corpus, theorems)
    for t in theorems:
        corpus.record_attempt(round, attempt(t, proof=proof(t)))
    taken = take_snapshot(corpus)
    reading = snapshot_proofs(corpus, taken.hash)
    read = [next(reading)]
    corpus.record_attempt(round, attempt(theorems[0], proof=proof(theorems[0], "rfl"), ordinal=1))
    corpus.retract(1, "while somebody reads")
    take_snapshot(corpus)
    read += reading
    assert len(read) == 30
    assert [p.content_hash for p in read] == sorted(p.content_hash for p in read)
    assert {p.theorem.name: p.steps for p in read} == {t.name: proof(t).steps for t in theorems}


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE step SET tactic = 'sorry' WHERE proof_id = 2 AND position = 0",
        "UPDATE state SET text = text || ' ' WHERE id IN (SELECT state_after_id FROM step WHERE proof_id = 2)",
        "UPDATE theorem SET split = 'test' WHERE id = 2",
        "UPDATE theorem SET statement = '1 = 1' WHERE id = 2",
        "UPDATE goal SET hash = '' WHERE proof_id = 2",
        "UPDATE proof SET source = 'seed' WHERE id = 2",
        "DELETE FROM step WHERE proof_id = 2 AND position = 1",
        "DELETE FROM snapshot_change WHERE proof_id = 2",
        "INSERT INTO snapshot_change VALUES (1, 2, true, 1)",
        "INSERT INTO snapshot_change VALUES (1, 4, false, 1)",
    ],
)
def test_tampering_is_seen_on_reading(corpus, tampering):
    theorems = fill(corpus)["train"]
    round = start_round(corpus, theorems)
    for t in theorems[:3]:
        corpus.record_attempt(round, attempt(t, proof=proof(t)))
    taken = take_snapshot(corpus)
    corpus.record_attempt(round, attempt(theorems[3], proof=proof(theorems[3])))
    assert verify(corpus, taken.hash) == 3
    with by_hand(corpus) as connection:
        connection.exec_driver_sql(tampering)
    with pytest.raises(SnapshotCorrupt):
        verify(corpus, taken.hash)


@pytest.mark.parametrize("change", ["members = zeroblob(32)", "members = ''", "bucket = (bucket + 1) % 4096"])
def test_a_changed_bucket_is_seen_by_the_next_snapshot(path, change):
    with Corpus.open(str(path)) as corpus:
        theorems = fill(corpus)["train"]
        round = start_round(corpus, theorems)
        corpus.record_attempt(round, attempt(theorems[0], proof=proof(theorems[0])))
        taken = take_snapshot(corpus)
        with by_hand(corpus) as connection:
            connection.exec_driver_sql(f"UPDATE snapshot_bucket SET {change}")
        corpus.retract(1, "wrong")
        with pytest.raises(SnapshotCorrupt, match="Restore the database"):
            take_snapshot(corpus)
        assert snapshots(corpus) == [taken]


def test_a_snapshot_costs_what_is_new(sqlite_corpus, monkeypatch):
    """Instructions of SQLite's machine for one new proof beside 10 and beside 150 old ones of the same bucket."""
    monkeypatch.setattr(buckets, "bucket_of", lambda _hash: 0)
    theorems = fill(sqlite_corpus, train=160)["train"]
    round = start_round(sqlite_corpus, theorems)
    costs = []
    for known, new in (theorems[:10], theorems[10]), (theorems[11:151], theorems[151]):
        sqlite_corpus.record_attempts([(round, attempt(t, proof=proof(t))) for t in known])
        take_snapshot(sqlite_corpus)
        sqlite_corpus.record_attempt(round, attempt(new, proof=proof(new)))
        with instructions(sqlite_corpus) as count:
            take_snapshot(sqlite_corpus)
        costs.append(count[0])
    assert costs[1] < 1.2 * costs[0], costs


@contextmanager
def instructions(corpus: Corpus) -> Iterator[list[int]]:
    count = [0]

    def step() -> int:
        count[0] += 1
        return 0

    def watch(connection) -> None:
        connection.connection.driver_connection.set_progress_handler(step, 1)

    event.listen(corpus.engine, "begin", watch)
    try:
        yield count
    finally:
        event.remove(corpus.engine, "begin", watch)


def test_an_unknown_snapshot(corpus):
    with pytest.raises(NotFound, match="flywheel corpus snapshot"):
        verify(corpus, sha("nothing"))


THEOREMS, TACTICS = 5, ("rfl", "simp", "omega")
#: Things that can happen to a corpus: a proof of theorem i by tactic j, its retraction, a guard on theorem i's goals.
EVENTS = st.one_of(
    st.tuples(st.just("prove"), st.integers(0, THEOREMS - 1), st.sampled_from(TACTICS)),
    st.tuples(st.just("retract"), st.integers(0, THEOREMS - 1), st.sampled_from(TACTICS)),
    st.tuples(st.just("guard"), st.integers(0, THEOREMS - 1), st.just("")),
    st.tuples(st.just("snapshot"), st.just(0), st.just("")),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, max_size=20), st.randoms(use_true_random=False))
def test_any_history_ends_in_the_snapshot_of_what_survives(events: list[tuple[str, int, str]], order: random.Random):
    """Incremental equals from scratch, in another database and order; every snapshot on the way verifies."""
    ids: dict[tuple[int, str], int] = {}
    retracted: set[tuple[int, str]] = set()
    guarded: set[int] = set()
    taken: dict[str, set[tuple[int, str]]] = {}

    def surviving() -> set[tuple[int, str]]:
        return {key for key in ids if key not in retracted and key[0] not in guarded}

    with tempfile.TemporaryDirectory() as folder:
        with Corpus.open(f"{folder}/one.db") as corpus:
            theorems = fill(corpus, train=THEOREMS)["train"]
            round = start_round(corpus, theorems)
            for ordinal, (event, i, tactic) in enumerate([*events, ("snapshot", 0, "")]):
                if event == "prove":
                    record = attempt(theorems[i], proof=proof(theorems[i], tactic), ordinal=ordinal)
                    proof_id = corpus.record_attempt(round, record).proof_id
                    assert (proof_id is None) == (i in guarded)
                    if proof_id is not None:
                        ids[i, tactic] = proof_id
                elif event == "retract" and (i, tactic) in ids:
                    corpus.retract(ids[i, tactic], "wrong")
                    retracted.add((i, tactic))
                elif event == "guard":
                    corpus.set_guard(proof(theorems[i]).steps[0].goal_hashes)
                    guarded.add(i)
                elif event == "snapshot":
                    last = take_snapshot(corpus)
                    taken[last.hash] = surviving()
                    assert last.theorems == len({i for i, _ in surviving()})
            for name, expected in taken.items():
                read = {(int(p.theorem.name.split("_")[1]), p.steps[0].tactic) for p in snapshot_proofs(corpus, name)}
                assert read == expected
        with Corpus.open(str(Path(folder) / "other.db")) as other:
            fill(other, train=THEOREMS)
            round = start_round(other, theorems)
            keys = sorted(surviving())
            order.shuffle(keys)
            for ordinal, (i, tactic) in enumerate(keys):
                other.record_attempt(round, attempt(theorems[i], proof=proof(theorems[i], tactic), ordinal=ordinal))
            assert take_snapshot(other).hash == last.hash


def test_from_a_round_on_only_what_was_found_then_counts(sqlite_corpus: Corpus) -> None:
    train = fill(sqlite_corpus)["train"]
    first, second = (start_round(sqlite_corpus, train, seed=seed) for seed in (1, 2))
    for round, found in ((first, train[:3]), (second, train[2:])):
        for one in found:
            sqlite_corpus.record_attempt(round, attempt(one, proof=proof(one)))
    last = take_snapshot(sqlite_corpus, SnapshotFilter(run="run", from_round=second.id))
    # What both rounds found was stored by the first, and counts all the same.
    names = {one.theorem.name for one in snapshot_proofs(sqlite_corpus, last.hash)}
    assert names == {one.name for one in train[2:]} and dict(last.filter) == {"run": "run", "from_round": second.id}
    everything = take_snapshot(sqlite_corpus, SnapshotFilter(run="run", from_round=first.id))
    assert everything.hash == take_snapshot(sqlite_corpus, SnapshotFilter(run="run")).hash != last.hash
