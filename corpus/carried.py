"""What an archive of a snapshot carries: its proofs, and the lemmas that they rest on, each after those it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from corpus import rows, schema
from corpus.borrowing import own_term
from corpus.contents import members
from corpus.database import reading
from corpus.errors import SnapshotCorrupt
from corpus.hashing import hash_of_set
from corpus.human import with_human
from corpus.records import StoredProof
from corpus.snapshot import BATCH, check_content
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Carried:
    """`member`: of the snapshot; else only a lemma of one. `own`: its own part, by which it can be lent, '' where that
    is not stored."""

    proof: StoredProof
    member: bool
    own: str


def carried(corpus: Corpus, snapshot_hash: str) -> Iterator[Carried]:
    """In the order in which they were stored, so that a lemma comes before what borrows it, and the first proof of a
    theorem, which is the one that is lent, stays the first. Raises NotFound, SnapshotCorrupt."""
    edge = schema.Borrowed
    with reading(corpus.engine) as session:
        row = rows.snapshot_row(session, snapshot_hash)
        name, human_hash = row.hash, row.human_hash
        inside = set(session.scalars(members(row)))
        lemmas = set(session.scalars(select(edge.lemma_id).where(edge.proof_id.in_(members(row))).distinct()))
    ids = sorted(inside | lemmas)
    hashes: list[str] = []
    for first in range(0, len(ids), BATCH):
        with reading(corpus.engine) as session:
            batch = rows.load_proofs(session, ids[first : first + BATCH])
            own = {proof.id: own_term(session, proof.id) for proof in batch}
        for proof in batch:
            check_content(proof, name)
            if proof.id in inside:
                hashes.append(proof.content_hash)
            yield Carried(proof, proof.id in inside, own[proof.id])
    if with_human(hash_of_set(hashes), human_hash) != name:
        raise SnapshotCorrupt(
            f"The {len(hashes)} proofs of snapshot {name} hash to something else: rows were added, removed or changed "
            "from outside. Restore the database from a copy."
        )
