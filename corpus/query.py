"""Reading the corpus: what the command line and pages show of it, as plain frozen records. Lists:
corpus/proof_list.py; what rounds did: corpus/round_results.py.

By hand: `flywheel corpus stats`, `flywheel corpus show`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from corpus import counting, rows, schema, tallies
from corpus.borrowing import BorrowedLemma, borrowed_lemmas, borrowers
from corpus.columns import Base
from corpus.database import reading
from corpus.errors import NotFound
from corpus.lineage import Finding, proof_findings
from corpus.proof_list import believed
from corpus.records import AttemptStatus, StoredProof
from corpus.round_results import evaluations_on_test
from corpus.search_tree import TreeSizes
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
class ProofView:
    """One proof with everything known of it. `findings`: every attempt that found it, the first one first. `lemmas`:
    the earlier proofs that it rests on; `borrowers`: how many rest on it."""

    proof: StoredProof
    retracted: str | None
    findings: tuple[Finding, ...]
    lemmas: tuple[BorrowedLemma, ...] = ()
    borrowers: int = 0


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
    with reading(corpus.engine) as session:
        counts = tallies.tallied(session)
        return Totals(
            theorems=_rows(session, schema.Theorem),
            proofs=counts[counting.Key(counting.PROOFS)],
            theorems_proved=sum(tallies.values(counts, counting.PROVED).values()),
            attempts=sum(tallies.values(counts, counting.STATUS).values()),
            runs=_rows(session, schema.Run),
            generations=_rows(session, schema.Generation),
            snapshots=_rows(session, schema.Snapshot),
            test_evaluations=session.scalars(evaluations_on_test()).one(),
        )


def stats(corpus: Corpus) -> Stats:
    """Counts over the whole corpus."""
    with reading(corpus.engine) as session:
        counts = tallies.tallied(session)
        coverage = _coverage(session, counts)
        proofs = counts[counting.Key(counting.PROOFS)]
        by_status = tallies.values(counts, counting.STATUS)
        return Stats(
            benchmarks=_rows(session, schema.Benchmark),
            theorems=_rows(session, schema.Theorem),
            runs=_rows(session, schema.Run),
            attempts=sum(by_status.values()),
            proofs=proofs,
            retracted=_rows(session, schema.Retraction),
            theorems_proved=sum(part.proved for part in coverage),
            mean_length=counts[counting.Key(counting.LENGTH)] / max(proofs, 1),
            snapshots=_rows(session, schema.Snapshot),
            test_evaluations=session.scalars(evaluations_on_test()).one(),
            trees=TreeSizes(
                counts[counting.Key(counting.TREES)],
                counts[counting.Key(counting.TREE_BYTES)],
                counts[counting.Key(counting.TREE_SIZE)],
            ),
            by_source=tallies.values(counts, counting.SOURCE),
            by_split=tallies.values(counts, counting.SPLIT),
            origins=_origins(session, counts),
            by_status={AttemptStatus(status): count for status, count in by_status.items()},
            coverage=coverage,
        )


def show_proof(corpus: Corpus, proof_id: int) -> ProofView:
    """One proof with theorem, steps, certificate and lineage. Raises NotFound."""
    with reading(corpus.engine) as session:
        if session.get(schema.Proof, proof_id) is None:
            raise NotFound(f"The corpus has no proof {proof_id}. `flywheel corpus list` shows those it has.")
        retraction = session.scalar(select(schema.Retraction.reason).where(schema.Retraction.proof_id == proof_id))
        return ProofView(
            rows.load_proofs(session, [proof_id])[0],
            retraction,
            proof_findings(session, proof_id),
            borrowed_lemmas(session, proof_id),
            len(borrowers(session, [proof_id])),
        )


def proofs_at(corpus: Corpus, theorem_id: int) -> list[StoredProof]:
    """The accepted proofs of one theorem, oldest first."""
    with reading(corpus.engine) as session:
        query = select(schema.Proof.id).where(schema.Proof.theorem_id == theorem_id, believed())
        return rows.load_proofs(session, session.scalars(query.order_by(schema.Proof.id)).all())


def theorem_id_of(corpus: Corpus, proof_id: int) -> int:
    """The id of the theorem that a proof proves. Raises NotFound."""
    with reading(corpus.engine) as session:
        row = session.get(schema.Proof, proof_id)
        if row is None:
            raise NotFound(f"The corpus has no proof {proof_id}. `flywheel corpus list` shows those it has.")
        return row.theorem_id


def _rows(session: Session, table: type[Base]) -> int:
    """How many rows a table has: for those that stay small."""
    return session.scalars(select(func.count()).select_from(table)).one()


def _origins(session: Session, counts: Counter[counting.Key]) -> tuple[Origin, ...]:
    found = sorted(tallies.origins(counts), key=lambda one: (one[0], one[1] or 0))
    return tuple(
        Origin(
            session.get_one(schema.Run, run).name,
            None if generation is None else session.get_one(schema.Generation, generation).number,
            proofs,
        )
        for run, generation, proofs in found
    )


def _coverage(session: Session, counts: Counter[counting.Key]) -> tuple[Coverage, ...]:
    theorem, benchmark = schema.Theorem, schema.Benchmark
    parts = (theorem.benchmark_id, theorem.split, theorem.stratum)
    sizes = session.execute(select(*parts, func.count()).group_by(*parts).order_by(*parts)).all()
    keys = {row.id: rows.benchmark_record(row).key for row in session.scalars(select(benchmark))}
    return tuple(
        Coverage(
            keys[id], split, stratum, counts[counting.Key(counting.PROVED, counting.part(id, split, stratum))], theorems
        )
        for id, split, stratum, theorems in sizes
    )
