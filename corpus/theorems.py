"""Everything about one theorem: its statement, its proofs, who could prove it first and what each generation did with
it. By hand: `flywheel corpus show Nat.add_comm`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.errors import NotFound
from corpus.records import AttemptStatus, RoundKind, TheoremRecord
from corpus.round_results import STRENGTH
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class ProofOf:
    """One stored proof of the theorem. `found`: how many attempts ended with it; `retracted`: why, or None."""

    id: int
    source: str
    tactics: tuple[str, ...]
    found: int
    retracted: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """What one arm of one generation did with the theorem: `tried` attempts, the best of their outcomes, the fewest
    tactic steps to a proof, and the proofs' ids. `generation` is None without a model."""

    run: str
    generation: int | None
    arm: str
    kind: RoundKind
    tried: int
    status: AttemptStatus
    steps: int
    steps_to_proof: int | None
    proofs: tuple[int, ...]
    first_at: datetime


@dataclass(frozen=True, slots=True)
class TheoremView:
    """`first`: the deed that proved it before all others, None if none did. `deeds` in the order of time."""

    benchmark: str
    theorem: TheoremRecord
    proofs: tuple[ProofOf, ...]
    first: Deed | None
    deeds: tuple[Deed, ...]


def show_theorem(corpus: Corpus, name: str) -> list[TheoremView]:
    """The theorems of exactly this name, one for each benchmark that has it, the newest first. Raises NotFound, which
    lists names that are like it."""
    with reading(corpus.engine) as session:
        query = select(schema.Theorem).where(schema.Theorem.name == name).order_by(schema.Theorem.id.desc())
        found = session.scalars(query).all()
        if not found:
            raise NotFound(f"The corpus has no theorem {name!r}.{_alike(session, name)}")
        return [_view(session, row) for row in found]


def _alike(session: Session, name: str) -> str:
    part = schema.Theorem.name.icontains(name, autoescape=True)
    names = session.scalars(select(schema.Theorem.name).where(part).distinct().order_by("name").limit(6)).all()
    if names:
        return f" There are {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}."
    return " `flywheel corpus search` finds theorems by what they say."


def _view(session: Session, row: schema.Theorem) -> TheoremView:
    deeds = tuple(_deeds(session, row.id))
    # The least attempt that ended with a certified proof, not the first deed: one that tried longest ago may have
    # succeeded late.
    believed = schema.Attempt.proof_id.is_not(None) & schema.Attempt.proof_id.not_in(select(schema.Retraction.proof_id))
    first = session.execute(_attempts(row.id).where(believed).limit(1)).first()
    return TheoremView(
        benchmark=rows.benchmark_record(session.get_one(schema.Benchmark, row.benchmark_id)).key,
        theorem=rows.theorem_record(row),
        proofs=tuple(_proofs(session, row.id)),
        first=_deed([first]) if first is not None else None,
        deeds=deeds,
    )


def _proofs(session: Session, theorem_id: int) -> Iterable[ProofOf]:
    proof, step, attempt = schema.Proof, schema.Step, schema.Attempt
    reason = select(schema.Retraction.reason).where(schema.Retraction.proof_id == proof.id).scalar_subquery()
    times = select(func.count()).where(attempt.proof_id == proof.id).scalar_subquery()
    query = select(proof.id, proof.source, proof.created_at, times, reason).where(proof.theorem_id == theorem_id)
    for id, source, created_at, found, retracted in session.execute(query.order_by(proof.id)).all():
        tactics = session.scalars(select(step.tactic).where(step.proof_id == id).order_by(step.position)).all()
        yield ProofOf(id, source, tuple(tactics), found, retracted, created_at)


_Row = Row[schema.Attempt, schema.Round, str, int | None]


def _attempts(theorem_id: int) -> Select[schema.Attempt, schema.Round, str, int | None]:
    attempt, round, run, generation = schema.Attempt, schema.Round, schema.Run, schema.Generation
    return (
        select(attempt, round, run.name, generation.number)
        .join(round, round.id == attempt.round_id)
        .join(run, run.id == round.run_id)
        .outerjoin(generation, generation.id == round.generation_id)
        .where(attempt.theorem_id == theorem_id)
        .order_by(attempt.id)
    )


def _deeds(session: Session, theorem_id: int) -> Iterable[Deed]:
    found = session.execute(_attempts(theorem_id)).all()

    def who(row: _Row) -> tuple[int, int, str, str]:
        return row[1].run_id, row[1].generation_id or 0, row[1].kind, row[1].arm

    deeds = [_deed(list(group)) for _, group in groupby(sorted(found, key=who), key=who)]
    return sorted(deeds, key=lambda deed: deed.first_at)


def _deed(group: Sequence[_Row]) -> Deed:
    attempts = [row[0] for row in group]
    _, round, run, generation = group[0]
    statuses = {attempt.status for attempt in attempts}
    to_proof = [attempt.steps_to_proof for attempt in attempts if attempt.steps_to_proof is not None]
    return Deed(
        run=run,
        generation=generation,
        arm=round.arm,
        kind=round.kind,
        tried=len(attempts),
        status=next(status for status in STRENGTH if status in statuses),
        steps=sum(attempt.steps for attempt in attempts),
        steps_to_proof=min(to_proof, default=None),
        proofs=tuple(sorted({attempt.proof_id for attempt in attempts if attempt.proof_id is not None})),
        first_at=min(attempt.created_at for attempt in attempts),
    )
