"""Frozen sets of proofs under a content hash: what a generation was trained on. By hand:
`flywheel corpus snapshot create | list | show | diff | verify`.

A *line* is the row of snapshots of one filter. The next snapshot of a line looks at attempts, retractions and guard
hashes past the last ones that the line has seen, writes who entered and who left, and rehashes the buckets they fall
in (corpus/buckets.py): it costs what is new. Two databases that hold the same proofs give the same hash, whatever order
they came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, union
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.buckets import change_members
from corpus.contents import (
    contents_of,
    contents_of_proofs,
    finders_of,
    finders_of_proofs,
    holds,
    stored,
    theorems_with_members,
)
from corpus.database import reading, writing
from corpus.errors import SnapshotCorrupt
from corpus.guard import leaking, leaks_among
from corpus.hashing import EMPTY_BUCKETS, RunningSetHash, content_hash, digest, set_hash
from corpus.human import HUMAN_ARM, freeze, snapshot_traces, with_human
from corpus.records import RoundKind, StoredProof
from corpus.store import Corpus

#: Proofs read at a time while streaming.
BATCH = 500


@dataclass(frozen=True, slots=True)
class SnapshotFilter:
    """Which accepted proofs of `train` theorems found in training rounds count; empty or None means any.

    `run`: found (also) by that run. `benchmarks`: keys, or names for the newest revision now. `sources`: `seed`,
    `portfolio`, `grammar`, `policy`. `max_steps`: proofs of at most so many tactics. `human`: benchmarks whose human
    steps count too, certified proofs and mere traces. `since`: proofs that were stored then or later. `from_round`:
    found (also) in the training round of this id or a later one.
    """

    run: str | None = None
    benchmarks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    max_steps: int | None = None
    human: tuple[str, ...] = ()
    since: datetime | None = None
    from_round: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen set. `withheld`: proofs its line has left out so far because of the guard. `human`: traces of people's
    steps beside the proofs, which are no proofs (corpus/human.py). `filter`: the fields of its SnapshotFilter that
    leave something out."""

    id: int
    hash: str
    proofs: int
    theorems: int
    withheld: int
    created_at: datetime
    human: int = 0
    filter: Mapping[str, Any] = field(default_factory=dict)


def take_snapshot(corpus: Corpus, filter: SnapshotFilter = SnapshotFilter()) -> Snapshot:
    """Freezes the accepted, non-retracted proofs that pass the filter and the guard.

    Returns the line's last snapshot when nothing entered or left since.
    """
    with writing(corpus.engine) as session:
        filter = _resolved(session, filter)
        line = _line(session, filter)
        last = session.scalar(
            select(schema.Snapshot)
            .where(schema.Snapshot.line_id == line.id)
            .order_by(schema.Snapshot.number.desc())
            .limit(1)
        )
        number = last.number + 1 if last else 1
        left, left_withheld = _leaving(session, line)
        entered, new_withheld = _entering(session, line, filter)
        line.withheld += left_withheld + new_withheld
        _advance(session, line)
        human = freeze(session, filter.human)
        if last is not None and not left and not entered and last.human_hash == human.hash:
            return snapshot_record(session, last)
        changed = [id for id, _ in (*entered, *left)]
        contents = contents_of(session, last) if last is not None else Counter()
        contents.update(contents_of_proofs(session, [id for id, _ in entered]))
        contents.subtract(contents_of_proofs(session, [id for id, _ in left]))
        finders = finders_of(session, last) if last is not None else Counter()
        finders.update(finders_of_proofs(session, [id for id, _ in entered]))
        finders.subtract(finders_of_proofs(session, [id for id, _ in left]))
        before = theorems_with_members(session, line.id, changed)
        _write_changes(session, line, number, entered, removed=False)
        _write_changes(session, line, number, left, removed=True)
        change_members(session, line, (one for _, one in entered), (one for _, one in left))
        size = (last.proofs if last else 0) + len(entered) - len(left)
        row = schema.Snapshot(
            line_id=line.id,
            number=number,
            hash=with_human(set_hash(line.buckets, size), human.hash),
            proofs=size,
            theorems=(last.theorems if last else 0) + theorems_with_members(session, line.id, changed) - before,
            withheld=line.withheld,
            human=human.traces,
            human_hash=human.hash,
            human_seen=human.traces_seen,
            guards_seen=human.guards_seen,
            contents=stored(contents),
            finders=[[id, count] for id, count in sorted(finders.items()) if count],
        )
        session.add(row)
        session.flush()
        return snapshot_record(session, row)


