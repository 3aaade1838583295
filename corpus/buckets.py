"""The members of a line of snapshots by bucket, so that a snapshot reads what is near the new proofs and nothing else.

A bucket's row has the content hashes of its members side by side, 32 bytes each, sorted: 0.8 kB in a line of 100,000
proofs, 8 kB in one of a million. What a bucket hashes to is as in corpus/hashing.py, over all of its members; so the
time that a new proof takes is that of one row: 8 microseconds of it for the hash, 50 in a line of a million.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.errors import SnapshotCorrupt
from corpus.hashing import DIGEST_BYTES, bucket_of


def change_members(
    session: Session, line: schema.SnapshotLine, entered: Iterable[str], left: Iterable[str] = ()
) -> None:
    """Content hashes that enter and leave the line: its buckets and their digests after that. Raises SnapshotCorrupt
    where a bucket is not what the line says."""
    coming, going = _by_bucket(entered), _by_bucket(left)
    touched = sorted(coming.keys() | going.keys())
    before = _members(session, line, touched)
    digests, after = bytearray(line.buckets), dict[int, bytes]()
    for bucket in touched:
        members = before.get(bucket, b"")
        for one in coming[bucket]:
            members = _without(members, one, one)
        for one in going[bucket]:
            members = _without(members, one)
        after[bucket] = members
        digests[bucket * DIGEST_BYTES : (bucket + 1) * DIGEST_BYTES] = _digest(members)
    _write(session, line.id, before, after)
    line.buckets = bytes(digests)


def _members(session: Session, line: schema.SnapshotLine, touched: Sequence[int]) -> dict[int, bytes]:
    row, known = schema.SnapshotBucket, dict[int, bytes]()
    for chunk in rows.chunks(touched):
        query = select(row.bucket, row.members).where(row.line_id == line.id, row.bucket.in_(chunk))
        known.update((bucket, members) for bucket, members in session.execute(query))
    for bucket in touched:
        digest = line.buckets[bucket * DIGEST_BYTES : (bucket + 1) * DIGEST_BYTES]
        if _digest(known.get(bucket, b"")) != digest:
            raise SnapshotCorrupt(
                f"Bucket {bucket} of the snapshots of line {line.id} has other members than it is said to have: "
                "its row was changed from outside. Restore the database from a copy."
            )
    return known


def _write(session: Session, line_id: int, before: Mapping[int, bytes], after: Mapping[int, bytes]) -> None:
    row = schema.SnapshotBucket
    values = [{"line_id": line_id, "bucket": bucket, "members": members} for bucket, members in after.items()]
    if new := [one for one in values if one["bucket"] not in before]:
        session.execute(insert(row), new)
    if old := [one for one in values if one["bucket"] in before]:
        session.execute(update(row), old)


def _by_bucket(hashes: Iterable[str]) -> defaultdict[int, list[bytes]]:
    found: defaultdict[int, list[bytes]] = defaultdict(list)
    for one in hashes:
        found[bucket_of(one)].append(bytes.fromhex(one))
    return found


def _without(members: bytes, one: bytes, instead: bytes = b"") -> bytes:
    """The members but for `one`, with `instead` in its place."""
    at = DIGEST_BYTES * bisect_left(range(len(members) // DIGEST_BYTES), one, key=lambda place: _at(members, place))
    end = at + DIGEST_BYTES if members[at : at + DIGEST_BYTES] == one else at
    return members[:at] + instead + members[end:]


def _at(members: bytes, place: int) -> bytes:
    return members[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]


def _digest(members: bytes) -> bytes:
    """As corpus/hashing.py has it (`bucket_digest`), without a text for each member."""
    if not members:
        return bytes(DIGEST_BYTES)
    return hashlib.sha256(members.hex("\n", DIGEST_BYTES).encode()).digest()
