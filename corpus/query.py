"""Reading the corpus: what the command line and pages show of it, as plain frozen records. What rounds did:
corpus/round_results.py.

By hand: `flywheel corpus stats`, `flywheel corpus list`, `flywheel corpus show`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.columns import Base
from corpus.database import reading
from corpus.errors import NotFound
from corpus.lineage import Finding, proof_findings
from corpus.records import AttemptStatus, StoredProof
from corpus.round_results import evaluations_on_test
from corpus.search_tree import TreeSizes, tree_sizes
from corpus.store import Corpus


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
    trees: TreeSizes
    by_source: Mapping[str, int]
    by_split: Mapping[str, int]
    origins: tuple[Origin, ...]
    by_status: Mapping[AttemptStatus, int]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True)
class ProofFilter:
    """Which proofs to list; None means any. `theorem`, `tactic`: part of the name or of a tactic, in
    letters of either case. `run`: found (also) by that run."""

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
class Totals:
    """The few counts that cost next to nothing; `proofs` are the believed ones."""

    theorems: int
    proofs: int
    theorems_proved: int
    attempts: int
    runs: int
    generations: int
    snapshots: int
    test_evaluations: int


def totals(corpus: Corpus) -> Totals:
    """Counts for the head of a page."""
    proof = schema.Proof
    with reading(corpus.engine) as session:

        def count(table: type[Base]) -> int:
            return session.scalars(select(func.count()).select_from(table)).one()

        proofs, proved = session.execute(
            select(func.count(), func.count(proof.theorem_id.distinct())).where(_accepted())
        ).one()
        return Totals(
            theorems=count(schema.Theorem),
            proofs=proofs,
            theorems_proved=proved,
            attempts=count(schema.Attempt),
            runs=count(schema.Run),
            generations=count(schema.Generation),
            snapshots=count(schema.Snapshot),
            test_evaluations=session.scalars(evaluations_on_test()).one(),
        )


def stats(corpus: Corpus) -> Stats:
    """Counts over the whole corpus."""
    proof, theorem = schema.Proof, schema.Theorem
    with reading(corpus.engine) as session:

        def count(table: type[Base]) -> int:
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
            test_evaluations=session.scalars(evaluations_on_test()).one(),
            trees=tree_sizes(session),
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
        # The ids first, newest first: that ends with the page, where one query would join all that match.
        ids = session.scalars(query.order_by(proof.id.desc()).limit(limit).offset(offset)).all()
        found = select(func.count()).where(schema.Attempt.proof_id == proof.id).scalar_subquery()
        page = session.execute(
            select(proof, theorem, schema.Benchmark, found, _accepted())
            .join(theorem, theorem.id == proof.theorem_id)
            .join(schema.Benchmark, schema.Benchmark.id == theorem.benchmark_id)
            .where(proof.id.in_(ids))
            .order_by(proof.id.desc())
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


def proofs_at(corpus: Corpus, theorem_id: int) -> list[StoredProof]:
    """The accepted proofs of one theorem, oldest first."""
    with reading(corpus.engine) as session:
        query = select(schema.Proof.id).where(schema.Proof.theorem_id == theorem_id, _accepted())
        return rows.load_proofs(session, session.scalars(query.order_by(schema.Proof.id)).all())


def theorem_id_of(corpus: Corpus, proof_id: int) -> int:
    """The id of the theorem that a proof proves. Raises NotFound."""
    with reading(corpus.engine) as session:
        row = session.get(schema.Proof, proof_id)
        if row is None:
            raise NotFound(f"The corpus has no proof {proof_id}. `flywheel corpus list` shows those it has.")
        return row.theorem_id


def _accepted() -> ColumnElement[bool]:
    return ~exists().where(schema.Retraction.proof_id == schema.Proof.id)


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
        query = query.where(theorem.name.icontains(filter.theorem, autoescape=True))
    if filter.benchmark is not None:
        query = query.where(theorem.benchmark_id == rows.benchmark_row(session, filter.benchmark).id)
    if filter.split is not None:
        query = query.where(theorem.split == filter.split)
    if filter.stratum is not None:
        query = query.where(theorem.stratum == filter.stratum)
    if filter.source is not None:
        query = query.where(proof.source == filter.source)
    if filter.tactic is not None:
        uses = schema.Step.tactic.icontains(filter.tactic, autoescape=True)
        query = query.where(exists().where(schema.Step.proof_id == proof.id, uses))
    if filter.run is not None:
        run_id = rows.run_row(session, filter.run).id
        by_run = select(schema.Attempt.proof_id).join(schema.Round, schema.Round.id == schema.Attempt.round_id)
        query = query.where(proof.id.in_(by_run.where(schema.Round.run_id == run_id)))
    if filter.retracted is not None:
        query = query.where(~_accepted() if filter.retracted else _accepted())
    return query
