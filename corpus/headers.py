"""The headers of theorems in the corpus: each stored once, whole, and never changed.

What their declarations mean is for Lean and the gate to say. Here a header is a text with a name and a digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from corpus import schema
from corpus.errors import Conflict
from corpus.records import HeaderRecord, TheoremRecord


def require_header(theorem: TheoremRecord) -> None:
    """Raises ValueError where a theorem has another header than its environment names, or one that is not its
    digest's."""
    header = theorem.header
    if (header is not None) != ("#" in theorem.environment):
        raise ValueError(f"{theorem.name} is in {theorem.environment}, and its header is missing, or there is no need.")
    if header is None:
        return
    if header.key != theorem.environment:
        raise ValueError(f"{theorem.name} is in {theorem.environment}, and its header is that of {header.key}.")
    if hashlib.sha256(header.ndjson.encode()).hexdigest() != header.digest:
        raise ValueError(f"The declarations of the header of {theorem.name} are not those of its digest.")


def store_headers(session: Session, theorems: Iterable[TheoremRecord]) -> dict[tuple[str, str], int]:
    """The ids of all headers of these theorems by key and digest. Those that are stored already stay.

    Raises ValueError (see `require_header`), and Conflict for two texts under one key: the key has 64 bits of a hash.
    """
    wanted: dict[tuple[str, str], HeaderRecord] = {}
    for theorem in theorems:
        known = theorem.header and wanted.get((theorem.header.key, theorem.header.digest))
        if theorem.header is None or theorem.header != known:
            require_header(theorem)
        if theorem.header is not None:
            _require_same(known or theorem.header, theorem.header)
            wanted[theorem.header.key, theorem.header.digest] = theorem.header
    return {(one.key, one.digest): _id(session, one) for one in wanted.values()}


def _id(session: Session, header: HeaderRecord) -> int:
    for row in session.scalars(select(schema.Header).where(schema.Header.key == header.key)):
        _require_same(HeaderRecord(row.key, row.text, row.ndjson, row.digest), header)
        if row.digest == header.digest:
            return row.id
    mine = schema.Header(key=header.key, text=header.text, ndjson=header.ndjson, digest=header.digest)
    session.add(mine)
    session.flush()
    return mine.id


def _require_same(one: HeaderRecord, other: HeaderRecord) -> None:
    if one.text != other.text:
        raise Conflict(f"Two headers have the key {one.key}. Add a comment to one of them: it gets another key.")
