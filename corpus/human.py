"""Steps that people took where the gate could certify no proof here: training data beside the proofs, never among them.

A trace belongs to a benchmark (`flywheel bench load PATH --human`) and never changes. Snapshots whose filter names the
benchmark record how many of its traces the guard let through, and the hash of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.columns import Base
from corpus.database import reading, writing
from corpus.errors import SnapshotCorrupt
from corpus.hashing import digest
from corpus.records import HumanTraceRecord, StepRecord
from corpus.states import intern_states

if TYPE_CHECKING:
    from corpus.store import Corpus

#: The arm of rounds that certify what people proved.
HUMAN_ARM = "human"


@dataclass(frozen=True, slots=True)
class HumanSet:
    """Traces as a snapshot freezes them: how many, their hash ('' for none), the last trace and guard looked at."""

    traces: int = 0
    hash: str = ""
    traces_seen: int = 0
    guards_seen: int = 0


def store_traces(corpus: Corpus, benchmark: str, traces: Iterable[HumanTraceRecord]) -> int:
    """Stores the traces that are not there yet; returns how many these were. Raises NotFound, and ValueError for a
    trace without steps."""
    with writing(corpus.engine) as session:
        return traces_into(session, benchmark, traces)


def traces_into(session: Session, benchmark: str, traces: Iterable[HumanTraceRecord]) -> int:
    """`store_traces` inside a transaction."""
    row = rows.benchmark_row(session, benchmark)
    key = rows.benchmark_record(row).key
    by_hash = {_content_hash(key, trace): trace for trace in traces}
    if empty := [trace.name for trace in by_hash.values() if not trace.steps]:
        raise ValueError(f"The trace of {empty[0]} has no steps.")
    new = by_hash.keys() - _ids(session, list(by_hash)).keys()
    fresh = {content: trace for content, trace in by_hash.items() if content in new}
    _insert(
        session,
        schema.HumanTrace,
        (
            {
                "benchmark_id": row.id,
                "name": trace.name,
                "place": trace.place,
                "environment": trace.environment,
                "reason": trace.reason,
                "content_hash": content,
            }
            for content, trace in fresh.items()
        ),
    )
    ids = _ids(session, list(fresh))
    states = intern_states(session, (step for trace in fresh.values() for step in trace.steps))
    _insert(
        session,
        schema.HumanStep,
        (
            {
                "trace_id": ids[content],
                "position": i,
                "state_id": states[step.state],
                "tactic": step.tactic,
                "state_after_id": states[step.state_after],
            }
            for content, trace in fresh.items()
            for i, step in enumerate(trace.steps)
        ),
    )
    _insert(
        session,
        schema.HumanKey,
        (
            {"trace_id": ids[content], "hash": one}
            for content, trace in fresh.items()
            for one in sorted(trace.keys - {""})
        ),
    )
    return len(fresh)


def count_traces(corpus: Corpus, benchmark: str) -> tuple[int, int]:
    """How many traces a benchmark has, and how many of them the guard keeps out of training."""
    with reading(corpus.engine) as session:
        benchmark_id = rows.benchmark_row(session, benchmark).id
        every = select(func.count(schema.HumanTrace.id)).where(schema.HumanTrace.benchmark_id == benchmark_id)
        total = session.scalars(every).one()
        return total, total - session.scalars(every.where(~_guarded(_last(session, schema.Guard)))).one()


def freeze(session: Session, benchmarks: Sequence[str]) -> HumanSet:
    """The traces of these benchmarks (exact keys) that the guard lets through now."""
    if not benchmarks:
        return HumanSet()
    seen, guards = _last(session, schema.HumanTrace), _last(session, schema.Guard)
    hashes = [hash_ for _, hash_ in _members(session, benchmarks, seen, guards)]
    return HumanSet(len(hashes), _set_hash(hashes), seen, guards)


def with_human(proofs_hash: str, human_hash: str) -> str:
    """The hash of a snapshot, from that of its proofs and that of its traces ('' for none)."""
    if not human_hash:
        return proofs_hash
    return digest({"format": "lean-flywheel snapshot with human steps 1", "proofs": proofs_hash, "human": human_hash})


def snapshot_traces(corpus: Corpus, snapshot_hash: str) -> Iterator[HumanTraceRecord]:
    """The traces of a snapshot (a beginning of its hash is enough) in the order of their content hashes, all read and
    checked before the first is given. Raises NotFound, Ambiguous, SnapshotCorrupt."""
    yield from (trace for _, trace in traces_with_benchmarks(corpus, snapshot_hash))


def traces_with_benchmarks(corpus: Corpus, snapshot_hash: str) -> list[tuple[str, HumanTraceRecord]]:
    """The same, each with the key of its benchmark."""
    with reading(corpus.engine) as session:
        snapshot = rows.snapshot_row(session, snapshot_hash)
        if not snapshot.human:
            return []
        line = session.get_one(schema.SnapshotLine, snapshot.line_id)
        members = _members(session, line.filter["human"], snapshot.human_seen, snapshot.guards_seen)
        found = _load(session, [id for id, _ in members])
    if (len(members), traces_hash(found)) != (snapshot.human, snapshot.human_hash):
        raise SnapshotCorrupt(
            f"The human steps of snapshot {snapshot_hash} hash to something else: rows were added, removed or changed "
            "from outside. Restore the database from a copy."
        )
    return found


def traces_of(session: Session, benchmark_id: int) -> list[HumanTraceRecord]:
    """All traces of a benchmark, in the order in which they were stored."""
    trace = schema.HumanTrace
    ids = session.scalars(select(trace.id).where(trace.benchmark_id == benchmark_id).order_by(trace.id)).all()
    return [found for _, found in _load(session, ids)]


def traces_hash(traces: Iterable[tuple[str, HumanTraceRecord]]) -> str:
    """The hash of a set of traces, each with the key of its benchmark; '' for none."""
    return _set_hash([_content_hash(*one) for one in traces])


def _guarded(last_guard: int) -> ColumnElement[bool]:
    """Whether `human_trace` has a key of the guard, as it was when `last_guard` was its last row."""
    key, guard = schema.HumanKey, schema.Guard
    # One join over all, not a question for each trace: 100,000 of them took minutes.
    met = select(key.trace_id).join(guard, guard.hash == key.hash).where(guard.id <= last_guard)
    return schema.HumanTrace.id.in_(met)


def _ids(session: Session, hashes: Sequence[str]) -> dict[str, int]:
    """The stored traces among these, by content hash."""
    trace = schema.HumanTrace
    found: dict[str, int] = {}
    for chunk in rows.chunks(hashes):
        found.update(
            (hash_, id)
            for hash_, id in session.execute(select(trace.content_hash, trace.id).where(trace.content_hash.in_(chunk)))
        )
    return found


def _insert(session: Session, table: type[Base], values: Iterable[dict[str, Any]]) -> None:
    values = iter(values)
    while batch := list(islice(values, rows.CHUNK)):
        session.execute(insert(table), batch)


def _members(session: Session, benchmarks: Sequence[str], seen: int, guards: int) -> list[tuple[int, str]]:
    ids = [rows.benchmark_row(session, key).id for key in benchmarks]
    trace = schema.HumanTrace
    query = (
        select(trace.id, trace.content_hash)
        .where(trace.benchmark_id.in_(ids), trace.id <= seen, ~_guarded(guards))
        .order_by(trace.content_hash)
    )
    return [(id, hash_) for id, hash_ in session.execute(query)]


def _load(session: Session, ids: Sequence[int]) -> list[tuple[str, HumanTraceRecord]]:
    """Benchmark keys and traces, in the order of `ids`."""
    steps: defaultdict[int, list[StepRecord]] = defaultdict(list)
    keys: defaultdict[int, set[str]] = defaultdict(set)
    found: dict[int, schema.HumanTrace] = {}
    for chunk in rows.chunks(ids):
        step, key, trace = schema.HumanStep, schema.HumanKey, schema.HumanTrace
        taken = session.scalars(
            select(step).where(step.trace_id.in_(chunk)).order_by(step.trace_id, step.position)
        ).all()
        texts = rows.state_texts(session, {id for row in taken for id in (row.state_id, row.state_after_id)})
        for row in taken:
            steps[row.trace_id].append(StepRecord(texts[row.state_id], row.tactic, texts[row.state_after_id]))
        for trace_id, hash_ in session.execute(select(key.trace_id, key.hash).where(key.trace_id.in_(chunk))):
            keys[trace_id].add(hash_)
        found.update({one.id: one for one in session.scalars(select(trace).where(trace.id.in_(chunk)))})
    names = {id: rows.benchmark_record(session.get_one(schema.Benchmark, id)).key for id in _benchmarks(found)}
    return [
        (
            names[found[id].benchmark_id],
            HumanTraceRecord(
                name=found[id].name,
                place=found[id].place,
                environment=found[id].environment,
                reason=found[id].reason,
                steps=tuple(steps[id]),
                keys=frozenset(keys[id]),
            ),
        )
        for id in ids
    ]


def _benchmarks(traces: dict[int, schema.HumanTrace]) -> set[int]:
    return {trace.benchmark_id for trace in traces.values()}


def _last(session: Session, table: type[schema.HumanTrace] | type[schema.Guard]) -> int:
    return session.scalar(select(func.max(table.id))) or 0


def _content_hash(benchmark: str, trace: HumanTraceRecord) -> str:
    return digest(
        {
            "format": "human trace 1",
            "benchmark": benchmark,
            "theorem": trace.name,
            "place": trace.place,
            "environment": trace.environment,
            "keys": sorted(trace.keys - {""}),
            "steps": [[step.state, step.tactic, step.state_after] for step in trace.steps],
        }
    )


def _set_hash(hashes: Iterable[str]) -> str:
    """'' for none."""
    ordered = sorted(hashes)
    return digest(ordered) if ordered else ""
