"""What rounds did: the outcome of each theorem, histories, and counts of evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, case, func, select

from corpus import rows, schema
from corpus.database import reading
from corpus.records import AttemptStatus, RoundKind, RoundRecord, StoredProof
from corpus.store import Corpus

#: The best of a theorem's attempts speaks for it.
STRENGTH = (
    AttemptStatus.PROVED,
    AttemptStatus.WITHHELD,
    AttemptStatus.REJECTED,
    AttemptStatus.UNPROVED,
    AttemptStatus.ERROR,
)


@dataclass(frozen=True, slots=True)
class TheoremOutcome:
    """What a round knows of one theorem after all its attempts. `status` None: not tried yet. `steps_to_proof` is the
    least over the attempts whose proof is stored; the seconds and steps are sums over them, failed retries included.
    `cpu_seconds`: processor time of model, Lean and the rest (the attempts' stats), the axis on which arms compare."""

    theorem: str
    stratum: str
    status: AttemptStatus | None
    steps_to_proof: int | None
    steps: int
    heartbeats: int
    lean_seconds: float
    model_seconds: float
    wall_seconds: float
    wall_limit_hits: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class TheoremHistory:
    """Final attempts of training rounds at a theorem, and how many of them proved it."""

    attempts: int
    proved: int


def outcomes(corpus: Corpus, round: RoundRecord) -> list[TheoremOutcome]:
    """One outcome for each selected theorem, in the round's order: what paired tests and intervals start from."""
    with reading(corpus.engine) as session:
        selected = session.execute(
            select(schema.Theorem.id, schema.Theorem.name, schema.Theorem.stratum)
            .join(schema.RoundTheorem, schema.RoundTheorem.theorem_id == schema.Theorem.id)
            .where(schema.RoundTheorem.round_id == round.id)
            .order_by(schema.RoundTheorem.position)
        ).all()
        # Added up by the database: a round may have ten thousands of attempts, and their rows are wide.
        found = {row.theorem_id: row for row in session.execute(_summed(round.id))}
        return [_outcome(name, stratum, found.get(id)) for id, name, stratum in selected]


def proofs_in(corpus: Corpus, round: RoundRecord) -> dict[str, tuple[int, str]]:
    """For each theorem that a round proved the number of steps and the text of its proof."""
    with reading(corpus.engine) as session:
        query = (
            select(schema.Theorem.name, schema.Proof.length, schema.Proof.text)
            .join(schema.Attempt, schema.Attempt.theorem_id == schema.Theorem.id)
            .join(schema.Proof, schema.Proof.id == schema.Attempt.proof_id)
            .where(schema.Attempt.round_id == round.id, schema.Attempt.status == AttemptStatus.PROVED)
        )
        return {name: (length, text) for name, length, text in session.execute(query)}


def certified_in(corpus: Corpus, round: RoundRecord) -> dict[str, StoredProof]:
    """The proof of each theorem that a round proved."""
    with reading(corpus.engine) as session:
        query = select(schema.Attempt.proof_id).where(
            schema.Attempt.round_id == round.id, schema.Attempt.status == AttemptStatus.PROVED
        )
        found = [id for id in session.scalars(query) if id is not None]
        return {one.theorem.name: one for ids in rows.chunks(found) for one in rows.load_proofs(session, ids)}


def history(corpus: Corpus, benchmark: str, split: str, run: str | None = None) -> dict[str, TheoremHistory]:
    """What training rounds (of one run, or of all) have done with each theorem of a split, those never tried included:
    how a round finds theorems not seen before. In the benchmark's order."""
    attempt, theorem, round = schema.Attempt, schema.Theorem, schema.Round
    with reading(corpus.engine) as session:
        searched = select(round.id).where(round.kind == RoundKind.TRAIN)
        if run is not None:
            searched = searched.where(round.run_id == rows.run_row(session, run).id)
        tried = (
            select(attempt.theorem_id, func.count(), func.count().filter(attempt.status == AttemptStatus.PROVED))
            .where(attempt.round_id.in_(searched), attempt.status != AttemptStatus.ERROR)
            .group_by(attempt.theorem_id)
        )
        of = rows.benchmark_row(session, benchmark).id
        names = select(theorem.id, theorem.name).where(theorem.benchmark_id == of, theorem.split == split)
        # Joined here: SQLite would make an index of all counts and sort once more. Theorems with the same past share
        # one record, and rows come without the ORM's: 20,000 of either cost as much as the queries.
        said = lru_cache(maxsize=None)(TheoremHistory)
        connection = session.connection()
        counts = {id: said(attempts, proved) for id, attempts, proved in connection.execute(tried)}
        listed = connection.execute(names.order_by(theorem.id))
        return {name: counts.get(id) or said(0, 0) for id, name in listed}


def searched_steps(corpus: Corpus, run: str) -> int:
    """Tactic steps of all training rounds of a run that searched with a model: what they cost, errors included."""
    attempt, round = schema.Attempt, schema.Round
    with reading(corpus.engine) as session:
        query = (
            select(func.coalesce(func.sum(attempt.steps), 0))
            .join(round, round.id == attempt.round_id)
            .where(
                round.run_id == rows.run_row(session, run).id,
                round.kind == RoundKind.TRAIN,
                round.generation_id.is_not(None),
            )
        )
        return int(session.scalar(query) or 0)


def count_test_evaluations(corpus: Corpus, run: str | None = None) -> int:
    """How many evaluations on a test split were started, finished or not: every look at test counts."""
    with reading(corpus.engine) as session:
        query = evaluations_on_test()
        if run is not None:
            query = query.where(schema.Round.run_id == rows.run_row(session, run).id)
        return session.scalars(query).one()


def evaluations_on_test() -> Select[int]:
    """The query that counts them."""
    round = schema.Round
    return select(func.count()).select_from(round).where(round.kind == RoundKind.EVAL, round.split == "test")


def _summed(round_id: int) -> Select[*tuple[Any, ...]]:
    """A round's attempts at each theorem as one row; `best`: the place of their best status in STRENGTH."""
    attempt = schema.Attempt
    strength = case({status: place for place, status in enumerate(STRENGTH)}, value=attempt.status)
    proved = attempt.steps_to_proof.is_not(None) & attempt.proof_id.is_not(None)
    return (
        select(
            attempt.theorem_id,
            func.min(strength).label("best"),
            func.min(attempt.steps_to_proof).filter(proved).label("steps_to_proof"),
            func.sum(attempt.steps).label("steps"),
            func.sum(attempt.heartbeats).label("heartbeats"),
            func.sum(attempt.lean_seconds).label("lean_seconds"),
            func.sum(attempt.model_seconds).label("model_seconds"),
            func.sum(attempt.wall_seconds).label("wall_seconds"),
            func.sum(attempt.wall_limit_hits).label("wall_limit_hits"),
            func.sum(func.coalesce(attempt.stats["cpu_seconds"].as_float(), attempt.wall_seconds)).label("cpu_seconds"),
        )
        .where(attempt.round_id == round_id)
        .group_by(attempt.theorem_id)
    )


def _outcome(name: str, stratum: str, row: Row[Any] | None) -> TheoremOutcome:
    if row is None:
        return TheoremOutcome(name, stratum, None, None, 0, 0, 0.0, 0.0, 0.0, 0, 0.0)
    return TheoremOutcome(
        theorem=name,
        stratum=stratum,
        status=STRENGTH[row.best],
        steps_to_proof=row.steps_to_proof,
        steps=int(row.steps),
        heartbeats=int(row.heartbeats),
        lean_seconds=row.lean_seconds,
        model_seconds=row.model_seconds,
        wall_seconds=row.wall_seconds,
        wall_limit_hits=int(row.wall_limit_hits),
        cpu_seconds=row.cpu_seconds,
    )
