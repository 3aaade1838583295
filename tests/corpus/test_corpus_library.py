"""Proofs lent to later ones: which, with what terms, who falls with whom, and what hashes say of it."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace

import pytest
from samples import attempt, by_hand, fill, proof, start_round, theorem
from sqlalchemy import update

from corpus import schema
from corpus.borrowing import MAX_TERM_BYTES
from corpus.errors import Conflict, SnapshotCorrupt
from corpus.guard import held_back
from corpus.library import LentProof, lemmas_of, lendable
from corpus.lineage_tree import lineage
from corpus.merge import merge
from corpus.query import show_proof
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import snapshot_proofs, take_snapshot
from corpus.store import Corpus


class Shelf:
    """A corpus with a training round over train_0 ... train_5."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.splits = fill(corpus, train=6)
        self.round = start_round(corpus, self.splits["train"])

    def prove(self, number: int, *borrowed: int, tactic: str = "rfl", ordinal: int = 0, **changes: object) -> int:
        of = self.splits["train"][number]
        record = replace(proof(of, tactic), term=f"term of {of.name} by {tactic}", borrowed=borrowed)
        record = replace(record, **changes)  # type: ignore[arg-type]
        stored = self.corpus.record_attempt(self.round, attempt(of, proof=record, ordinal=ordinal))
        return stored.proof_id or 0

    def lent(self) -> list[LentProof]:
        return lendable(self.corpus, take_snapshot(self.corpus).hash)

    def ids(self) -> list[int]:
        return [one.proof_id for one in self.lent()]


@pytest.fixture
def shelf(corpus: Corpus) -> Shelf:
    return Shelf(corpus)


def test_the_first_proof_of_a_theorem_is_lent_with_its_term(shelf: Shelf) -> None:
    first = shelf.prove(0)
    shelf.prove(0, tactic="simp", ordinal=1)
    second = shelf.prove(1, first)
    assert [(one.proof_id, one.theorem.name, one.term, one.borrowed) for one in shelf.lent()] == [
        (first, "train_0", "term of train_0 by rfl", ()),
        (second, "train_1", "term of train_1 by rfl", (first,)),
    ]


def test_what_has_no_term_is_not_lent_nor_what_rests_on_it(shelf: Shelf) -> None:
    bare, large = shelf.prove(0, term=""), shelf.prove(1, term="x" * (MAX_TERM_BYTES + 1))
    shelf.prove(2, bare)
    shelf.prove(3, large)
    assert shelf.ids() == []


def test_equal_terms_are_stored_once(shelf: Shelf) -> None:
    shelf.prove(0, term="same")
    shelf.prove(0, tactic="simp", ordinal=1, term="same")
    with shelf.corpus.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*), max(size) FROM term").one() == (1, 4)


def test_held_out_proofs_are_never_lent(shelf: Shelf) -> None:
    held_out = shelf.splits["valid"]
    evaluation = start_round(shelf.corpus, held_out, RoundKind.EVAL)
    record = replace(proof(held_out[0]), term="a term")
    shelf.corpus.record_attempt(evaluation, attempt(held_out[0], proof=record))
    assert shelf.ids() == []


def test_borrowers_fall_with_what_they_rest_on(shelf: Shelf) -> None:
    """Through lemmas of lemmas, and a proof that comes after its lemma was retracted falls at once."""
    a = shelf.prove(0)
    b = shelf.prove(1, a)
    c = shelf.prove(2, b)
    other = shelf.prove(3)
    shelf.corpus.retract(a, "a hole")
    late = shelf.prove(4, c)
    assert shelf.ids() == [other]
    for one in (b, c, late):
        retracted = show_proof(shelf.corpus, one).retracted
        assert retracted is not None and retracted.endswith("a hole")
    assert take_snapshot(shelf.corpus).proofs == 1


