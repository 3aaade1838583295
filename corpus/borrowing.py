"""How what a proof borrowed enters the corpus, and who falls with a proof."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.errors import Conflict, SnapshotCorrupt
from corpus.records import ProofRecord

#: An own part larger than this is not stored: it would not be lent (`lean_env.lemmas.MAX_LEMMA_BYTES` is smaller).
MAX_TERM_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class BorrowedLemma:
    """An earlier proof that one rests on. `named`: it is named itself, not only needed by one that is. `term_bytes`: of
    its own part."""

    proof_id: int
    theorem: str
    named: bool
    term_bytes: int


def borrowed_lemmas(session: Session, proof_id: int) -> tuple[BorrowedLemma, ...]:
    """What a proof rests on, those that it names first."""
    edge, proof, term = schema.Borrowed, schema.Proof, schema.ProofTerm
    found = session.execute(
        select(edge.lemma_id, schema.Theorem.name, edge.named, func.coalesce(schema.Term.size, 0))
        .join(proof, proof.id == edge.lemma_id)
        .join(schema.Theorem, schema.Theorem.id == proof.theorem_id)
        .outerjoin(term, term.proof_id == proof.id)
        .outerjoin(schema.Term, schema.Term.id == term.term_id)
        .where(edge.proof_id == proof_id)
        .order_by(edge.named.desc(), edge.lemma_id)
    )
    return tuple(BorrowedLemma(id, name, named, size) for id, name, named, size in found)


def store_borrowing(session: Session, proof_id: int, proof: ProofRecord) -> None:
    """Stores a new proof's own part and its lemmas. Raises Conflict for a lemma that is not there."""
    if proof.term and len(proof.term) <= MAX_TERM_BYTES:
        session.add(schema.ProofTerm(proof_id=proof_id, term_id=_term_id(session, proof.term)))
    if not proof.borrowed:
        return
    named, lemmas = set(proof.borrowed), resting_on(session, proof.borrowed)
    if gone := named - set(session.scalars(select(schema.Proof.id).where(schema.Proof.id.in_(sorted(named))))):
        raise Conflict(f"The proof rests on proof {min(gone)}, which this corpus does not have.")
    session.execute(
        insert(schema.Borrowed),
        [{"proof_id": proof_id, "lemma_id": id, "named": id in named} for id in sorted(lemmas)],
    )
    fallen = session.scalar(select(schema.Retraction).where(schema.Retraction.proof_id.in_(sorted(lemmas))).limit(1))
    if fallen is not None:
        session.add(schema.Retraction(proof_id=proof_id, reason=because_of(fallen.proof_id, fallen.reason)))


def resting_on(session: Session, named: Collection[int]) -> set[int]:
    """These lemmas and all that they rest on."""
    edge = schema.Borrowed
    return {*named, *session.scalars(select(edge.lemma_id).where(edge.proof_id.in_(sorted(named))))}


def retract_all(session: Session, proof_ids: Collection[int], reason: str) -> int:
    """Stops believing these proofs and all that rest on them; how many were believed until now. The first reason of a
    proof stays."""
    reasons = dict.fromkeys(sorted(proof_ids), reason)
    for id in sorted(proof_ids):
        for borrower in sorted(borrowers(session, [id])):
            reasons.setdefault(borrower, because_of(id, reason))
    known: set[int] = set()
    for chunk in rows.chunks(sorted(reasons)):
        known.update(session.scalars(select(schema.Retraction.proof_id).where(schema.Retraction.proof_id.in_(chunk))))
    new = [schema.Retraction(proof_id=id, reason=why) for id, why in reasons.items() if id not in known]
    session.add_all(new)
    session.flush()
    return len(new)


def because_of(lemma: int, reason: str) -> str:
    """Why a borrower falls."""
    return f"it rests on proof {lemma}, which was retracted: {reason}"


def named_by(session: Session, proof_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The proofs that each of these names as lemmas, by id; those that borrow nothing are left out."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    borrowed = schema.Borrowed
    for chunk in rows.chunks(sorted(proof_ids)):
        query = select(borrowed.proof_id, borrowed.lemma_id).where(borrowed.proof_id.in_(chunk), borrowed.named)
        for proof_id, lemma_id in session.execute(query.order_by(borrowed.proof_id, borrowed.lemma_id)):
            found[proof_id].append(lemma_id)
    return {id: tuple(lemmas) for id, lemmas in found.items()}


def borrowers(session: Session, proof_ids: Iterable[int]) -> set[int]:
    """All proofs that rest on any of these."""
    edge = schema.Borrowed
    found: set[int] = set()
    for chunk in rows.chunks(sorted(proof_ids)):
        found.update(session.scalars(select(edge.proof_id).where(edge.lemma_id.in_(chunk))))
    return found


def own_term(session: Session, proof_id: int) -> str:
    """A proof's own part, '' where it is not stored. Raises SnapshotCorrupt."""
    term = schema.ProofTerm
    row = session.scalar(
        select(schema.Term).join(term, term.term_id == schema.Term.id).where(term.proof_id == proof_id)
    )
    return "" if row is None else text_of(row)


def text_of(row: schema.Term) -> str:
    """Raises SnapshotCorrupt. Of a row that is not ours no more is unpacked than a stored term can have, which is four
    bytes a letter."""
    try:
        text = zlib.decompressobj().decompress(row.data, 4 * MAX_TERM_BYTES)
    except zlib.error:
        text = b""
    if hashlib.sha256(text).digest() != row.digest:
        raise SnapshotCorrupt(
            f"The stored term {row.id} is not what it was: its row was changed from outside. Restore the database from "
            "a copy."
        )
    return text.decode()


def _term_id(session: Session, text: str) -> int:
    digest = hashlib.sha256(text.encode()).digest()
    known = session.scalar(select(schema.Term.id).where(schema.Term.digest == digest))
    if known is None:
        row = schema.Term(digest=digest, size=len(text.encode()), data=zlib.compress(text.encode(), 9))
        session.add(row)
        session.flush()
        known = row.id
    return known
