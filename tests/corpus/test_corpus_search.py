"""Full-text search: what is found, that it stays in step, and that a database that may not be written to is searched
all the same."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import attempt, proof, start_round, theorem
from sqlalchemy import create_engine

from corpus import search as module
from corpus.errors import CorpusError
from corpus.search import Where, search
from corpus.store import Corpus

STATEMENTS = {
    "Nat.add_comm'": "∀ (n m : Nat), n + m = m + n",
    "List.map_map": "∀ {α : Type u} (l₁ : List α), List.map f (List.map g l₁) = l₁",
    "neg": "¬p ∨ hα✝ → ℕ → x⁻¹ ⊢ ⟨a, b⟩",
    "greek": "ε-δ: ∃ δ, 0 < δ",
}
TACTICS = {
    "Nat.add_comm'": ("intro n", "induction n <;> simp_all [Nat.succ_add]"),
    "List.map_map": ("rw [List.map_append, ← Nat.add_comm]", "exact fun x => x"),
    "neg": ("refine ⟨?_, ?_⟩", "omega"),
}


def fill(corpus):
    corpus.add_benchmark("b", "1", "l", [replace(theorem(n), statement=s) for n, s in STATEMENTS.items()])
    corpus.start_run("run", {})
    round = start_round(corpus, [theorem(name) for name in TACTICS], benchmark="b")
    for name, tactics in TACTICS.items():
        corpus.record_attempt(round, attempt(theorem(name), proof=proof(theorem(name), *tactics)))
    return corpus


@pytest.fixture
def stored(corpus):
    return fill(corpus)


@pytest.fixture
def in_file(sqlite_corpus):
    return fill(sqlite_corpus)


def names(corpus, query, where=None):
    return {hit.theorem for hit in search(corpus, query, where=where)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Nat.add_comm'", {"Nat.add_comm'"}),
        ("add_comm", {"Nat.add_comm'"}),
        ("COMM", {"Nat.add_comm'"}),
        ("map ∀", {"List.map_map"}),
        ("¬p", {"neg"}),
        ("¬", {"neg"}),
        ("l₁", {"List.map_map"}),
        ("hα✝", {"neg"}),
        ("ℕ", {"neg"}),
        ("x⁻¹", {"neg"}),
        ("⟨a,", {"neg"}),
        ('"n + m"', {"Nat.add_comm'"}),
        ('"m + m"', set()),
        ("δ", {"greek"}),
        ("∃ →", set()),
        ("%", set()),
        ('"', set()),
        ("' OR 1", set()),
        ("NEAR(a b)", set()),
    ],
)
def test_statements_are_found_by_words_and_by_symbols(stored, query, found):
    assert names(stored, query, Where.STATEMENTS) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("induction", {"Nat.add_comm'"}),
        ("induc", {"Nat.add_comm'"}),
        ("Nat.succ_add", {"Nat.add_comm'"}),
        ("Nat.add_comm", {"List.map_map"}),
        ("append exact", {"List.map_map"}),
        ("append omega", set()),
        ("<;>", {"Nat.add_comm'"}),
        ("?_", {"neg"}),
        ("← Nat", {"List.map_map"}),
    ],
)
def test_proofs_are_found_by_their_tactics_and_premises(stored, query, found):
    assert names(stored, query, Where.TACTICS) == found


def test_an_excerpt_shows_where(stored):
    (hit,) = search(stored, "succ_add")
    assert (hit.where, hit.proof, hit.excerpt[hit.start : hit.end]) == (Where.TACTICS, 1, "succ_add")


def test_a_query_of_nothing_is_refused(stored):
    for query in ("", "  ", '" "'):
        with pytest.raises(CorpusError, match="at least one word"):
            search(stored, query)


def test_statements_come_first_and_the_limit_holds(stored):
    assert [hit.where for hit in search(stored, "a")][-1] is Where.TACTICS
    assert len(search(stored, "a", limit=2)) == 2


def test_what_is_stored_after_the_index_was_made_is_found(in_file, monkeypatch):
    assert names(in_file, "omega") == {"neg"}
    monkeypatch.setattr(module, "_fill", None)  # from here on, by the triggers alone
    round = start_round(in_file, [theorem("greek")], benchmark="b", seed=2)
    in_file.record_attempt(round, attempt(theorem("greek"), proof=proof(theorem("greek"), "linarith", "omega")))
    in_file.add_benchmark("c", "1", "l", [theorem("omega_later")])
    assert names(in_file, "omega") == {"neg", "greek", "omega_later"}


def test_an_index_whose_trigger_a_migration_dropped_is_completed(in_file, path):
    assert names(in_file, "omega") == {"neg"}
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER step_search_insert")
    round = start_round(in_file, [theorem("greek")], benchmark="b", seed=2)
    in_file.record_attempt(round, attempt(theorem("greek"), proof=proof(theorem("greek"), "linarith", "omega")))
    assert names(in_file, "omega") == {"neg", "greek"}


def test_a_retracted_proof_is_not_found(stored):
    stored.retract(3, "wrong")
    assert names(stored, "omega") == set()


def test_batches_lose_nothing(in_file, monkeypatch):
    monkeypatch.setattr(module, "INDEX_BATCH", 1)
    monkeypatch.setattr(module, "BATCH", 1)
    told: list[int] = []
    assert {hit.theorem for hit in search(in_file, "a", report=told.append)} == {"List.map_map", "neg"}
    assert told == [1, 2, 3, 4, 1, 1, 2, 2, 3, 3]


def test_a_database_that_may_not_be_written_to_is_searched_all_the_same(in_file, path):
    in_file.close()
    with Corpus(create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")) as corpus:
        assert names(corpus, "add_comm") == {"Nat.add_comm'", "List.map_map"}
        assert names(corpus, "¬p") == {"neg"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(min_size=1, max_size=8), st.booleans())
def test_every_piece_of_a_text_between_spaces_is_found_whatever_it_is_made_of(stored, piece, quoted):
    """What a query means must not depend on the tokenizer: nothing typed is an error."""
    try:
        search(stored, f'"{piece}"' if quoted else piece)
    except CorpusError as error:
        assert "nothing to search for" in str(error)
    for name, statement in STATEMENTS.items():
        word = statement.split()[len(piece) % len(statement.split())]
        assert name in names(stored, word.replace('"', ""), Where.STATEMENTS)