def test_borrowers_leave_with_what_becomes_held_out(shelf: Shelf) -> None:
    a = shelf.prove(0)
    b = shelf.prove(1, a)
    c = shelf.prove(2, b)
    before = take_snapshot(shelf.corpus)
    assert before.proofs == 3
    copy = replace(theorem("copy", "test"), statement_hash=shelf.splits["train"][0].statement_hash)
    shelf.corpus.add_benchmark("later", "1", "library", [copy])
    assert held_back(shelf.corpus.engine, "core") == {"train_0"}
    assert lendable(shelf.corpus, before.hash) == []
    assert take_snapshot(shelf.corpus).proofs == 0
    # A proof that would rest on it is not taken.
    of = shelf.splits["train"][5]
    record = replace(proof(of), borrowed=(c,))
    assert shelf.corpus.record_attempt(shelf.round, attempt(of, proof=record)).status is AttemptStatus.WITHHELD


def test_a_stored_proof_names_its_lemmas_by_their_hashes(shelf: Shelf) -> None:
    plain = shelf.prove(0)
    borrower = shelf.prove(1, plain)
    with_it, without = show_proof(shelf.corpus, borrower).proof, show_proof(shelf.corpus, plain).proof
    assert with_it.borrowed == (without.content_hash,) and without.borrowed == ()
    assert len(list(snapshot_proofs(shelf.corpus, take_snapshot(shelf.corpus).hash))) == 2
    with pytest.raises(Conflict, match="does not have"):
        shelf.prove(2, 999)


def test_show_and_lineage_say_it(shelf: Shelf) -> None:
    a = shelf.prove(0)
    b = shelf.prove(1, a)
    c = shelf.prove(2, b)
    view = show_proof(shelf.corpus, c)
    assert [(one.proof_id, one.theorem, one.named) for one in view.lemmas] == [
        (b, "train_1", True),
        (a, "train_0", False),
    ]
    assert view.lemmas[0].term_bytes == len("term of train_1 by rfl")
    assert show_proof(shelf.corpus, a).borrowers == 2
    borrowed = [node for node in lineage(shelf.corpus, f"proof:{c}").origin if node.text.startswith("borrowed")]
    assert [node.id for node in borrowed] == [str(b)]
    assert [node.id for node in borrowed[0].children if node.text.startswith("borrowed")] == [str(a)]
    later = lineage(shelf.corpus, f"proof:{a}").later
    assert [node.id for node in later if node.text.startswith("lent")] == [str(b), str(c)]


def test_lemmas_of_one_proof_come_in_order(shelf: Shelf) -> None:
    a = shelf.prove(0)
    b = shelf.prove(1, a)
    shelf.prove(3)
    c = shelf.prove(2, b)
    assert [one.proof_id for one in lemmas_of(shelf.corpus, c)] == [a, b]


@pytest.mark.parametrize(
    "data", [zlib.compress(b"another"), b"not compressed", zlib.compress(bytes(1 << 26))], ids=["text", "bytes", "bomb"]
)
def test_a_changed_term_is_found(shelf: Shelf, data: bytes) -> None:
    shelf.prove(0)
    with by_hand(shelf.corpus) as connection:
        connection.execute(update(schema.Term).values(data=data))
    tracemalloc.start()
    try:
        with pytest.raises(SnapshotCorrupt, match="changed from outside"):
            shelf.lent()
        assert tracemalloc.get_traced_memory()[1] < 1 << 24, "it was unpacked whole"
    finally:
        tracemalloc.stop()


def test_a_merge_takes_lemmas_along(shelf: Shelf, tmp_path) -> None:
    shelf.prove(1, shelf.prove(0))
    taken = take_snapshot(shelf.corpus)
    with Corpus.open(str(tmp_path / "target.db")) as target:
        assert merge(target, shelf.corpus).proofs == 2
        (found,) = [one for one in lendable(target, taken.hash) if one.borrowed]
        assert found.term == "term of train_1 by rfl"
