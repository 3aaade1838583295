"""What rounds did: the outcome of each theorem, histories, and counts of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from corpus import rows, schema
from corpus.database import reading
from corpus.records import AttemptStatus, RoundKind, RoundRecord
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
        attempts: dict[int, list[schema.Attempt]] = {id: [] for id, _, _ in selected}
        for row in session.scalars(select(schema.Attempt).where(schema.Attempt.round_id == round.id)):
            attempts[row.theorem_id].append(row)
        return [_outcome(name, stratum, attempts[id]) for id, name, stratum in selected]


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


def history(corpus: Corpus, benchmark: str, split: str, run: str | None = None) -> dict[str, TheoremHistory]:
    """What training rounds (of one run, or of all) have done with each theorem of a split, those never tried included:
    how a round finds theorems not seen before. In the benchmark's order."""
    attempt, theorem, round = schema.Attempt, schema.Theorem, schema.Round
    with reading(corpus.engine) as session:
        tried = (
            select(
                attempt.theorem_id,
                func.count().label("attempts"),
                func.count().filter(attempt.status == AttemptStatus.PROVED).label("proved"),
            )
            .join(round, round.id == attempt.round_id)
            .where(round.kind == RoundKind.TRAIN, attempt.status != AttemptStatus.ERROR)
            .group_by(attempt.theorem_id)
        )
        if run is not None:
            tried = tried.where(round.run_id == rows.run_row(session, run).id)
        counts = tried.subquery()
        found = session.execute(
            select(theorem.name, func.coalesce(counts.c.attempts, 0), func.coalesce(counts.c.proved, 0))
            .outerjoin(counts, counts.c.theorem_id == theorem.id)
            .where(theorem.benchmark_id == rows.benchmark_row(session, benchmark).id, theorem.split == split)
            .order_by(theorem.id)
        )
        return {name: TheoremHistory(attempts, proved) for name, attempts, proved in found}


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


def _outcome(name: str, stratum: str, attempts: Sequence[schema.Attempt]) -> TheoremOutcome:
    statuses = {a.status for a in attempts}
    return TheoremOutcome(
        theorem=name,
        stratum=stratum,
        status=next((status for status in STRENGTH if status in statuses), None),
        steps_to_proof=min(
            (a.steps_to_proof for a in attempts if a.steps_to_proof is not None and a.proof_id is not None),
            default=None,
        ),
        steps=sum(a.steps for a in attempts),
        heartbeats=sum(a.heartbeats for a in attempts),
        lean_seconds=sum(a.lean_seconds for a in attempts),
        model_seconds=sum(a.model_seconds for a in attempts),
        wall_seconds=sum(a.wall_seconds for a in attempts),
        wall_limit_hits=sum(a.wall_limit_hits for a in attempts),
        cpu_seconds=sum(float(a.stats.get("cpu_seconds", a.wall_seconds)) for a in attempts),
    )
