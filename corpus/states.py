"""Tactic states stored once each: by the SHA-256 of their text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.records import StepRecord


def state_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def intern_states(session: Session, steps: Iterable[StepRecord]) -> dict[str, int]:
    """The id of every state before and after these steps by its text; those that are new are stored.

    Two writers cannot store the same one: they take turns (schema.Clock).
    """
    by_digest = {state_digest(text): text for step in steps for text in (step.state, step.state_after)}
    known = _ids(session, list(by_digest))
    new = [digest for digest in by_digest if digest not in known]
    if new:
        session.execute(insert(schema.State), [{"digest": digest, "text": by_digest[digest]} for digest in new])
        known.update(_ids(session, new))
    return {text: known[digest] for digest, text in by_digest.items()}


def _ids(session: Session, digests: list[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for chunk in rows.chunks(digests):
        query = select(schema.State.digest, schema.State.id).where(schema.State.digest.in_(chunk))
        found.update((bytes(digest), id) for digest, id in session.execute(query))
    return found
