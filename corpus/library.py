"""The corpus as a library: theorems that were proved here, lent to later ones with their terms.

    lent = lendable(corpus, snapshot_hash)

A proof's own part is stored once, by its hash, compressed. What it borrowed is stored as edges to earlier proofs, those
that its lemmas rest on included, so that one look finds everything that a proof stands or falls with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.borrowing import named_by, text_of
from corpus.contents import members
from corpus.database import reading
from corpus.guard import leaks_among
from corpus.records import TheoremRecord
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class LentProof:
    """A stored proof that can be lent. `statement_class`: '' where it has none. `borrowed`: the proofs that it names
    as lemmas, each in the list before it."""

    proof_id: int
    theorem: TheoremRecord
    statement_class: str
    term: str
    borrowed: tuple[int, ...] = ()


def lendable(corpus: Corpus, snapshot_hash: str) -> list[LentProof]:
    """Of each library theorem in a snapshot the first proof, in the order in which they were stored.

    Left out is what was retracted or came to be held out since the snapshot was taken, what has no term, and what rests
    on anything that is left out. So no proof rests on two proofs of one theorem, nor on itself. Raises NotFound,
    SnapshotCorrupt.
    """
    with reading(corpus.engine) as session:
        row = rows.snapshot_row(session, snapshot_hash)
        proof, theorem, term = schema.Proof, schema.Theorem, schema.ProofTerm
        found = session.execute(
            select(proof.id, proof.theorem_id, term.term_id)
            .join(theorem, theorem.id == proof.theorem_id)
            .join(term, term.proof_id == proof.id)
            .where(proof.id.in_(members(row)), theorem.split == "train", theorem.module.is_not(None))
            .where(~exists().where(schema.Retraction.proof_id == proof.id))
            .order_by(proof.id)
        ).all()
        leaks = leaks_among(session, [id for id, _, _ in found])
        first: dict[int, tuple[int, int]] = {}
        for id, theorem_id, term_id in found:
            if id not in leaks:
                first.setdefault(theorem_id, (id, term_id))
        return _lent(session, [(id, theorem_id, term_id) for theorem_id, (id, term_id) in first.items()])


def lemmas_of(corpus: Corpus, proof_id: int) -> list[LentProof]:
    """What one proof borrowed, with all that this rests on. Raises SnapshotCorrupt."""
    proof, term, borrowed = schema.Proof, schema.ProofTerm, schema.Borrowed
    with reading(corpus.engine) as session:
        found = session.execute(
            select(proof.id, proof.theorem_id, term.term_id)
            .join(term, term.proof_id == proof.id)
            .where(proof.id.in_(select(borrowed.lemma_id).where(borrowed.proof_id == proof_id)))
            .order_by(proof.id)
        ).all()
        return _lent(session, [(id, theorem_id, term_id) for id, theorem_id, term_id in found])


def _lent(session: Session, found: Sequence[tuple[int, int, int]]) -> list[LentProof]:
    """The proofs (id, theorem, term) that rest on others of them alone."""
    named = named_by(session, [id for id, _, _ in found])
    kept: set[int] = set()
    for id, _, _ in sorted(found):
        if kept.issuperset(named.get(id, ())):
            kept.add(id)
    texts = _texts(session, {term_id for id, _, term_id in found if id in kept})
    theorems, classes = _theorems(session, {theorem_id for id, theorem_id, _ in found if id in kept})
    return [
        LentProof(id, theorems[theorem_id], classes.get(theorem_id, ""), texts[term_id], named.get(id, ()))
        for id, theorem_id, term_id in sorted(found)
        if id in kept
    ]


def _texts(session: Session, term_ids: Iterable[int]) -> dict[int, str]:
    texts = {}
    for chunk in rows.chunks(sorted(term_ids)):
        for row in session.scalars(select(schema.Term).where(schema.Term.id.in_(chunk))):
            texts[row.id] = text_of(row)
    return texts


def _theorems(session: Session, ids: Collection[int]) -> tuple[dict[int, TheoremRecord], dict[int, str]]:
    theorems, classes = {}, {}
    for chunk in rows.chunks(sorted(ids)):
        for row in session.scalars(select(schema.Theorem).where(schema.Theorem.id.in_(chunk))):
            theorems[row.id] = rows.theorem_record(row)
        known = schema.TheoremClass
        for theorem_id, hash_ in session.execute(
            select(known.theorem_id, known.hash).where(known.theorem_id.in_(chunk))
        ):
            classes[theorem_id] = hash_
    return theorems, classes
