"""Reading the corpus: what the command line, reports and pages show, as plain frozen records.

By hand: `flywheel corpus stats`, `flywheel corpus list`, `flywheel corpus show`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.errors import NotFound
from corpus.lineage import Finding, proof_findings
from corpus.records import AttemptStatus, RoundKind, RoundRecord, StoredProof
from corpus.store import Corpus

#: Step budgets at which reports count solved theorems.
BUDGETS = (8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Origin:
    """How many proofs a generation's model found first; `generation` is None for arms without a model."""

    run: str
    generation: int | None
    proofs: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the theorems of one split and stratum have a proof, whoever found it and in whatever round."""

    benchmark: str
    split: str
    stratum: str
    proved: int
    theorems: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts over the whole corpus. Retracted proofs are counted in `retracted` alone. `mean_length`: tactics a proof,
    0 without proofs."""

    benchmarks: int
    theorems: int
    runs: int
    attempts: int
    proofs: int
    retracted: int
    theorems_proved: int
    mean_length: float
    snapshots: int
    test_evaluations: int
    by_source: Mapping[str, int]
    by_split: Mapping[str, int]
    origins: tuple[Origin, ...]
    by_status: Mapping[AttemptStatus, int]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True)
class ProofFilter:
    """Which proofs to list; None means any. `theorem`: part of the name. `run`: found (also) by that run."""

    theorem: str | None = None
    benchmark: str | None = None
    split: str | None = None
    stratum: str | None = None
    source: str | None = None
    run: str | None = None
    tactic: str | None = None
    retracted: bool | None = False


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One proof in a list. `found`: how many attempts ended with it."""

    id: int
    theorem: str
    benchmark: str
    split: str
    stratum: str
    source: str
    length: int
    found: int
    retracted: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """`total` proofs match; `proofs` are those from `offset` on, newest first."""

    total: int
    offset: int
    proofs: tuple[ProofLine, ...]


@dataclass(frozen=True, slots=True)
class ProofView:
    """One proof with everything known of it. `findings`: every attempt that found it, the first one first."""

    proof: StoredProof
    retracted: str | None
    findings: tuple[Finding, ...]


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


@dataclass(frozen=True, slots=True)
class Rates:
    """How a round went. `solved_at`: step budget to theorems proved within it, of `tried` ones (a final attempt is
    there). `unanswered`: selected, but not tried yet or only with errors; never counted as failures."""

    round: RoundRecord
    tried: int
    solved: int
    solved_at: Mapping[int, int]
    unanswered: int
    by_status: Mapping[AttemptStatus, int]
    steps: int
    lean_seconds: float
    model_seconds: float
    wall_seconds: float
    wall_limit_hits: int


def stats(corpus: Corpus) -> Stats:
    """Counts over the whole corpus."""
    proof, theorem = schema.Proof, schema.Theorem
    with reading(corpus.engine) as session:

        def count(table: type[schema.Base]) -> int:
            return session.scalars(select(func.count()).select_from(table)).one()

        accepted = _accepted()
        proofs, proved, steps = session.execute(
            select(func.count(), func.count(proof.theorem_id.distinct()), func.sum(proof.length)).where(accepted)
        ).one()
        by_source = session.execute(select(proof.source, func.count()).where(accepted).group_by(proof.source)).all()
        by_split = session.execute(
            select(theorem.split, func.count())
            .join(proof, proof.theorem_id == theorem.id)
            .where(accepted)
            .group_by(theorem.split)
        ).all()
        by_status = session.execute(select(schema.Attempt.status, func.count()).group_by(schema.Attempt.status)).all()
        return Stats(
            benchmarks=count(schema.Benchmark),
            theorems=count(theorem),
            runs=count(schema.Run),
            attempts=count(schema.Attempt),
            proofs=proofs,
            retracted=count(schema.Retraction),
            theorems_proved=proved,
            mean_length=(steps or 0) / max(proofs, 1),
            snapshots=count(schema.Snapshot),
            test_evaluations=session.scalars(_test_evaluations()).one(),
            by_source={source: number for source, number in sorted(by_source)},
            by_split={split: number for split, number in sorted(by_split)},
            origins=_origins(session),
            by_status={status: number for status, number in sorted(by_status)},
            coverage=_coverage(session),
        )


def list_proofs(corpus: Corpus, filter: ProofFilter = ProofFilter(), *, limit: int = 50, offset: int = 0) -> Page:
    """Proofs that match, newest first. Raises NotFound for an unknown benchmark or run."""
    proof, theorem = schema.Proof, schema.Theorem
    with reading(corpus.engine) as session:
        query = _filtered(session, filter)
        total = session.scalars(select(func.count()).select_from(query.subquery())).one()
        found = select(func.count()).where(schema.Attempt.proof_id == proof.id).scalar_subquery()
        page = session.execute(
            select(proof, theorem, schema.Benchmark, found, _accepted())
            .join(theorem, theorem.id == proof.theorem_id)
            .join(schema.Benchmark, schema.Benchmark.id == theorem.benchmark_id)
            .where(proof.id.in_(query))
            .order_by(proof.id.desc())
            .limit(limit)
            .offset(offset)
        )
        lines = tuple(
            ProofLine(
                id=proof.id,
                theorem=theorem.name,
                benchmark=rows.benchmark_record(benchmark).key,
                split=theorem.split,
                stratum=theorem.stratum,
                source=proof.source,
                length=proof.length,
                found=found,
                retracted=not accepted,
                created_at=proof.created_at,
            )
            for proof, theorem, benchmark, found, accepted in page
        )
        return Page(total, offset, lines)


def show_proof(corpus: Corpus, proof_id: int) -> ProofView:
    """One proof with theorem, steps, certificate and lineage. Raises NotFound."""
    with reading(corpus.engine) as session:
        if session.get(schema.Proof, proof_id) is None:
            raise NotFound(f"The corpus has no proof {proof_id}. `flywheel corpus list` shows those it has.")
        retraction = session.scalar(select(schema.Retraction.reason).where(schema.Retraction.proof_id == proof_id))
        return ProofView(rows.load_proofs(session, [proof_id])[0], retraction, proof_findings(session, proof_id))


def proofs_of(corpus: Corpus, theorem: str) -> list[StoredProof]:
    """The accepted proofs of all theorems of this name, oldest first."""
    with reading(corpus.engine) as session:
        query = select(schema.Proof.id).join(schema.Theorem, schema.Theorem.id == schema.Proof.theorem_id)
        ids = session.scalars(query.where(schema.Theorem.name == theorem, _accepted()).order_by(schema.Proof.id)).all()
        return rows.load_proofs(session, ids)


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


def rates(corpus: Corpus, round: RoundRecord, budgets: Sequence[int] = BUDGETS) -> Rates:
    """Solved counts of one round at step budgets, with what it cost. A theorem counts as solved once, by its best
    attempt, and only with a certified proof."""
    found = outcomes(corpus, round)
    tried = [o for o in found if o.status is not None and o.status is not AttemptStatus.ERROR]
    solved = [o.steps_to_proof for o in tried if o.status is AttemptStatus.PROVED and o.steps_to_proof is not None]
    by_status = {status: sum(o.status is status for o in found) for status in AttemptStatus}
    return Rates(
        round=round,
        tried=len(tried),
        solved=len(solved),
        solved_at={budget: sum(steps <= budget for steps in solved) for budget in budgets},
        unanswered=len(found) - len(tried),
        by_status={status: number for status, number in by_status.items() if number},
        steps=sum(o.steps for o in found),
        lean_seconds=sum(o.lean_seconds for o in found),
        model_seconds=sum(o.model_seconds for o in found),
        wall_seconds=sum(o.wall_seconds for o in found),
        wall_limit_hits=sum(o.wall_limit_hits for o in found),
    )


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


def evaluations(corpus: Corpus, run: str, budgets: Sequence[int] = BUDGETS) -> list[Rates]:
    """All evaluations of a run, in the order they were started."""
    return [rates(corpus, round, budgets) for round in corpus.rounds(run, RoundKind.EVAL)]


def count_test_evaluations(corpus: Corpus, run: str | None = None) -> int:
    """How many evaluations on a test split were started, finished or not: every look at test counts."""
    with reading(corpus.engine) as session:
        query = _test_evaluations()
        if run is not None:
            query = query.where(schema.Round.run_id == rows.run_row(session, run).id)
        return session.scalars(query).one()


def _accepted() -> ColumnElement[bool]:
    return ~exists().where(schema.Retraction.proof_id == schema.Proof.id)


def _test_evaluations() -> Select[int]:
    round = schema.Round
    return select(func.count()).select_from(round).where(round.kind == RoundKind.EVAL, round.split == "test")


def _origins(session: Session) -> tuple[Origin, ...]:
    attempt, round, generation = schema.Attempt, schema.Round, schema.Generation
    first = select(func.min(attempt.id)).where(attempt.proof_id.is_not(None)).group_by(attempt.proof_id)
    found = session.execute(
        select(schema.Run.name, generation.number, func.count())
        .select_from(attempt)
        .join(round, round.id == attempt.round_id)
        .join(schema.Run, schema.Run.id == round.run_id)
        .join(schema.Proof, schema.Proof.id == attempt.proof_id)
        .outerjoin(generation, generation.id == round.generation_id)
        .where(attempt.id.in_(first), _accepted())
        .group_by(schema.Run.id, schema.Run.name, generation.number)
        .order_by(schema.Run.id, generation.number.nulls_first())
    )
    return tuple(Origin(*row) for row in found)


def _coverage(session: Session) -> tuple[Coverage, ...]:
    theorem, benchmark = schema.Theorem, schema.Benchmark
    proved = select(schema.Proof.theorem_id).where(_accepted())
    found = session.execute(
        select(
            benchmark.name,
            benchmark.revision,
            theorem.split,
            theorem.stratum,
            func.count().filter(theorem.id.in_(proved)),
            func.count(),
        )
        .join(benchmark, benchmark.id == theorem.benchmark_id)
        .group_by(benchmark.id, benchmark.name, benchmark.revision, theorem.split, theorem.stratum)
        .order_by(benchmark.id, theorem.split, theorem.stratum)
    )
    return tuple(
        Coverage(f"{name}@{revision}", split, stratum, proved_theorems, theorems)
        for name, revision, split, stratum, proved_theorems, theorems in found
    )


def _filtered(session: Session, filter: ProofFilter) -> Select[int]:
    proof, theorem = schema.Proof, schema.Theorem
    query = select(proof.id).join(theorem, theorem.id == proof.theorem_id)
    if filter.theorem is not None:
        query = query.where(theorem.name.contains(filter.theorem, autoescape=True))
    if filter.benchmark is not None:
        query = query.where(theorem.benchmark_id == rows.benchmark_row(session, filter.benchmark).id)
    if filter.split is not None:
        query = query.where(theorem.split == filter.split)
    if filter.stratum is not None:
        query = query.where(theorem.stratum == filter.stratum)
    if filter.source is not None:
        query = query.where(proof.source == filter.source)
    if filter.tactic is not None:
        uses = schema.Step.tactic.contains(filter.tactic, autoescape=True)
        query = query.where(exists().where(schema.Step.proof_id == proof.id, uses))
    if filter.run is not None:
        run_id = rows.run_row(session, filter.run).id
        by_run = select(schema.Attempt.proof_id).join(schema.Round, schema.Round.id == schema.Attempt.round_id)
        query = query.where(proof.id.in_(by_run.where(schema.Round.run_id == run_id)))
    if filter.retracted is not None:
        query = query.where(~_accepted() if filter.retracted else _accepted())
    return query


#: The best of a theorem's attempts speaks for it.
_STRENGTH = (
    AttemptStatus.PROVED,
    AttemptStatus.WITHHELD,
    AttemptStatus.REJECTED,
    AttemptStatus.UNPROVED,
    AttemptStatus.ERROR,
)


def _outcome(name: str, stratum: str, attempts: Sequence[schema.Attempt]) -> TheoremOutcome:
    statuses = {a.status for a in attempts}
    return TheoremOutcome(
        theorem=name,
        stratum=stratum,
        status=next((status for status in _STRENGTH if status in statuses), None),
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
