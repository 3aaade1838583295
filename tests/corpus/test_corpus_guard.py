"""Near-copies of held-out statements, known by their class, are no training data, whenever they are found out."""

from __future__ import annotations

import pytest
from samples import attempt, fill, proof, sha, start_round, theorem

from corpus.errors import LeakageError
from corpus.guard import guarded, held_back, withheld
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import OnLeak

NEAR, OTHER = sha("near")[:32], sha("other")[:32]


def test_a_near_copy_is_withheld_and_said_to_be_one(corpus):
    fill(corpus)
    a, b = theorem("copy"), theorem("unrelated")
    corpus.add_benchmark("mine", "1", "library", [a, b], classes={"copy": NEAR, "unrelated": OTHER})
    assert held_back(corpus.engine, "mine") == frozenset()
    corpus.add_benchmark("theirs", "1", "library", [theorem("held", "test")], classes={"held": NEAR})
    assert held_back(corpus.engine, "mine") == {"copy"}
    round = start_round(corpus, [a, b], benchmark="mine")
    with pytest.raises(LeakageError, match=r"near-copy of the held-out statement held \(theirs, test\)"):
        corpus.record_attempt(round, attempt(a, proof=proof(a)), on_leak=OnLeak.RAISE)
    assert corpus.record_attempt(round, attempt(a, proof=proof(a))).status is AttemptStatus.WITHHELD
    assert corpus.record_attempt(round, attempt(b, proof=proof(b))).status is AttemptStatus.PROVED
    assert withheld(corpus.engine, "run") == 1
    taken = take_snapshot(corpus, SnapshotFilter(run="run"))
    assert [p.theorem.name for p in snapshot_proofs(corpus, taken.hash)] == ["unrelated"]


def test_a_near_copy_of_a_text_is_said_to_be_one(corpus):
    fill(corpus)
    a = theorem("copy")
    corpus.add_benchmark("mine", "1", "library", [a], classes={"copy": NEAR})
    goals = [goal for step in proof(a).steps for goal in step.goal_hashes]
    corpus.set_guard([NEAR, *goals])
    assert guarded(corpus.engine, [NEAR, OTHER]) == {NEAR}
    round = start_round(corpus, [a], benchmark="mine")
    with pytest.raises(LeakageError, match=r"copy is a near-copy of a held-out statement .* its text alone\."):
        corpus.record_attempt(round, attempt(a, proof=proof(a)), on_leak=OnLeak.RAISE)


def test_a_benchmark_that_comes_later_takes_its_near_copies_out(corpus):
    a, b, *_ = fill(corpus)["train"]
    everything = [t for split in ("train", "valid", "test") for t in corpus.theorems("core", split)]
    corpus.add_benchmark("core", "1", "library", everything, {"built": "by hand"}, classes={a.name: NEAR})
    round = start_round(corpus, [a, b])
    for one in (a, b):
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    assert take_snapshot(corpus).proofs == 2
    corpus.add_benchmark("theirs", "1", "library", [theorem("held", "valid")], classes={"held": NEAR})
    after = take_snapshot(corpus)
    assert (after.proofs, after.withheld) == (1, 1)
    assert [p.theorem.name for p in snapshot_proofs(corpus, after.hash)] == [b.name]


def test_classes_are_compared_for_statements_and_not_for_evaluations(corpus):
    held = fill(corpus)["test"][0]
    everything = [t for split in ("train", "valid", "test") for t in corpus.theorems("core", split)]
    corpus.add_benchmark("core", "1", "library", everything, classes={held.name: NEAR, "train_0": OTHER})
    round = start_round(corpus, [held], RoundKind.EVAL)
    assert corpus.record_attempt(round, attempt(held, proof=proof(held))).status is AttemptStatus.PROVED
    assert held_back(corpus.engine, "core") == frozenset()
