"""Snapshots by a beginning of their hash, what they differ in; lineage both ways; two generations; one theorem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from samples import attempt, fill, proof, sha, start_round, theorem

from corpus import generations, snapshot_views
from corpus.errors import Ambiguous, NotFound
from corpus.generations import Length
from corpus.lineage_tree import lineage
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import SnapshotFilter, find_snapshot, snapshot_proofs, snapshots, take_snapshot, verify
from corpus.theorems import show_theorem

UNPROVED = AttemptStatus.UNPROVED


def train(corpus, number, parent=None, run="run"):
    """A generation trained on all that there is now."""
    id = corpus.start_generation(
        run=run,
        number=number,
        parent=parent,
        recipe="expert-iteration",
        config={},
        config_hash=sha("config"),
        seeds={},
        versions={},
        snapshot_hash=take_snapshot(corpus).hash,
    )
    corpus.finish_generation(id, model_path="m", model_hash=sha(f"{run} {number}"), metrics={})
    return id


def evaluate(corpus, generation_id, number, lengths, **changes):
    """An evaluation of M_`number`: the tactics of the proof that it found for each valid theorem, None for none."""
    theorems = [theorem(f"valid_{i}", "valid") for i in range(len(lengths))]
    round = start_round(
        corpus,
        theorems,
        RoundKind.EVAL,
        generation_id=generation_id,
        arm=f"M_{number}",
        config={"policy": f"M_{number}", "steps": 64},
        **changes,
    )
    for one, length in zip(theorems, lengths, strict=True):
        found = proof(one, *(f"step {number} {i}" for i in range(length))) if length else None
        corpus.record_attempt(round, attempt(one, UNPROVED, proof=found))


@pytest.fixture
def wheel(corpus):
    """Seeds 0 and 1 -> M_0, which finds 2 -> M_1, which finds 3 and 2 again."""
    a, b, c, d = fill(corpus, valid=5)["train"]
    seeds = start_round(corpus, [a, b], arm="seed")
    for one in (a, b):
        corpus.record_attempt(seeds, attempt(one, proof=proof(one, "rfl", source="seed")))
    first = train(corpus, 0)
    round = start_round(corpus, [c, d], generation_id=first)
    corpus.record_attempt(round, attempt(c, proof=proof(c)))
    corpus.record_attempt(round, attempt(d))
    second = train(corpus, 1, first)
    round = start_round(corpus, [c, d, a], generation_id=second)
    corpus.record_attempt(round, attempt(d, proof=proof(d), steps_to_proof=9))
    corpus.record_attempt(round, attempt(c, proof=proof(c)))
    corpus.record_attempt(round, attempt(a, proof=proof(a, "simp")))
    evaluate(corpus, first, 0, [None, 2, 3, 2, 2])
    evaluate(corpus, second, 1, [1, None, 2, 3, 2])
    take_snapshot(corpus)
    return corpus


def test_the_beginning_of_a_hash_is_enough_everywhere(wheel):
    whole = [one.hash for one in snapshots(wheel)]
    for hash_ in whole:
        short = next(hash_[:n] for n in range(1, 65) if sum(h.startswith(hash_[:n]) for h in whole) == 1)
        assert find_snapshot(wheel, short.upper()).hash == hash_
        assert verify(wheel, short) == len(list(snapshot_proofs(wheel, short)))
        assert lineage(wheel, f"snapshot:{short}").id == hash_


@pytest.fixture
def many(corpus):
    """Snapshots of 20 sets: by the pigeonhole, two hashes begin with the same digit."""
    theorems = fill(corpus, train=20)["train"]
    round = start_round(corpus, theorems)
    for one in theorems:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
        take_snapshot(corpus)
    return corpus


def test_an_ambiguous_beginning_lists_the_candidates(many):
    whole = sorted(one.hash for one in snapshots(many))
    digit = next(a[0] for a, b in pairwise(whole) if a[0] == b[0])
    for ask in (find_snapshot, snapshot_views.describe, verify, lambda c, h: snapshot_views.diff(c, whole[0], h)):
        with pytest.raises(Ambiguous, match=f"begin with {digit}") as refused:
            ask(many, digit)
        assert all(hash_ in str(refused.value) for hash_ in whole if hash_.startswith(digit))


@pytest.mark.parametrize("unknown", ["0" * 64, "xyz", "", "%", "0' OR 1", "a" * 65])
def test_an_unknown_hash_is_not_found(wheel, unknown):
    with pytest.raises(NotFound, match="snapshot"):
        find_snapshot(wheel, unknown)


def test_since_leaves_out_what_was_stored_before(wheel):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert take_snapshot(wheel, SnapshotFilter(since=tomorrow)).proofs == 0
    everything = take_snapshot(wheel, SnapshotFilter(since=tomorrow - timedelta(days=2)))
    assert everything.hash == take_snapshot(wheel).hash
    assert list(everything.filter) == ["since"]
    assert take_snapshot(wheel).filter == {}


def test_a_diff_says_who_entered_and_who_left(wheel):
    first, _, last = snapshots(wheel)
    wheel.retract(1, "wrong")
    now = take_snapshot(wheel)
    found = snapshot_views.diff(wheel, first.hash, now.hash)
    assert (found.entered, found.left, found.kept) == (3, 1, 1)
    assert [(c.theorem, c.entered, c.left, c.kept) for c in found.theorems] == [
        ("train_0", 1, 1, 0),
        ("train_2", 1, 0, 0),
        ("train_3", 1, 0, 0),
    ]
    back = snapshot_views.diff(wheel, now.hash, first.hash)
    assert (back.entered, back.left, back.kept) == (1, 3, 1)
    assert snapshot_views.diff(wheel, last.hash, last.hash).theorems == ()


def test_a_snapshot_is_described(wheel):
    view = snapshot_views.describe(wheel, snapshots(wheel)[1].hash)
    assert (view.by_benchmark, view.by_source) == ({"core@1": 3}, {"policy": 1, "seed": 2})
    assert view.trained == ("run/M_1",)
    assert view.before == snapshots(wheel)[0].hash


def flat(nodes, depth=0):
    for node in nodes:
        yield "  " * depth + node.text
        yield from flat(node.children, depth + 1)


def shape(nodes, depth=0):
    """Kinds and ids alone."""
    return [(depth, n.kind, n.id) for n in nodes] and [
        one for n in nodes for one in [(depth, n.kind, n.id), *shape(n.children, depth + 1)]
    ]


def test_a_proof_s_lineage_goes_down_to_the_seeds(wheel):
    first, second, _ = (one.hash for one in snapshots(wheel))
    tree = lineage(wheel, "4")
    assert (tree.kind, tree.id) == ("proof", "4") and "train_3" in tree.text
    assert shape(tree.origin) == [
        (0, "attempt", "5"),
        (1, "generation", "run/M_1"),
        (2, "snapshot", second),
        (3, "arm", None),
        (3, "generation", "run/M_0"),
        (4, "snapshot", first),
        (5, "arm", None),
    ]
    assert "2 found first by seed, no model, run run" in list(flat(tree.origin))[-1]


def test_a_proof_s_lineage_goes_up_to_the_models_trained_on_it(wheel):
    first, second, last = (one.hash for one in snapshots(wheel))
    assert shape(lineage(wheel, "1").later) == [
        (0, "snapshot", first),
        (1, "generation", "run/M_0"),
        (2, "more", None),
        (3, "proof", "3"),
        *[(3, "proof", str(id)) for id in (6, 7, 8, 9)],
        (2, "generation", "run/M_1"),
        (3, "more", None),
        *[(4, "proof", str(id)) for id in (4, 5, 10, 11, 12)],
        (4, "more", None),
        (1, "generation", "run/M_1"),
    ]
    assert shape(lineage(wheel, "4").later) == [(0, "snapshot", last)]
    assert second


def test_a_snapshot_s_lineage_has_both_sides(wheel):
    tree = lineage(wheel, snapshots(wheel)[1].hash)
    assert [node.id for node in tree.origin] == [None, "run/M_0"]
    assert [node.id for node in tree.later] == ["run/M_1"]


@pytest.mark.parametrize("name", ["run/M_1", "run:M_1", "run/1", "M_1", "m_1", "generation:1"])
def test_a_generation_has_several_names(wheel, name):
    assert lineage(wheel, name).id == "run/M_1"


@pytest.mark.parametrize(
    "unknown", ["99", "run/M_7", "nobody/M_0", "M_9", "f" * 64, "Nat.add", "", "proof:x", "9" * 30]
)
def test_an_unknown_thing_has_no_lineage(wheel, unknown):
    with pytest.raises(NotFound):
        lineage(wheel, unknown)


def test_a_generation_of_two_runs_needs_the_run(wheel):
    wheel.start_run("other", {})
    train(wheel, 1, run="other")
    with pytest.raises(Ambiguous, match="run/M_1, other/M_1"):
        generations.diff(wheel, "M_0", "M_1")
    assert generations.diff(wheel, "M_0", "run/M_1").b == "run/M_1"


def test_digits_that_are_a_proof_and_a_hash_are_ambiguous(many):
    digits = next(h[:1] for h in (one.hash for one in snapshots(many)) if h[:1].isdigit() and h[:1] != "0")
    if sum(one.hash.startswith(digits) for one in snapshots(many)) == 1:
        with pytest.raises(Ambiguous, match=f"proof:{digits}"):
            lineage(many, digits)
    assert lineage(many, f"proof:{digits}").kind == "proof"


def test_two_generations_by_evaluation_and_by_training(wheel):
    found = generations.diff(wheel, "M_0", "M_1")
    training, evaluation = found.comparisons
    assert (training.kind, training.theorems, training.gained, training.lost) == (
        RoundKind.TRAIN,
        2,
        ("train_3",),
        (),
    )
    assert (evaluation.theorems, evaluation.proved_before, evaluation.proved_after) == (5, 4, 4)
    assert (evaluation.gained, evaluation.lost) == (("valid_0",), ("valid_1",))
    assert evaluation.shorter == (Length("valid_2", 3, 2),)
    assert evaluation.longer == (Length("valid_3", 2, 3),)


def test_evaluations_under_other_conditions_are_not_compared(wheel):
    ids = [one.id for one in wheel.generations("run")]
    evaluate(wheel, ids[0], 0, [1, 1], seed=7)
    evaluate(wheel, ids[1], 1, [1, 1], seed=8)
    found = generations.diff(wheel, "M_0", "M_1")
    assert (len(found.comparisons), found.not_compared) == (2, 2)


def test_a_retracted_proof_counts_as_none(wheel):
    wheel.retract(4, "wrong")
    assert generations.diff(wheel, "M_0", "M_1").comparisons[0].gained == ()
    (view,) = show_theorem(wheel, "train_3")
    assert view.first is None and view.proofs[0].retracted == "wrong"


def test_a_theorem_with_all_that_was_done_about_it(wheel):
    (view,) = show_theorem(wheel, "train_3")
    assert [p.tactics for p in view.proofs] == [("intro a b", "rfl")]
    assert view.first is not None and view.first.generation == 1
    assert [(d.generation, d.status, d.steps_to_proof, d.proofs) for d in view.deeds] == [
        (0, UNPROVED, None, ()),
        (1, AttemptStatus.PROVED, 9, (4,)),
    ]
    (never,) = show_theorem(wheel, "test_0")
    assert (never.proofs, never.first, never.deeds) == ((), None, ())


def test_an_unknown_theorem_is_answered_with_names_like_it(wheel):
    with pytest.raises(NotFound, match="train_0, train_1"):
        show_theorem(wheel, "RAIN")
    with pytest.raises(NotFound, match="corpus search"):
        show_theorem(wheel, "%")
