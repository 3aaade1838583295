"""What is in a snapshot, and what two of them differ in. By hand: `flywheel corpus snapshot show` and `... diff`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.snapshot import Snapshot, members, snapshot_record
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A snapshot with its proofs counted by benchmark and by source, the models trained on it (`run/M_n`) and the hash
    of the snapshot before it in its line (of the same filter)."""

    snapshot: Snapshot
    by_benchmark: Mapping[str, int]
    by_source: Mapping[str, int]
    trained: tuple[str, ...]
    before: str | None


@dataclass(frozen=True, slots=True)
class TheoremChange:
    """How the proofs of one theorem differ between two snapshots. `kept`: those in both."""

    theorem: str
    benchmark: str
    entered: int
    left: int
    kept: int


@dataclass(frozen=True, slots=True)
class SnapshotDiff:
    """From snapshot `a` to `b`: proofs that entered, left or are in both, and the theorems whose proofs differ, by
    name."""

    a: Snapshot
    b: Snapshot
    entered: int
    left: int
    kept: int
    theorems: tuple[TheoremChange, ...]


def describe(corpus: Corpus, snapshot_hash: str) -> SnapshotView:
    """What is in the snapshot of this hash, or of one that begins so. Raises NotFound, Ambiguous."""
    with reading(corpus.engine) as session:
        row = rows.snapshot_row(session, snapshot_hash)
        before = session.scalar(
            select(schema.Snapshot.hash).where(
                schema.Snapshot.line_id == row.line_id, schema.Snapshot.number == row.number - 1
            )
        )
        return SnapshotView(
            snapshot_record(session, row),
            _benchmarks(session, row),
            _sources(session, row),
            trained_on(session, row),
            before,
        )


def benchmarks_in(corpus: Corpus, snapshot_hash: str) -> dict[str, int]:
    """The benchmarks (exact keys) that a snapshot's proofs belong to, with their counts."""
    with reading(corpus.engine) as session:
        return _benchmarks(session, rows.snapshot_row(session, snapshot_hash))


def trained_on(session: Session, snapshot: schema.Snapshot) -> tuple[str, ...]:
    """Names (`run/M_n`) of the generations that were trained on this set of proofs, through whatever line it came."""
    found = session.execute(
        select(schema.Run.name, schema.Generation.number)
        .join(schema.Generation, schema.Generation.run_id == schema.Run.id)
        .join(schema.Snapshot, schema.Snapshot.id == schema.Generation.snapshot_id)
        .where(schema.Snapshot.hash == snapshot.hash)
        .order_by(schema.Generation.id)
    )
    return tuple(f"{run}/M_{number}" for run, number in found)


def diff(corpus: Corpus, a: str, b: str) -> SnapshotDiff:
    """Who entered and who left from `a` to `b` (hashes, or their beginnings). Raises NotFound, Ambiguous."""
    with reading(corpus.engine) as session:
        first, second = rows.snapshot_row(session, a), rows.snapshot_row(session, b)
        before, after = _by_theorem(session, first), _by_theorem(session, second)
        stay = _by_theorem(session, first, second)
        changes = {
            theorem: (after.get(theorem, 0) - stay.get(theorem, 0), before.get(theorem, 0) - stay.get(theorem, 0))
            for theorem in before.keys() | after.keys()
        }
        changed = {theorem: change for theorem, change in changes.items() if any(change)}
        names = _names(session, list(changed))
        return SnapshotDiff(
            snapshot_record(session, first),
            snapshot_record(session, second),
            sum(entered for entered, _ in changes.values()),
            sum(left for _, left in changes.values()),
            sum(stay.values()),
            tuple(
                sorted(
                    (
                        TheoremChange(*names[theorem], entered, left, stay.get(theorem, 0))
                        for theorem, (entered, left) in changed.items()
                    ),
                    key=lambda change: (change.theorem, change.benchmark),
                )
            ),
        )


def _by_theorem(session: Session, *snapshots: schema.Snapshot) -> dict[int, int]:
    """How many proofs of each theorem are in all of these snapshots."""
    proof = schema.Proof
    inside = and_(*(proof.id.in_(members(snapshot)) for snapshot in snapshots))
    return {id: count for id, count in session.execute(_grouped(select(proof.theorem_id, func.count()).where(inside)))}


def _grouped(query: Select[int, int]) -> Select[int, int]:
    return query.group_by(schema.Proof.theorem_id)


def _names(session: Session, theorems: list[int]) -> dict[int, tuple[str, str]]:
    """Names and benchmark keys."""
    theorem, benchmark = schema.Theorem, schema.Benchmark
    query = select(theorem.id, theorem.name, benchmark.name, benchmark.revision).join(
        benchmark, benchmark.id == theorem.benchmark_id
    )
    return {
        id: (name, f"{of}@{revision}")
        for chunk in rows.chunks(theorems)
        for id, name, of, revision in session.execute(query.where(theorem.id.in_(chunk)))
    }


def _benchmarks(session: Session, row: schema.Snapshot) -> dict[str, int]:
    theorem, benchmark = schema.Theorem, schema.Benchmark
    found = session.execute(
        select(benchmark.name, benchmark.revision, func.count())
        .join(theorem, theorem.benchmark_id == benchmark.id)
        .join(schema.Proof, schema.Proof.theorem_id == theorem.id)
        .where(schema.Proof.id.in_(members(row)))
        .group_by(benchmark.id, benchmark.name, benchmark.revision)
        .order_by(benchmark.id)
    )
    return {f"{name}@{revision}": count for name, revision, count in found}


def _sources(session: Session, row: schema.Snapshot) -> dict[str, int]:
    query = select(schema.Proof.source, func.count()).where(schema.Proof.id.in_(members(row)))
    return {source: count for source, count in session.execute(query.group_by(schema.Proof.source).order_by("source"))}
