"""The members of a line of snapshots by bucket, so that a snapshot reads what is near the new proofs and nothing else.

A bucket's row has the content hashes of its members side by side, 32 bytes each, sorted: 0.8 kB in a line of 100,000
proofs, 8 kB in one of a million. What a bucket hashes to is as in corpus/hashing.py, over all of its members; so the
time that a new proof takes is that of one row, and grows with the line by microseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.errors import SnapshotCorrupt
from corpus.hashing import DIGEST_BYTES, bucket_digest, bucket_of, with_buckets


def change_members(
    session: Session, line: schema.SnapshotLine, entered: Iterable[str], left: Iterable[str] = ()
) -> None:
    """Content hashes that enter and leave the line: its buckets and their digests after that. Raises SnapshotCorrupt
    where a bucket is not what the line says."""
    coming, going = _by_bucket(entered), _by_bucket(left)
    touched = sorted(coming.keys() | going.keys())
    before = dict(_members(session, line, touched))
    after = {bucket: (before.get(bucket, set()) | coming[bucket]) - going[bucket] for bucket in touched}
    _write(session, line.id, before, after)
    line.buckets = with_buckets(line.buckets, after)


def _members(session: Session, line: schema.SnapshotLine, touched: Sequence[int]) -> Iterator[tuple[int, set[str]]]:
    row = schema.SnapshotBucket
    for chunk in rows.chunks(touched):
        query = select(row.bucket, row.members).where(row.line_id == line.id, row.bucket.in_(chunk))
        found = {bucket: _unpacked(members) for bucket, members in session.execute(query)}
        for bucket in chunk:
            digest = line.buckets[bucket * DIGEST_BYTES : (bucket + 1) * DIGEST_BYTES]
            if bucket_digest(found.get(bucket, ())) != digest:
                raise SnapshotCorrupt(
                    f"Bucket {bucket} of the snapshots of line {line.id} has other members than it is said to have: "
                    "its row was changed from outside. Restore the database from a copy."
                )
        yield from ((bucket, set(members)) for bucket, members in found.items())


def _write(session: Session, line_id: int, before: Mapping[int, object], after: Mapping[int, set[str]]) -> None:
    row = schema.SnapshotBucket
    values = [{"line_id": line_id, "bucket": bucket, "members": _packed(members)} for bucket, members in after.items()]
    if new := [one for one in values if one["bucket"] not in before]:
        session.execute(insert(row), new)
    if old := [one for one in values if one["bucket"] in before]:
        session.execute(update(row), old)


def _by_bucket(hashes: Iterable[str]) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for one in hashes:
        found[bucket_of(one)].add(one)
    return found


def _packed(hashes: Iterable[str]) -> bytes:
    return bytes.fromhex("".join(sorted(hashes)))


def _unpacked(members: bytes) -> list[str]:
    return [members[at : at + DIGEST_BYTES].hex() for at in range(0, len(members), DIGEST_BYTES)]
