"""What is stored once is stored once, and says the same after every restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import attempt, fill, proof, sha, start_round, theorem
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from corpus import schema
from corpus.columns import Base
from corpus.errors import Conflict, CorpusError, LeakageError, NotFound
from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import show_proof
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import take_snapshot
from corpus.store import Corpus, OnLeak

GENERATION = {
    "run": "run",
    "number": 0,
    "parent": None,
    "recipe": "expert iteration",
    "config": {"layers": 4},
    "config_hash": sha("config"),
    "seeds": {"torch": 1},
    "versions": {"torch": "2"},
    "snapshot_hash": None,
}


def count(corpus: Corpus, table: type[Base]) -> int:
    with corpus.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_benchmark_comes_back_as_it_went_in(corpus):
    splits = fill(corpus)
    assert corpus.theorems("core", "train") == splits["train"]
    assert corpus.theorems("core@1") == [t for ts in splits.values() for t in ts]
    assert corpus.theorems("core", "test", "easy") == []
    assert corpus.theorem("valid_1") == splits["valid"][1]


def test_adding_a_benchmark_twice_changes_nothing(corpus):
    fill(corpus)
    fill(corpus)
    assert count(corpus, schema.Theorem) == 8
    assert len(corpus.benchmarks()) == 1


def test_a_revision_does_not_change_its_content(corpus):
    fill(corpus)
    with pytest.raises(Conflict, match="flywheel bench build"):
        corpus.add_benchmark("core", "1", "library", [theorem("other")])
    with pytest.raises(Conflict):
        corpus.add_benchmark("core", "1", "another library", corpus.theorems("core"))
    assert count(corpus, schema.Theorem) == 8


def test_a_bare_name_means_the_newest_revision(corpus):
    fill(corpus)
    newer = replace(theorem("train_0"), statement="newer")
    corpus.add_benchmark("core", "2", "library", [newer])
    assert corpus.theorems("core") == [newer]
    assert corpus.theorem("train_0") == newer
    assert corpus.theorem("train_0", "core@1") == theorem("train_0")
    with pytest.raises(NotFound, match="flywheel bench list"):
        corpus.theorems("core@3")


def test_a_run_keeps_its_configuration(corpus):
    first = corpus.start_run("a", {"steps": 32, "nested": {"x": [1, 2]}})
    assert corpus.start_run("a", {"nested": {"x": (1, 2)}, "steps": 32}) == first == corpus.run("a")
    with pytest.raises(Conflict, match="steps"):
        corpus.start_run("a", {"steps": 64, "nested": {"x": [1, 2]}})
    assert corpus.runs() == [first]
    with pytest.raises(Conflict, match=r"different: more, steps"):
        corpus.start_run("a", {"steps": 64, "nested": {"x": [1, 2]}, "more": 1}, may_grow=("steps",))
    with pytest.raises(Conflict, match="steps"):
        corpus.start_run("a", {"steps": 31, "nested": {"x": [1, 2]}}, may_grow=("steps",))
    larger = corpus.start_run("a", {"steps": 64, "nested": {"x": [1, 2]}}, may_grow=("steps",))
    assert corpus.runs() == [larger] and larger.id == first.id and larger.config["steps"] == 64


def test_an_unfinished_generation_starts_anew_and_a_finished_one_stays(corpus):
    fill(corpus)
    first = corpus.start_generation(**GENERATION)
    again = corpus.start_generation(**{**GENERATION, "config": {"layers": 8}, "config_hash": sha("8")})
    assert again == first
    assert corpus.generation(first).config == {"layers": 8}
    corpus.finish_generation(first, model_path="models/0", model_hash=sha("weights"), metrics={"loss": 1.5})
    stored = corpus.generation(first)
    assert (stored.model_path, stored.metrics, stored.finished_at is None) == ("models/0", {"loss": 1.5}, False)
    with pytest.raises(Conflict):
        corpus.start_generation(**GENERATION)
    with pytest.raises(Conflict):
        corpus.finish_generation(first, model_path="models/0", model_hash=sha("other"), metrics={})
    corpus.finish_generation(first, model_path="elsewhere", model_hash=sha("weights"), metrics={})
    assert corpus.generations("run") == [stored]


def test_a_generation_names_a_snapshot_that_exists(corpus):
    fill(corpus)
    with pytest.raises(NotFound, match="flywheel corpus snapshot"):
        corpus.start_generation(**{**GENERATION, "snapshot_hash": sha("nothing")})
    empty = take_snapshot(corpus)
    generation = corpus.start_generation(**{**GENERATION, "snapshot_hash": empty.hash})
    assert corpus.generation(generation).snapshot_hash == empty.hash


def test_a_round_is_resumed_with_what_it_selected(corpus):
    splits = fill(corpus)
    first = start_round(corpus, splits["train"])
    again = start_round(corpus, splits["train"], selection=["train_2"])
    assert again == first
    assert corpus.pending(again) == splits["train"]
    assert start_round(corpus, splits["train"], config={"steps": 32}).id != first.id
    assert start_round(corpus, splits["train"], seed=2).id != first.id
    assert len(corpus.rounds("run")) == 3


def test_finishing_a_round_twice_keeps_the_first_time(corpus):
    splits = fill(corpus)
    done = corpus.finish_round(start_round(corpus, splits["train"]))
    assert done.finished_at is not None
    assert corpus.finish_round(done) == done == start_round(corpus, splits["train"])


def test_a_round_selects_only_from_its_split_and_stratum(corpus):
    splits = fill(corpus)
    for selection in (["valid_0"], ["nonsense"]):
        with pytest.raises(NotFound, match=selection[0]):
            start_round(corpus, splits["train"], selection=selection)
    with pytest.raises(NotFound):
        start_round(corpus, splits["train"], stratum="easy")
    with pytest.raises(ValueError, match="twice"):
        start_round(corpus, splits["train"], selection=["train_0", "train_0"])
    assert corpus.rounds("run") == []


def test_a_round_needs_a_model_that_is_finished(corpus):
    splits = fill(corpus)
    generation = corpus.start_generation(**GENERATION)
    with pytest.raises(CorpusError, match="no weights"):
        start_round(corpus, splits["train"], generation_id=generation)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_training_rounds_run_on_train_only(corpus, split):
    splits = fill(corpus)
    with pytest.raises(LeakageError):
        start_round(corpus, splits[split])
    assert start_round(corpus, splits[split], RoundKind.EVAL).kind is RoundKind.EVAL


def test_pending_is_what_has_no_final_attempt(corpus):
    a, b, c, d = fill(corpus)["train"]
    round = start_round(corpus, [d, c, b, a])
    assert corpus.pending(round) == [d, c, b, a]
    corpus.record_attempt(round, attempt(a, AttemptStatus.UNPROVED))
    corpus.record_attempt(round, attempt(b, AttemptStatus.REJECTED))
    corpus.record_attempt(round, attempt(c, proof=proof(c)))
    corpus.record_attempt(round, attempt(d, AttemptStatus.ERROR))
    assert corpus.pending(round) == [d]
    assert corpus.pending(round, max_errors=2) == [d]
    corpus.record_attempt(round, attempt(d, AttemptStatus.ERROR))
    assert corpus.pending(round, max_errors=2) == []
    assert corpus.pending(round) == [d]
    assert corpus.pending(round, ordinal=1) == [d, c, b, a]
    corpus.record_attempt(round, attempt(d, proof=proof(d)))
    assert corpus.pending(round) == []
    assert count(corpus, schema.Attempt) == 6


def test_an_attempt_is_recorded_once(corpus):
    a, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a])
    first = corpus.record_attempt(round, attempt(a, proof=proof(a)))
    again = corpus.record_attempt(round, attempt(a, AttemptStatus.UNPROVED))
    assert (first.new_attempt, first.new_proof) == (True, True)
    assert again == replace(first, new_attempt=False, new_proof=False)
    assert count(corpus, schema.Attempt) == count(corpus, schema.Proof) == 1


def test_the_same_tactics_are_the_same_proof(corpus):
    a, b, *_ = fill(corpus)["train"]
    grammar = start_round(corpus, [a, b], arm="grammar")
    policy = start_round(corpus, [a, b], arm="policy")
    first = corpus.record_attempt(grammar, attempt(a, proof=proof(a, "simp", source="grammar")))
    second = corpus.record_attempt(policy, attempt(a, proof=proof(a, "simp", source="policy")))
    assert (second.proof_id, second.new_attempt, second.new_proof) == (first.proof_id, True, False)
    assert corpus.record_attempt(policy, attempt(b, proof=proof(b, "simp"))).new_proof
    assert corpus.record_attempt(policy, attempt(a, proof=proof(a, "rfl"), ordinal=1)).new_proof
    view = show_proof(corpus, first.proof_id)
    assert view.proof.source == "grammar"
    assert [finding.arm for finding in view.findings] == ["grammar", "policy"]


def test_a_proof_comes_back_as_it_went_in(corpus):
    a, *_ = fill(corpus)["train"]
    stored = proof(a, "intro a b", "induction a <;> simp_all", "rfl")
    recorded = corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=stored))
    back = show_proof(corpus, recorded.proof_id).proof
    assert (back.theorem, back.benchmark, back.steps) == (a, "core@1", stored.steps)
    assert (back.certificate, back.text, back.term_bytes) == (stored.certificate, stored.text, stored.term_bytes)


def test_a_failure_in_the_middle_leaves_nothing(corpus):
    a, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a])
    with pytest.raises(Exception, match="JSON"):
        corpus.record_attempt(round, replace(attempt(a, proof=proof(a)), stats={"not json": object()}))
    for table in (schema.Attempt, schema.Proof, schema.Step, schema.Goal, schema.Certificate):
        assert count(corpus, table) == 0
    assert corpus.pending(round) == [a]


@pytest.mark.parametrize(
    "changes",
    [
        {"proof": None},
        {"status": AttemptStatus.UNPROVED},
        {"status": AttemptStatus.WITHHELD},
        {"steps_to_proof": None},
        {"proof": replace(proof(theorem("train_0")), steps=())},
    ],
)
def test_an_attempt_that_contradicts_itself_is_refused(corpus, changes):
    a, *_ = fill(corpus)["train"]
    with pytest.raises(ValueError, match="proof"):
        corpus.record_attempt(start_round(corpus, [a]), replace(attempt(a, proof=proof(a)), **changes))


def test_an_attempt_belongs_to_the_round_s_selection(corpus):
    a, b, *_ = fill(corpus)["train"]
    with pytest.raises(NotFound, match="train_1"):
        corpus.record_attempt(start_round(corpus, [a]), attempt(b))


def test_a_leaking_seed_is_refused(corpus):
    splits = fill(corpus)
    a = splits["train"][0]
    held_out = splits["test"][0].statement_hash
    round = start_round(corpus, [a], arm="seed")
    leaking = attempt(a, proof=proof(a, "have := 1", "rfl", source="seed", goals=("", held_out)))
    with pytest.raises(LeakageError, match=held_out):
        corpus.record_attempt(round, leaking, on_leak=OnLeak.RAISE)
    assert count(corpus, schema.Attempt) == count(corpus, schema.Proof) == 0


def test_search_goes_on_over_a_leak_without_its_proof(corpus):
    splits = fill(corpus)
    a = splits["train"][0]
    round = start_round(corpus, [a])
    recorded = corpus.record_attempt(round, attempt(a, proof=proof(a, goals=(splits["valid"][1].statement_hash,))))
    assert (recorded.status, recorded.proof_id) == (AttemptStatus.WITHHELD, None)
    assert corpus.pending(round) == []
    assert count(corpus, schema.Proof) == 0
    assert take_snapshot(corpus).proofs == 0


def test_a_training_theorem_with_a_held_out_statement_gives_no_proof(corpus):
    twin = replace(theorem("twin"), statement_hash=theorem("test_0").statement_hash)
    corpus.add_benchmark("core", "1", "library", [twin, theorem("test_0", "test")])
    corpus.start_run("run", {})
    recorded = corpus.record_attempt(start_round(corpus, [twin]), attempt(twin, proof=proof(twin)))
    assert recorded.status is AttemptStatus.WITHHELD


def test_the_guard_outlives_the_process_and_covers_extra_hashes(corpus, url):
    splits = fill(corpus)
    a, b, *_ = splits["train"]
    round = start_round(corpus, [a, b])
    assert corpus.set_guard([sha("dropped twin"), "", splits["test"][0].statement_hash]) == 1
    assert corpus.set_guard([sha("dropped twin")]) == 0
    with Corpus.open(url) as other:
        leaking = attempt(a, proof=proof(a, goals=(sha("dropped twin"),)))
        assert other.record_attempt(round, leaking).status is AttemptStatus.WITHHELD
        assert other.record_attempt(round, attempt(b, proof=proof(b, goals=("", "")))).status is AttemptStatus.PROVED


def test_evaluations_store_proofs_of_held_out_theorems(corpus):
    test = fill(corpus)["test"]
    round = start_round(corpus, test, RoundKind.EVAL)
    recorded = corpus.record_attempt(round, attempt(test[0], proof=proof(test[0])))
    assert recorded.status is AttemptStatus.PROVED
    assert take_snapshot(corpus).proofs == 0


def test_a_retraction_is_a_new_row(corpus):
    a, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a])
    proof_id = corpus.record_attempt(round, attempt(a, proof=proof(a))).proof_id
    before = show_proof(corpus, proof_id).proof
    corpus.retract(proof_id, "kernel bug")
    corpus.retract(proof_id, "another reason")
    view = show_proof(corpus, proof_id)
    assert (view.proof, view.retracted) == (before, "kernel bug")
    assert list_proofs(corpus).total == 0
    again = corpus.record_attempt(round, attempt(a, proof=proof(a), ordinal=1))
    assert (again.proof_id, again.new_proof) == (proof_id, False)
    assert take_snapshot(corpus).proofs == 0
    with pytest.raises(NotFound):
        corpus.retract(999, "no such proof")


@pytest.mark.parametrize("table", ["proof", "theorem", "round", "run", "benchmark"])
def test_the_database_itself_refuses_to_lose_what_a_proof_stands_on(corpus, table):
    a, *_ = fill(corpus)["train"]
    corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=proof(a)))
    with pytest.raises(IntegrityError), corpus.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")


def test_a_run_goes_on_with_the_statements_it_began_with_or_not_at_all(corpus):
    train = fill(corpus)["train"]
    begun = start_round(corpus, train)
    corpus.add_benchmark("core", "2", "library", train[:2])
    with pytest.raises(Conflict, match="started on core@1; this version has core@2"):
        start_round(corpus, train[:2])
    assert corpus.rounds("run") == [begun]


def test_a_quarantine_takes_what_its_rounds_found_and_found_again(corpus):
    train = fill(corpus)["train"]
    before, leaky = start_round(corpus, train, seed=1), start_round(corpus, train, seed=2)
    kept, again, new, unproved = train
    for round, proved in ((before, kept), (before, again), (leaky, again), (leaky, new)):
        corpus.record_attempt(round, attempt(proved, proof=proof(proved)))
    corpus.record_attempt(leaky, attempt(unproved))
    assert corpus.quarantine([leaky], "a canary was certified") == 2
    assert corpus.quarantine([leaky], "again") == 0
    assert [line.theorem for line in list_proofs(corpus).proofs] == [kept.name]
    taken = list_proofs(corpus, ProofFilter(retracted=True)).proofs
    assert {line.theorem for line in taken} == {again.name, new.name}
    assert {show_proof(corpus, line.id).retracted for line in taken} == {"a canary was certified"}
    assert take_snapshot(corpus).proofs == 1