def find_snapshot(corpus: Corpus, snapshot_hash: str) -> Snapshot:
    """The snapshot whose hash is or begins with this (several lines may hold the same set: the first). Raises NotFound,
    Ambiguous."""
    with reading(corpus.engine) as session:
        return snapshot_record(session, rows.snapshot_row(session, snapshot_hash))


def snapshots(corpus: Corpus) -> list[Snapshot]:
    """All snapshots, oldest first."""
    with reading(corpus.engine) as session:
        found = session.scalars(select(schema.Snapshot).order_by(schema.Snapshot.id))
        return [snapshot_record(session, row) for row in found]


def snapshot_proofs(corpus: Corpus, snapshot_hash: str) -> Iterator[StoredProof]:
    """The snapshot's proofs in the order of their content hashes, each checked against its own hash and, when the last
    one is read, all of them against the snapshot's. Raises NotFound, SnapshotCorrupt."""
    with reading(corpus.engine) as session:
        row = rows.snapshot_row(session, snapshot_hash)
        inside, human_hash, snapshot_hash = holds(row), row.human_hash, row.hash
    running, after = RunningSetHash(), ""
    while True:
        with reading(corpus.engine) as session:
            ids = session.scalars(
                select(schema.Proof.id)
                .where(schema.Proof.content_hash > after, inside)
                .order_by(schema.Proof.content_hash)
                .limit(BATCH)
            ).all()
            batch = rows.load_proofs(session, ids)
        for proof in batch:
            check_content(proof, snapshot_hash)
            running.add(proof.content_hash)
            yield proof
        if len(batch) < BATCH:
            break
        after = batch[-1].content_hash
    if with_human(running.value(), human_hash) != snapshot_hash:
        raise SnapshotCorrupt(
            f"The {running.size} proofs of snapshot {snapshot_hash} hash to something else: rows were added, removed "
            "or changed from outside. Restore the database from a copy."
        )


def verify(corpus: Corpus, snapshot_hash: str) -> int:
    """Reads a whole snapshot and checks every hash; returns the number of proofs. Raises SnapshotCorrupt."""
    for _ in snapshot_traces(corpus, snapshot_hash):
        pass
    return sum(1 for _ in snapshot_proofs(corpus, snapshot_hash))


def snapshot_record(session: Session, row: schema.Snapshot) -> Snapshot:
    line = session.get_one(schema.SnapshotLine, row.line_id)
    limits = {name: value for name, value in line.filter.items() if value}
    return Snapshot(row.id, row.hash, row.proofs, row.theorems, row.withheld, row.created_at, row.human, limits)


def check_content(proof: StoredProof, snapshot_hash: str) -> None:
    """Whether a proof is what was accepted. Raises SnapshotCorrupt."""
    if content_hash(proof.benchmark, proof.theorem, proof.source, proof.steps) != proof.content_hash:
        raise SnapshotCorrupt(
            f"Proof {proof.id} of {proof.theorem.name} in snapshot {snapshot_hash} is no longer what was accepted: its "
            "rows were changed from outside. Restore the database from a copy, or retract the proof."
        )


def _resolved(session: Session, filter: SnapshotFilter) -> SnapshotFilter:
    """The filter with exact benchmark keys in a fixed order. Raises NotFound for an unknown run or benchmark."""
    if filter.run is not None:
        rows.run_row(session, filter.run)

    def keys(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({rows.benchmark_record(rows.benchmark_row(session, name)).key for name in names}))

    return replace(
        filter,
        benchmarks=keys(filter.benchmarks),
        sources=tuple(sorted(set(filter.sources))),
        human=keys(filter.human),
    )


def _line(session: Session, filter: SnapshotFilter) -> schema.SnapshotLine:
    # As JSON has it, which knows no tuples: what is stored is what is read.
    spelled: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(filter).items()}
    # As lines were spelled before there were these fields.
    if not filter.human:
        del spelled["human"]
    if filter.from_round is None:
        del spelled["from_round"]
    del spelled["since"]
    if filter.since is not None:
        spelled["since"] = filter.since.astimezone(UTC).isoformat()
    identity = digest(spelled)
    line = session.scalar(select(schema.SnapshotLine).where(schema.SnapshotLine.filter_hash == identity))
    if line is None:
        line = schema.SnapshotLine(
            filter_hash=identity,
            filter=spelled,
            attempts_seen=0,
            retractions_seen=0,
            guards_seen=0,
            withheld=0,
            buckets=EMPTY_BUCKETS,
        )
        session.add(line)
        session.flush()
    return line


