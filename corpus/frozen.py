"""A set of proofs frozen under a hash that is known already: a snapshot of another corpus, made one of this."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.buckets import change_members
from corpus.contents import contents_of_proofs, finders_of_proofs, stored
from corpus.hashing import EMPTY_BUCKETS, digest, hash_of_set
from corpus.human import freeze, with_human


def freeze_as(session: Session, snapshot_hash: str, ids: Sequence[int], human: Sequence[str] = ()) -> str:
    """Makes the snapshot of these proofs, and of the traces of the benchmarks `human`, if it hashes to `snapshot_hash`.

    Returns '' when it did or when the corpus has that snapshot already, else why not.
    """
    if session.scalar(select(schema.Snapshot.id).where(schema.Snapshot.hash == snapshot_hash).limit(1)) is not None:
        return ""
    proof = schema.Proof
    found = [
        (id, hash_, theorem)
        for chunk in rows.chunks(sorted(set(ids)))
        for id, hash_, theorem in session.execute(
            select(proof.id, proof.content_hash, proof.theorem_id).where(proof.id.in_(chunk))
        )
    ]
    traces = freeze(session, human)
    if with_human(hash_of_set(hash_ for _, hash_, _ in found), traces.hash) != snapshot_hash:
        return "the proofs that this corpus took are another set than the snapshot's"
    line = schema.SnapshotLine(
        filter_hash=digest({"frozen": snapshot_hash}),
        filter={"frozen": snapshot_hash, "human": list(human)},
        attempts_seen=session.scalar(select(func.max(schema.Attempt.id))) or 0,
        retractions_seen=session.scalar(select(func.max(schema.Retraction.id))) or 0,
        guards_seen=session.scalar(select(func.max(schema.Guard.id))) or 0,
        withheld=0,
        buckets=EMPTY_BUCKETS,
    )
    session.add(line)
    session.flush()
    change_members(session, line, (hash_ for _, hash_, _ in found))
    session.add(
        schema.Snapshot(
            line_id=line.id,
            number=1,
            hash=snapshot_hash,
            proofs=len(found),
            theorems=len({theorem for _, _, theorem in found}),
            withheld=0,
            human=traces.traces,
            human_hash=traces.hash,
            human_seen=traces.traces_seen,
            guards_seen=traces.guards_seen,
            contents=stored(contents_of_proofs(session, [id for id, _, _ in found])),
            finders=[[*one] for one in sorted(finders_of_proofs(session, [id for id, _, _ in found]).items())],
        )
    )
    changes = [{"line_id": line.id, "proof_id": id, "removed": False, "number": 1} for id, _, _ in found]
    for chunk in rows.chunks(changes):
        session.execute(insert(schema.SnapshotChange), chunk)
    return ""
