"""From names to rows and from rows to records: what store, snapshots and queries share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from corpus import schema
from corpus.errors import Ambiguous, NotFound
from corpus.records import (
    BenchmarkRecord,
    CertificateRecord,
    GenerationRecord,
    HeaderRecord,
    RoundRecord,
    RunRecord,
    StepRecord,
    StoredProof,
    TheoremRecord,
)

T = TypeVar("T")

#: Values in one IN list; SQLite allows 32,766 parameters a statement.
CHUNK = 10_000
#: Lists of many different lengths are brought to a multiple of this.
PADDED = 500


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def among(
    session: Session, column: InstrumentedAttribute[int], values: Iterable[int], *conditions: ColumnElement[bool]
) -> set[int]:
    """Which of these values a row has in this column. A question of its own along a key: in a join with several
    tables PostgreSQL may begin with what is largest."""
    found: set[int] = set()
    for chunk in chunks(sorted(values)):
        found.update(session.scalars(select(column).where(column.in_(chunk), *conditions)))
    return found


def benchmark_row(session: Session, benchmark: str) -> schema.Benchmark:
    """`name@revision`, or `name` for the revision added last. Raises NotFound."""
    name, _, revision = benchmark.partition("@")
    query = select(schema.Benchmark).where(schema.Benchmark.name == name).order_by(schema.Benchmark.id.desc()).limit(1)
    row = session.scalar(query.where(schema.Benchmark.revision == revision) if revision else query)
    if row is None:
        raise NotFound(f"The corpus has no benchmark {benchmark!r}. `flywheel bench list` shows those it has.")
    return row


def run_row(session: Session, name: str) -> schema.Run:
    row = session.scalar(select(schema.Run).where(schema.Run.name == name))
    if row is None:
        raise NotFound(f"The corpus has no run {name!r}. `flywheel runs list` shows those it has.")
    return row


def snapshot_row(session: Session, snapshot_hash: str) -> schema.Snapshot:
    """The snapshot whose hash is or begins with this; several lines may hold the same set: the first. Raises NotFound,
    Ambiguous."""
    snapshot, wanted = schema.Snapshot, snapshot_hash.strip().lower()
    if not re.fullmatch("[0-9a-f]{1,64}", wanted):
        raise NotFound(f"{snapshot_hash!r} is no hash of a snapshot. `flywheel corpus snapshot list` shows them.")
    # As a range, which the index serves: no hash sorts behind `wanted` and a "g".
    within = select(func.min(snapshot.id)).where(snapshot.hash >= wanted, snapshot.hash < wanted + "g")
    ids = session.scalars(within.group_by(snapshot.hash).order_by(snapshot.hash)).all()
    if not ids:
        raise NotFound(
            f"The corpus has no snapshot {snapshot_hash}. `flywheel corpus snapshot list` shows those it has, "
            "`flywheel corpus snapshot create` takes one."
        )
    if len(ids) > 1:
        found = session.scalars(select(snapshot.hash).where(snapshot.id.in_(ids)).order_by(snapshot.hash)).all()
        raise Ambiguous(f"{len(found)} snapshots begin with {snapshot_hash}: {listed(found)}. Give more of the hash.")
    return session.get_one(snapshot, ids[0])


def listed(names: Sequence[str], most: int = 10) -> str:
    """The first of these names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def benchmark_record(row: schema.Benchmark) -> BenchmarkRecord:
    return BenchmarkRecord(row.id, row.name, row.revision, row.library_digest, row.theorem_count, row.meta)


def theorem_record(row: schema.Theorem) -> TheoremRecord:
    return TheoremRecord(
        name=row.name,
        statement=row.statement,
        statement_hash=row.statement_hash,
        environment=row.environment,
        module=row.module,
        split=row.split,
        stratum=row.stratum,
        family=row.family,
        extra=row.extra,
        header=None if row.header is None else header_record(row.header),
    )


def header_record(row: schema.Header) -> HeaderRecord:
    return HeaderRecord(row.key, row.text, row.ndjson, row.digest)


def run_record(row: schema.Run) -> RunRecord:
    return RunRecord(row.id, row.name, row.config, row.created_at)


def generation_record(session: Session, row: schema.Generation) -> GenerationRecord:
    return generation_records(session, [row])[0]


def generation_records(session: Session, found: Sequence[schema.Generation]) -> list[GenerationRecord]:
    """In the order of `found`: one query for their runs and one for their snapshots, however many they are."""
    runs = _by_id(session, schema.Run.id, schema.Run.name, (row.run_id for row in found))
    frozen = {row.snapshot_id for row in found if row.snapshot_id is not None}
    hashes = _by_id(session, schema.Snapshot.id, schema.Snapshot.hash, frozen)
    return [
        GenerationRecord(
            id=row.id,
            run=runs[row.run_id],
            number=row.number,
            parent_id=row.parent_id,
            snapshot_hash=hashes[row.snapshot_id] if row.snapshot_id is not None else None,
            recipe=row.recipe,
            config=row.config,
            config_hash=row.config_hash,
            seeds=row.seeds,
            versions=row.versions,
            model_path=row.model_path,
            model_hash=row.model_hash,
            metrics=row.metrics,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )
        for row in found
    ]


def _by_id(
    session: Session, id: InstrumentedAttribute[int], value: InstrumentedAttribute[str], wanted: Iterable[int]
) -> dict[int, str]:
    """One column of the rows with these ids."""
    found: dict[int, str] = {}
    for chunk in chunks(sorted(set(wanted))):
        found.update((one, text) for one, text in session.execute(select(id, value).where(id.in_(chunk))))
    return found


