"""What a snapshot holds, counted when it is taken from what the one before held: that costs what is new in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from corpus import rows, schema

#: Proofs by benchmark's id and source.
Contents = Counter[tuple[int, str]]


def members(row: schema.Snapshot) -> Select[int]:
    """The ids of a snapshot's proofs."""
    change, gone = schema.SnapshotChange, aliased(schema.SnapshotChange)
    left = exists().where(
        gone.line_id == row.line_id,
        gone.proof_id == change.proof_id,
        gone.removed.is_(True),
        gone.number <= row.number,
    )
    entered = (change.line_id == row.line_id, change.removed.is_(False), change.number <= row.number)
    return select(change.proof_id).where(*entered, ~left)


def holds(row: schema.Snapshot) -> ColumnElement[bool]:
    """Whether a snapshot has `proof`, for queries that other conditions narrow to few proofs."""
    change = schema.SnapshotChange

    def changed(removed: bool) -> ColumnElement[bool]:
        return exists().where(
            change.line_id == row.line_id,
            change.proof_id == schema.Proof.id,
            change.removed.is_(removed),
            change.number <= row.number,
        )

    return changed(False) & ~changed(True)


def contents_of(session: Session, row: schema.Snapshot) -> Contents:
    """Read off the snapshot; counted where an older version took it, or where what is stored there is no such count."""
    try:
        return _read(row.contents)
    except (TypeError, ValueError):
        return _counted(session, members(row))


def contents_of_proofs(session: Session, ids: Sequence[int]) -> Contents:
    found: Contents = Counter()
    for chunk in rows.chunks(ids):
        found.update(_counted(session, chunk))
    return found


def _read(stored: Any) -> Contents:
    """Raises TypeError and ValueError."""
    found: Contents = Counter()
    for benchmark_id, source, count in stored:
        if not (isinstance(benchmark_id, int) and isinstance(source, str) and isinstance(count, int)):
            raise TypeError("no count of proofs")
        found[benchmark_id, source] = count
    return found


def stored(contents: Contents) -> list[Any]:
    """As the row of a snapshot has it."""
    return [[benchmark_id, source, count] for (benchmark_id, source), count in sorted(contents.items()) if count]


def theorems_with_members(session: Session, line_id: int, proof_ids: Iterable[int]) -> int:
    """Of the theorems of these proofs, how many have a proof in the line now."""
    # In steps along keys: in one query PostgreSQL reads every change of the line.
    proof, change = schema.Proof, schema.SnapshotChange
    touched: set[int] = set()
    for chunk in rows.chunks(sorted(proof_ids)):
        touched.update(session.scalars(select(proof.theorem_id).where(proof.id.in_(chunk))))
    theorem_of: dict[int, int] = {}
    for chunk in rows.chunks(sorted(touched)):
        of = session.execute(select(proof.id, proof.theorem_id).where(proof.theorem_id.in_(chunk)))
        theorem_of.update((id, theorem_id) for id, theorem_id in of)
    own = change.line_id == line_id
    entered = rows.among(session, change.proof_id, theorem_of, own, change.removed.is_(False))
    left = rows.among(session, change.proof_id, theorem_of, own, change.removed.is_(True))
    return len({theorem_of[id] for id in entered - left})


def finders_of(session: Session, row: schema.Snapshot) -> Counter[int]:
    """A snapshot's proofs by the id of the round that found each first. Counted where it is not stored."""
    try:
        if row.finders is None:
            raise TypeError("an older version took it")
        return Counter({int(round_id): int(count) for round_id, count in row.finders})
    except (TypeError, ValueError):
        return _found_first(session, members(row))


def finders_of_proofs(session: Session, ids: Sequence[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for chunk in rows.chunks(ids):
        found.update(_found_first(session, chunk))
    return found


def _found_first(session: Session, ids: Select[int] | Sequence[int]) -> Counter[int]:
    attempt = schema.Attempt
    first = select(func.min(attempt.id)).where(attempt.proof_id.in_(ids)).group_by(attempt.proof_id)
    # A sum: by the column itself SQLite would group along an index of all attempts.
    round_id = (attempt.round_id + 0).label("found_in")
    query = select(round_id, func.count()).where(attempt.id.in_(first)).group_by(round_id)
    return Counter({id: count for id, count in session.execute(query)})


def _counted(session: Session, ids: Select[int] | Sequence[int]) -> Contents:
    proof, theorem = schema.Proof, schema.Theorem
    # An expression: by the column itself SQLite would read all of its index.
    source = proof.source.concat("").label("origin")
    query = (
        select(theorem.benchmark_id, source, func.count())
        .join(theorem, theorem.id == proof.theorem_id)
        .where(proof.id.in_(ids))
        .group_by(theorem.benchmark_id, source)
    )
    return Counter({(benchmark_id, source): count for benchmark_id, source, count in session.execute(query)})
