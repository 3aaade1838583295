"""What reports, command line and pages read."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from samples import attempt, fill, proof, sha, start_round, theorem

from corpus import proof_list
from corpus.errors import NotFound
from corpus.lineage import ancestors
from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import Coverage, Origin, show_proof, stats
from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import TheoremHistory, count_test_evaluations, history, outcomes
from corpus.snapshot import take_snapshot
from corpus.store import Corpus


def generation(corpus: Corpus, number: int, parent: int | None) -> int:
    id = corpus.start_generation(
        run="run",
        number=number,
        parent=parent,
        recipe="expert iteration",
        config={},
        config_hash=sha("config"),
        seeds={"torch": number},
        versions={},
        snapshot_hash=take_snapshot(corpus).hash,
    )
    corpus.finish_generation(id, model_path=f"models/{number}", model_hash=sha(str(number)), metrics={})
    return id


def test_an_empty_corpus_has_statistics(corpus):
    found = stats(corpus)
    assert (found.proofs, found.mean_length, found.origins, found.by_status) == (0, 0, (), {})
    assert list_proofs(corpus).proofs == ()


def test_statistics(corpus):
    a, b, c, d = fill(corpus)["train"]
    seed = start_round(corpus, [a, b], arm="seed")
    corpus.record_attempt(seed, attempt(a, proof=proof(a, "rfl", source="seed")))
    wrong = corpus.record_attempt(seed, attempt(b, proof=proof(b, "rfl", source="seed"))).proof_id
    policy = start_round(corpus, [a, b, c, d], generation_id=generation(corpus, 0, None))
    corpus.record_attempt(policy, attempt(a, proof=proof(a, "rfl")))
    corpus.record_attempt(policy, attempt(c, proof=proof(c, "intro a", "intro b", "rfl")))
    corpus.record_attempt(policy, attempt(d, AttemptStatus.ERROR))
    corpus.retract(wrong, "wrong")
    found = stats(corpus)
    assert (found.attempts, found.proofs, found.retracted, found.theorems_proved) == (5, 2, 1, 2)
    assert found.mean_length == 2
    assert found.by_source == {"policy": 1, "seed": 1}
    assert found.by_split == {"train": 2}
    assert found.by_status == {AttemptStatus.PROVED: 4, AttemptStatus.ERROR: 1}
    assert found.origins == (Origin("run", None, 1), Origin("run", 0, 1))
    assert Coverage("core@1", "train", "hard", proved=2, theorems=4) in found.coverage
    assert Coverage("core@1", "test", "hard", proved=0, theorems=2) in found.coverage
    assert json.loads(json.dumps(asdict(found)))["by_status"] == {"proved": 4, "error": 1}


@pytest.mark.parametrize("most", [10_000, 0], ids=["sorted", "walked"])
def test_listing_filters_and_pages(corpus, monkeypatch, most):
    monkeypatch.setattr(proof_list, "SORTED", most)
    theorems = fill(corpus, train=5)["train"]
    corpus.start_run("other", {})
    round = start_round(corpus, theorems)
    for i, t in enumerate(theorems):
        source = "seed" if i == 0 else "policy"
        corpus.record_attempt(round, attempt(t, proof=proof(t, f"exact foo_{i}%", source=source)))
    corpus.retract(5, "wrong")

    def names(**filter) -> list[str]:
        return [line.theorem for line in list_proofs(corpus, ProofFilter(**filter)).proofs]

    assert names() == ["train_3", "train_2", "train_1", "train_0"]
    assert names(source="seed") == ["train_0"]
    assert names(theorem="n_2") == names(tactic="foo_2%") == ["train_2"]
    assert names(theorem="train%") == names(tactic="%_2") == [], "no wildcards"
    assert names(retracted=True) == ["train_4"]
    assert len(names(retracted=None, benchmark="core", split="train", stratum="hard", run="run")) == 5
    assert names(split="test") == names(stratum="easy") == names(run="other") == []
    page = list_proofs(corpus, limit=2, offset=1)
    assert (page.total, page.offset, [p.theorem for p in page.proofs]) == (4, 1, ["train_2", "train_1"])
    for unknown in ({"benchmark": "nothing"}, {"run": "nobody"}):
        with pytest.raises(NotFound):
            names(**unknown)


def test_a_proof_s_lineage_goes_back_to_the_first_model(corpus):
    a, b, *_ = fill(corpus)["train"]
    corpus.record_attempt(start_round(corpus, [a], arm="seed"), attempt(a, proof=proof(a, "rfl", source="seed")))
    first = generation(corpus, 0, None)
    found = corpus.record_attempt(start_round(corpus, [b], generation_id=first), attempt(b, proof=proof(b)))
    second = generation(corpus, 1, first)
    third = generation(corpus, 2, second)
    corpus.record_attempt(start_round(corpus, [b], generation_id=third), attempt(b, proof=proof(b)))
    view = show_proof(corpus, found.proof_id)
    line = ancestors(corpus, third)
    assert [g.number for g in line] == [2, 1, 0]
    assert [f.generation for f in view.findings] == [0, 2]
    assert [f.trained_on for f in view.findings] == [line[2].snapshot_hash, line[0].snapshot_hash]
    assert line[0].snapshot_hash != line[2].snapshot_hash
    with pytest.raises(NotFound, match="flywheel corpus list"):
        show_proof(corpus, 99)


def test_what_attempts_cost_adds_up_by_theorem(corpus):
    a, b = fill(corpus)["valid"]
    round = start_round(corpus, [a, b], RoundKind.EVAL)
    corpus.record_attempt(round, attempt(a, AttemptStatus.ERROR))
    corpus.record_attempt(round, attempt(a, proof=proof(a), steps_to_proof=9))
    first, second = outcomes(corpus, round)
    assert (first.steps, first.lean_seconds, first.model_seconds, first.wall_seconds) == (64 + 9, 1.0, 0.5, 2.0)
    assert (second.status, second.steps) == (None, 0)


def test_several_attempts_at_a_theorem_count_once_by_the_best(corpus):
    a, b = fill(corpus)["valid"]
    round = start_round(corpus, [b, a], RoundKind.EVAL)
    corpus.record_attempt(round, attempt(a, proof=proof(a, "rfl"), steps_to_proof=20))
    corpus.record_attempt(round, attempt(a, proof=proof(a, "simp"), steps_to_proof=10, ordinal=1))
    corpus.record_attempt(round, attempt(a, ordinal=2))
    corpus.record_attempt(round, attempt(b, AttemptStatus.ERROR))
    corpus.record_attempt(round, attempt(b, AttemptStatus.UNPROVED))
    first, second = outcomes(corpus, round)
    assert (first.theorem, first.status, first.steps_to_proof) == (b.name, AttemptStatus.UNPROVED, None)
    assert (second.theorem, second.status, second.steps_to_proof) == (a.name, AttemptStatus.PROVED, 10)


def test_every_look_at_test_is_counted(corpus):
    splits = fill(corpus)
    corpus.start_run("other", {})
    start_round(corpus, splits["train"])
    start_round(corpus, splits["valid"], RoundKind.EVAL)
    assert count_test_evaluations(corpus) == 0
    start_round(corpus, splits["test"], RoundKind.EVAL)
    start_round(corpus, splits["test"], RoundKind.EVAL)
    start_round(corpus, splits["test"], RoundKind.EVAL, arm="portfolio")
    start_round(corpus, splits["test"], RoundKind.EVAL, run="other")
    assert count_test_evaluations(corpus) == stats(corpus).test_evaluations == 3
    assert count_test_evaluations(corpus, "run") == 2


def test_history_tells_what_training_has_not_tried(corpus):
    splits = fill(corpus)
    a, b, c, d = splits["train"]
    corpus.start_run("other", {})
    for round in (start_round(corpus, [a, b, c]), start_round(corpus, [a], seed=2)):
        corpus.record_attempt(round, attempt(a, proof=proof(a)))
    round = start_round(corpus, [a, b, c])
    corpus.record_attempt(round, attempt(b))
    corpus.record_attempt(round, attempt(c, AttemptStatus.ERROR))
    corpus.record_attempt(start_round(corpus, [d], RoundKind.EVAL), attempt(d))
    expected = {"train_0": (2, 2), "train_1": (1, 0), "train_2": (0, 0), "train_3": (0, 0)}
    found = history(corpus, "core", "train")
    assert found == {name: TheoremHistory(*counts) for name, counts in expected.items()}
    assert list(found) == list(expected)
    assert set(history(corpus, "core", "train", run="other").values()) == {TheoremHistory(0, 0)}


def test_a_withheld_proof_is_no_solved_theorem(corpus):
    splits = fill(corpus)
    a = splits["train"][0]
    round = start_round(corpus, [a])
    leaking = proof(a, goals=(splits["test"][0].statement_hash,))
    corpus.record_attempt(round, attempt(a, proof=leaking))
    (found,) = outcomes(corpus, round)
    assert (found.status, found.steps_to_proof) == (AttemptStatus.WITHHELD, None)


def test_theorems_of_one_name_in_two_benchmarks_keep_their_own_proofs(corpus):
    a = fill(corpus)["train"][0]
    corpus.add_benchmark("core", "2", "library", [replace(theorem(a.name), statement="newer")])
    corpus.start_run("newer", {})
    for run, key in (("run", "core@1"), ("newer", "core@2")):
        round = start_round(corpus, [a], run=run, benchmark=key)
        assert corpus.record_attempt(round, attempt(a, proof=proof(a))).new_proof
    assert sorted(line.benchmark for line in list_proofs(corpus).proofs) == ["core@1", "core@2"]
    assert list_proofs(corpus, ProofFilter(benchmark="core")).total == 1
    assert take_snapshot(corpus).proofs == 2