def round_record(session: Session, row: schema.Round) -> RoundRecord:
    return round_records(session, [row])[0]


def round_records(session: Session, found: Sequence[schema.Round]) -> list[RoundRecord]:
    """In the order of `found`: one query for what they selected, however many they are."""
    selected: dict[int, int] = {}
    place = schema.RoundTheorem
    for chunk in chunks([row.id for row in found]):
        # Positions count from 0, so that the last one is found by the key where a count would read them all.
        last = select(func.max(place.position)).where(place.round_id == schema.Round.id).scalar_subquery()
        query = select(schema.Round.id, func.coalesce(last + 1, 0)).where(schema.Round.id.in_(chunk))
        selected.update((id, count) for id, count in session.execute(query))
    return [
        RoundRecord(
            id=row.id,
            run=session.get_one(schema.Run, row.run_id).name,
            generation_id=row.generation_id,
            benchmark=benchmark_record(session.get_one(schema.Benchmark, row.benchmark_id)).key,
            split=row.split,
            stratum=row.stratum,
            arm=row.arm,
            kind=row.kind,
            seed=row.seed,
            config=row.config,
            selected=selected[row.id],
            started_at=row.started_at,
            finished_at=row.finished_at,
        )
        for row in found
    ]


def load_proofs(session: Session, ids: Sequence[int]) -> list[StoredProof]:
    """Whole proofs, in the order of `ids`: six queries however many they are. Keep `ids` within CHUNK."""
    proofs = session.execute(
        select(schema.Proof, schema.Theorem, schema.Benchmark, schema.Certificate)
        .join(schema.Theorem, schema.Theorem.id == schema.Proof.theorem_id)
        .join(schema.Benchmark, schema.Benchmark.id == schema.Theorem.benchmark_id)
        .join(schema.Certificate, schema.Certificate.proof_id == schema.Proof.id)
        .where(schema.Proof.id.in_(ids))
    )
    steps, borrowed = _steps(session, ids), _borrowed(session, ids)
    found = {
        proof.id: StoredProof(
            id=proof.id,
            benchmark=benchmark_record(benchmark).key,
            theorem=theorem_record(theorem),
            source=proof.source,
            steps=tuple(steps[proof.id]),
            certificate=_certificate_record(certificate),
            text=proof.text,
            term_bytes=proof.term_bytes,
            content_hash=proof.content_hash,
            created_at=proof.created_at,
            borrowed=tuple(sorted(borrowed[proof.id])),
        )
        for proof, theorem, benchmark, certificate in proofs
    }
    return [found[id] for id in ids]


def _borrowed(session: Session, ids: Sequence[int]) -> defaultdict[int, list[str]]:
    """The content hashes of the proofs that each names as lemmas."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    edge = schema.Borrowed
    for proof_id, content in session.execute(
        select(edge.proof_id, schema.Proof.content_hash)
        .join(schema.Proof, schema.Proof.id == edge.lemma_id)
        .where(edge.proof_id.in_(ids), edge.named)
    ):
        found[proof_id].append(content)
    return found


def state_texts(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The printed tactic states of these ids: one string each, however many steps have it."""
    query = select(schema.State.id, schema.State.text)
    return {
        id: text
        for chunk in chunks(sorted(ids))
        for id, text in session.execute(query.where(schema.State.id.in_(_padded(chunk))))
    }


def _padded(values: list[int]) -> list[int]:
    """The last one again up to a multiple of PADDED: SQLite's driver keeps its last 128 statements, which for lists of
    ever other lengths are 128 with a thousand parameters and more each."""
    return values + values[-1:] * (-len(values) % PADDED)


def _certificate_record(row: schema.Certificate) -> CertificateRecord:
    return CertificateRecord(
        statement_hash=row.statement_hash,
        environment_digest=row.environment_digest,
        proof_hash=row.proof_hash,
        axioms=tuple(row.axioms),
        kernels=row.kernels,
        gate_version=row.gate_version,
        auxiliaries=tuple(row.auxiliaries),
        header_digest=row.header_digest,
    )


def _steps(session: Session, proof_ids: Sequence[int]) -> defaultdict[int, list[StepRecord]]:
    goals: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    goal_columns = (schema.Goal.proof_id, schema.Goal.position, schema.Goal.hash)
    goal_order = (schema.Goal.proof_id, schema.Goal.position, schema.Goal.ordinal)
    for proof_id, position, goal_hash in session.execute(
        select(*goal_columns).where(schema.Goal.proof_id.in_(proof_ids)).order_by(*goal_order)
    ):
        goals[proof_id, position].append(goal_hash)
    steps: defaultdict[int, list[StepRecord]] = defaultdict(list)
    step = schema.Step
    found = session.execute(
        select(*step.__table__.c).where(step.proof_id.in_(proof_ids)).order_by(step.proof_id, step.position)
    ).all()
    texts = state_texts(session, {id for row in found for id in (row.state_id, row.state_after_id)})
    for row in found:
        steps[row.proof_id].append(
            StepRecord(
                state=texts[row.state_id],
                tactic=row.tactic,
                state_after=texts[row.state_after_id],
                template=row.template,
                milliseconds=row.milliseconds,
                heartbeats=row.heartbeats,
                goal_hashes=tuple(goals[row.proof_id, row.position]),
            )
        )
    return steps
