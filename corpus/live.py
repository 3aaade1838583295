"""Rounds in progress, read from what they have stored: no running process is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from corpus import rows, schema, tallies
from corpus.columns import now as current_time
from corpus.database import reading
from corpus.records import RoundKind
from corpus.store import Corpus

#: Speeds are of the last so many seconds, and a round that stored nothing for STALL has stopped.
WINDOW = timedelta(seconds=60)
STALL = timedelta(minutes=5)
#: Speeds are read off so many attempts at most, fewer seconds where a round stores more of them.
LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """An unfinished round. done: theorems with a verdict, solved: with a proof, errors: attempts that ended in one.
    steps_per_second, cores_busy: of what was stored in the last minute, 0 when nothing was; the latter is processor
    seconds of model, Lean and search a second, and an attempt counts when it ends. moving: something was stored
    lately."""

    id: int
    run: str
    arm: str
    kind: RoundKind
    benchmark: str
    split: str
    stratum: str
    generation: int | None
    selected: int
    done: int
    solved: int
    errors: int
    steps_per_second: float
    cores_busy: float
    moving: bool
    started_at: datetime
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewProof:
    """A proof that was stored lately."""

    id: int
    theorem_id: int
    theorem: str
    text: str
    length: int
    source: str
    split: str
    created_at: datetime


def rounds_in_progress(corpus: Corpus, most: int = 20) -> list[RoundProgress]:
    """Unfinished rounds, the one started last first. Those that were abandoned are among them, not `moving`."""
    round = schema.Round
    with reading(corpus.engine) as session:
        query = select(round).where(round.finished_at.is_(None)).order_by(round.id.desc()).limit(most)
        return [_progress(session, row) for row in session.scalars(query).all()]


def latest_proofs(corpus: Corpus, most: int = 10, source: str | None = None) -> list[NewProof]:
    """The believed proofs stored last, newest first."""
    proof, theorem = schema.Proof, schema.Theorem
    query = (
        select(proof, theorem.id, theorem.name, theorem.split)
        .join(theorem, theorem.id == proof.theorem_id)
        .where(proof.id.not_in(select(schema.Retraction.proof_id)))
        .order_by(proof.id.desc())
        .limit(most)
    )
    if source is not None:
        query = query.where(proof.source == source)
    with reading(corpus.engine) as session:
        return list(_proofs(session.execute(query).all()))


def _proofs(found: Iterable[tuple[schema.Proof, int, str, str]]) -> Iterable[NewProof]:
    for proof, theorem_id, name, split in found:
        yield NewProof(
            id=proof.id,
            theorem_id=theorem_id,
            theorem=name,
            text=proof.text,
            length=proof.length,
            source=proof.source,
            split=split,
            created_at=proof.created_at,
        )


def _progress(session: Session, row: schema.Round) -> RoundProgress:
    attempt = schema.Attempt
    now = current_time()
    counts = tallies.round_counts(session, [row.id])[row.id]
    processor = func.coalesce(attempt.stats["cpu_seconds"].as_float(), attempt.wall_seconds).label("processor")
    last = (
        select(attempt.steps, attempt.created_at, processor)
        .where(attempt.round_id == row.id)
        .order_by(attempt.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    recent = last.c.created_at > now - WINDOW
    last_at, steps, seconds, number, first = session.execute(
        select(
            func.max(last.c.created_at),
            func.coalesce(func.sum(last.c.steps).filter(recent), 0),
            func.coalesce(func.sum(last.c.processor).filter(recent), 0.0),
            func.count().filter(recent),
            func.min(last.c.created_at).filter(recent),
        )
    ).one()
    begun = first if number == LOOKED_AT else max(row.started_at, now - WINDOW)
    span = max(1.0, (now - begun).total_seconds())
    record = rows.round_record(session, row)
    generation = session.get(schema.Generation, row.generation_id) if row.generation_id is not None else None
    return RoundProgress(
        id=row.id,
        run=record.run,
        arm=row.arm,
        kind=row.kind,
        benchmark=record.benchmark,
        split=row.split,
        stratum=row.stratum,
        generation=generation.number if generation else None,
        selected=record.selected,
        done=counts.tried,
        solved=counts.solved,
        errors=counts.errors,
        steps_per_second=steps / span,
        cores_busy=seconds / span,
        moving=now - (last_at or row.started_at) < STALL,
        started_at=row.started_at,
        last_at=last_at,
    )
