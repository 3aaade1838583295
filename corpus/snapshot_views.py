"""What is in a snapshot, and what two of them differ in. By hand: `flywheel corpus snapshot show` and `... diff`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.contents import contents_of, holds, members
from corpus.database import reading
from corpus.descent import trained_on
from corpus.generations import generation_name
from corpus.snapshot import Snapshot, snapshot_record
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
            tuple(generation_name(session, model) for model in trained_on(session, [row])),
            before,
        )


def benchmarks_in(corpus: Corpus, snapshot_hash: str) -> dict[str, int]:
    """The benchmarks (exact keys) that a snapshot's proofs belong to, with their counts."""
    with reading(corpus.engine) as session:
        return _benchmarks(session, rows.snapshot_row(session, snapshot_hash))


def diff(corpus: Corpus, a: str, b: str) -> SnapshotDiff:
    """Who entered and who left from `a` to `b` (hashes, or their beginnings). Raises NotFound, Ambiguous."""
    with reading(corpus.engine) as session:
        first, second = rows.snapshot_row(session, a), rows.snapshot_row(session, b)
        which = _touched(first, second)
        before, after = _by_theorem(session, which, first), _by_theorem(session, which, second)
        stay = _by_theorem(session, which, first, second)
        changes = {
            theorem: (after.get(theorem, 0) - stay.get(theorem, 0), before.get(theorem, 0) - stay.get(theorem, 0))
            for theorem in before.keys() | after.keys()
        }
        changed = {theorem: change for theorem, change in changes.items() if any(change)}
        names = _names(session, list(changed))
        entered, left = (sum(change[side] for change in changes.values()) for side in (0, 1))
        return SnapshotDiff(
            snapshot_record(session, first),
            snapshot_record(session, second),
            entered,
            left,
            first.proofs - left,
            tuple(
                sorted(
                    (
                        TheoremChange(*names[theorem], *change, stay.get(theorem, 0))
                        for theorem, change in changed.items()
                    ),
                    key=lambda change: (change.theorem, change.benchmark),
                )
            ),
        )


def _by_theorem(session: Session, theorems: Select[int] | None, *snapshots: schema.Snapshot) -> dict[int, int]:
    """How many proofs of each of these theorems (None: of all) are in all of these snapshots."""
    proof = schema.Proof
    query = select(proof.theorem_id, func.count())
    if theorems is not None:
        query = query.where(proof.theorem_id.in_(theorems), *map(holds, snapshots))
    else:
        query = query.where(*(proof.id.in_(members(one)) for one in snapshots))
    return {id: count for id, count in session.execute(query.group_by(proof.theorem_id))}


def _touched(a: schema.Snapshot, b: schema.Snapshot) -> Select[int] | None:
    """The theorems whose proofs can differ: in one line those that something happened to in between."""
    if a.line_id != b.line_id:
        return None
    change, proof = schema.SnapshotChange, schema.Proof
    first, last = sorted((a.number, b.number))
    return (
        select(proof.theorem_id)
        .join(change, change.proof_id == proof.id)
        .where(change.line_id == a.line_id, change.number > first, change.number <= last)
    )


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
    found = Counter[int]()
    for (benchmark_id, _), count in contents_of(session, row).items():
        found[benchmark_id] += count
    return {
        rows.benchmark_record(session.get_one(schema.Benchmark, id)).key: count for id, count in sorted(found.items())
    }


def _sources(session: Session, row: schema.Snapshot) -> dict[str, int]:
    found = Counter[str]()
    for (_, source), count in contents_of(session, row).items():
        found[source] += count
    return dict(sorted(found.items()))
