"""An address that does not work is one line that says what to do, without a password, and nothing is changed."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from postgres import PASSWORD
from samples import attempt, fill, proof, start_round

from corpus.errors import CorpusError, CorpusMissing, CorpusUnusable
from corpus.proof_list import ProofFilter, list_proofs
from corpus.snapshot import take_snapshot
from corpus.store import Corpus


def complaint(address: str) -> str:
    with pytest.raises(CorpusError) as refused:
        Corpus.open(address)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_a_port_that_does_not_answer():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = complaint(f"postgresql://me:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/corpus")
    assert "Is the server running" in said and PASSWORD not in said


def test_a_host_that_does_not_exist():
    assert "host" in complaint("postgresql://me@nowhere.invalid/corpus")


def test_a_wrong_password_is_not_printed(postgres):
    said = complaint(postgres.url("corpus_1", password="hunter2-wrong"))
    assert "user and password" in said and "hunter2" not in said and "***" in said


def test_a_database_that_is_not_there(postgres):
    assert "createdb" in complaint(postgres.url("nothing"))


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:hunter2@host:port/x", "postgresql://me:hunter2@[::1/x", "nosuchdriver://me:hunter2@x/y"],
)
def test_a_misspelled_address_does_not_print_its_password(address):
    assert "hunter2" not in complaint(address)


def test_a_password_in_the_query_is_not_printed(postgres):
    said = complaint(f"postgresql://flywheel@127.0.0.1:{postgres.port}/corpus_1?password=hunter2")
    assert "hunter2" not in said


def test_the_short_name_of_postgresql_works(postgres):
    url = postgres.create()
    with pytest.raises(CorpusMissing, match="is empty"):
        Corpus.open(url, create=False)
    with Corpus.open(url.replace("postgresql://", "postgres://")) as corpus:
        assert corpus.engine.dialect.driver == "psycopg"
    postgres.drop(url)


def test_a_server_that_goes_away_is_one_line(postgres):
    url = postgres.create(template="corpus_1")
    with Corpus.open(url) as corpus:
        fill(corpus)
        postgres.drop(url)
        with pytest.raises(CorpusUnusable):
            corpus.runs()


def test_times_come_back_in_utc(corpus):
    fill(corpus)
    assert corpus.run("run").created_at.utcoffset().total_seconds() == 0


def test_letters_of_either_case_match_on_both(corpus):
    a, *_ = fill(corpus)["train"]
    corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=proof(a, "exact Foo")))
    for wanted in (ProofFilter(theorem="TRAIN"), ProofFilter(tactic="fOO")):
        assert list_proofs(corpus, wanted).total == 1


def test_the_same_content_has_the_same_hash_on_both(postgres, sqlite_corpus):
    hashes = set()
    url = postgres.create(template="corpus_1")
    with Corpus.open(url) as other:
        for corpus in (sqlite_corpus, other):
            a, b, *_ = fill(corpus)["train"]
            round = start_round(corpus, [a, b])
            odd = replace(proof(b).steps[0], state="⊢ ∀ x, x ∈ 𝕊\n  \u00a0", tactic='exact ⟨‹_›, "\'%s"⟩')
            corpus.record_attempt(round, attempt(a, proof=proof(a)))
            corpus.record_attempt(round, attempt(b, proof=replace(proof(b), steps=(odd,))))
            hashes.add(take_snapshot(corpus).hash)
    postgres.drop(url)
    assert len(hashes) == 1