def _entering(session: Session, line: schema.SnapshotLine, filter: SnapshotFilter) -> tuple[list[tuple[int, str]], int]:
    """(id, content hash) of the proofs that attempts past the last one seen add; and how many the guard left out."""
    attempt, proof, theorem = schema.Attempt, schema.Proof, schema.Theorem
    # Two steps, since in one query SQLite prefers to read every attempt of every round.
    rounds = select(schema.Round.id).where(schema.Round.kind == RoundKind.TRAIN)
    if filter.run is not None:
        own = schema.Round.run_id == rows.run_row(session, filter.run).id
        of_people = [rows.benchmark_row(session, key).id for key in filter.human]
        rounds = rounds.where(own | ((schema.Round.arm == HUMAN_ARM) & schema.Round.benchmark_id.in_(of_people)))
    if filter.from_round is not None:
        rounds = rounds.where(schema.Round.id >= filter.from_round)
    wanted = set(session.scalars(rounds))
    new = session.execute(select(attempt.proof_id, attempt.round_id).where(attempt.id > line.attempts_seen))
    candidates = sorted({proof_id for proof_id, round_id in new if proof_id is not None and round_id in wanted})
    query, trained = select(proof.id, proof.content_hash, proof.theorem_id), [theorem.split == "train"]
    if filter.benchmarks:
        trained.append(theorem.benchmark_id.in_([rows.benchmark_row(session, key).id for key in filter.benchmarks]))
    if filter.sources:
        query = query.where(proof.source.in_(filter.sources))
    if filter.max_steps is not None:
        query = query.where(proof.length <= filter.max_steps)
    if filter.since is not None:
        query = query.where(proof.created_at >= filter.since.astimezone(UTC))
    fitting = [row for chunk in rows.chunks(candidates) for row in session.execute(query.where(proof.id.in_(chunk)))]
    ids, theorems = [id for id, _, _ in fitting], {theorem_id for _, _, theorem_id in fitting}
    change = schema.SnapshotChange
    out = rows.among(session, schema.Retraction.proof_id, ids)
    out |= rows.among(session, change.proof_id, ids, change.line_id == line.id)
    of_training = rows.among(session, theorem.id, theorems, *trained)
    found = [(id, hash) for id, hash, theorem_id in fitting if id not in out and theorem_id in of_training]
    leaks = leaks_among(session, [id for id, _ in found])
    entered = [(id, proof_hash) for id, proof_hash in found if id not in leaks]
    return entered, len(found) - len(entered)


def _leaving(session: Session, line: schema.SnapshotLine) -> tuple[list[tuple[int, str]], int]:
    """(id, content hash) of members retracted or guarded against since; and how many of them the guard hit."""
    change = schema.SnapshotChange
    guarded = leaking(line.guards_seen)
    retracted = select(schema.Retraction.proof_id).where(schema.Retraction.id > line.retractions_seen)
    found = session.execute(
        select(schema.Proof.id, schema.Proof.content_hash, schema.Proof.id.in_(guarded))
        .where(schema.Proof.id.in_(union(retracted, guarded)))
        .where(exists().where(change.line_id == line.id, change.proof_id == schema.Proof.id, change.removed.is_(False)))
        .where(~exists().where(change.line_id == line.id, change.proof_id == schema.Proof.id, change.removed.is_(True)))
    ).all()
    return [(id, proof_hash) for id, proof_hash, _ in found], sum(leak for _, _, leak in found)


def _advance(session: Session, line: schema.SnapshotLine) -> None:
    # Sound because writers take turns (schema.Clock): no row with a smaller id can appear later.
    line.attempts_seen = session.scalar(select(func.max(schema.Attempt.id))) or 0
    line.retractions_seen = session.scalar(select(func.max(schema.Retraction.id))) or 0
    line.guards_seen = session.scalar(select(func.max(schema.Guard.id))) or 0


def _write_changes(
    session: Session, line: schema.SnapshotLine, number: int, proofs: Sequence[tuple[int, str]], *, removed: bool
) -> None:
    if proofs:
        session.execute(
            insert(schema.SnapshotChange),
            [{"line_id": line.id, "proof_id": id, "removed": removed, "number": number} for id, _ in proofs],
        )
