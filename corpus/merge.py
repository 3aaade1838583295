"""Another corpus taken into this one: its benchmarks, proofs, runs, rounds, attempts, people's steps and snapshots.

    flywheel corpus merge OTHER_DB

What both have is there once: a benchmark by its revision, a proof by its tactics, a run by its name and the moment it
began, a round by its key. Merging again takes what is new since. As with an archive, everything is judged first and
then written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import exists, func, insert, inspect, select
from sqlalchemy.orm import Session

from corpus import guard, rows, schema
from corpus.benchmarks import store_benchmark
from corpus.borrowing import named_by, own_term, retract_all
from corpus.columns import Base
from corpus.database import reading, shown, writing
from corpus.errors import Conflict, ImportRefused
from corpus.frozen import freeze_as
from corpus.hashing import canonical_json, digest
from corpus.human import traces_into, traces_of
from corpus.private import require_none_private
from corpus.proofs import store_proof
from corpus.records import AttemptStatus, ProofRecord, StoredProof
from corpus.snapshot import BATCH
from corpus.store import Corpus
from corpus.tallies import catch_up

#: What a proof of the other corpus is worth here. Raises CorpusError.
JudgeStored = Callable[[StoredProof], ProofRecord]
Report = Callable[[int, int], None]


@dataclass
class Merged:
    """What came new into this corpus. `withheld`: proofs that the guard here refused. `not_frozen`: snapshots whose
    proofs are not all here, which therefore are none of this corpus."""

    benchmarks: int = 0
    proofs: int = 0
    withheld: int = 0
    retracted: int = 0
    runs: int = 0
    rounds: int = 0
    attempts: int = 0
    traces: int = 0
    snapshots: int = 0
    not_frozen: int = 0


def merge(
    corpus: Corpus, other: Corpus, judge: JudgeStored | None = None, report: Report = lambda _d, _t: None
) -> Merged:
    """Takes everything of `other` into `corpus`; `other` is only read. Without `judge` its certificates are believed.

    Raises Conflict for a benchmark or a generation that differs under the same name, ImportRefused, and what `judge`
    raises; nothing was written then.
    """
    if shown(corpus.engine.url) == shown(other.engine.url):
        raise Conflict("That is this corpus itself: there is nothing to merge.")
    require_none_private(other, "merged into another")
    judged = _judge(corpus, other, judge, report)
    with reading(other.engine) as source, writing(corpus.engine) as target:
        return _Merge(other, source, target, judged).run()


def _judge(corpus: Corpus, other: Corpus, judge: JudgeStored | None, report: Report) -> dict[str, ProofRecord]:
    """By content hash what is to be stored of each accepted proof that is not here yet, without its steps."""
    judged: dict[str, ProofRecord] = {}
    with reading(other.engine) as source:
        total = source.scalar(select(func.count()).select_from(schema.Proof)) or 0
        for done, proof in enumerate(_accepted(source), start=1):
            with reading(corpus.engine) as session:
                known = exists().where(schema.Proof.content_hash == proof.content_hash)
                if session.scalar(select(known)):
                    continue
            record = judge(proof) if judge else _as_stored(proof)
            judged[proof.content_hash] = replace(record, steps=())
            report(done, total)
    return judged


def _as_stored(proof: StoredProof) -> ProofRecord:
    return ProofRecord(proof.steps, proof.source, proof.certificate, proof.text, proof.term_bytes)


def _accepted(session: Session) -> Iterator[StoredProof]:
    after = 0
    while True:
        ids = session.scalars(
            select(schema.Proof.id)
            .where(schema.Proof.id > after, ~exists().where(schema.Retraction.proof_id == schema.Proof.id))
            .order_by(schema.Proof.id)
            .limit(BATCH)
        ).all()
        yield from rows.load_proofs(session, ids)
        if len(ids) < BATCH:
            return
        after = ids[-1]


class _Merge:
    """One merge, inside a transaction of each corpus. The maps go from ids there to ids here."""

    def __init__(self, other: Corpus, source: Session, target: Session, judged: Mapping[str, ProofRecord]) -> None:
        self._other, self._source, self._target, self._judged = other, source, target, judged
        self._done = Merged()
        self._benchmarks: dict[int, int] = {}
        self._theorems: dict[int, int] = {}
        self._proofs: dict[int, int] = {}
        self._snapshots: dict[int, int | None] = {}
        self._runs: dict[int, int] = {}
        self._generations: dict[int, int] = {}

    def run(self) -> Merged:
        for benchmark in self._source.scalars(select(schema.Benchmark).order_by(schema.Benchmark.id)):
            self._benchmark(benchmark)
        guard.extend_guard(self._target, self._source.scalars(select(schema.Guard.hash)).all())
        for proof in _accepted(self._source):
            self._proof(proof)
        self._retract()
        for snapshot in self._source.scalars(select(schema.Snapshot).order_by(schema.Snapshot.id)):
            self._snapshot(snapshot)
        for run in self._source.scalars(select(schema.Run).order_by(schema.Run.id)):
            self._run(run)
        for generation in self._source.scalars(select(schema.Generation).order_by(schema.Generation.id)):
            self._generation(generation)
        for round in self._source.scalars(select(schema.Round).order_by(schema.Round.id)):
            self._round(round)
        catch_up(self._target)
        return self._done

    def _benchmark(self, theirs: schema.Benchmark) -> None:
        key = rows.benchmark_record(theirs).key
        theorems = self._source.scalars(
            select(schema.Theorem).where(schema.Theorem.benchmark_id == theirs.id).order_by(schema.Theorem.id)
        ).all()
        before = self._count(schema.Benchmark)
        mine = store_benchmark(
            self._target, theirs.name, theirs.revision, theirs.library_digest,
            [rows.theorem_record(row) for row in theorems], theirs.meta, guard.classes_of(self._other.engine, key),
        )  # fmt: skip
        self._done.benchmarks += self._count(schema.Benchmark) - before
        self._benchmarks[theirs.id] = mine.id
        query = select(schema.Theorem.name, schema.Theorem.id).where(schema.Theorem.benchmark_id == mine.id)
        ids = {name: id for name, id in self._target.execute(query)}
        self._theorems.update((row.id, ids[row.name]) for row in theorems)
        self._done.traces += traces_into(self._target, key, traces_of(self._source, theirs.id))

    def _proof(self, theirs: StoredProof) -> None:
        known = self._target.scalar(select(schema.Proof.id).where(schema.Proof.content_hash == theirs.content_hash))
        if known is not None:
            self._proofs[theirs.id] = known
            return
        record = self._judged.get(theirs.content_hash)
        if record is None:
            raise ImportRefused("The other corpus has grown while it was read: merge again when its runs have ended.")
        there = self._source.get_one(schema.Proof, theirs.id).theorem_id
        theorem = self._target.get_one(schema.Theorem, self._theorems[there])
        named = named_by(self._source, [theirs.id]).get(theirs.id, ())
        if not all(id in self._proofs for id in named):  # a lemma of theirs meets the guard here
            self._done.withheld += 1
            return
        term = record.term or own_term(self._source, theirs.id)
        proof = replace(record, steps=theirs.steps, term=term, borrowed=tuple(self._proofs[id] for id in named))
        if theorem.split == "train" and guard.find_leak(self._target, theorem, proof) is not None:
            self._done.withheld += 1
            return
        self._proofs[theirs.id], new = store_proof(self._target, theorem, proof)
        self._done.proofs += new

    def _retract(self) -> None:
        """A proof that the other corpus no longer believes is not believed here."""
        theirs = select(schema.Proof.content_hash, schema.Retraction.reason).join(
            schema.Retraction, schema.Retraction.proof_id == schema.Proof.id
        )
        for content, reason in self._source.execute(theirs):
            mine = self._target.scalar(select(schema.Proof.id).where(schema.Proof.content_hash == content))
            if mine is not None:
                self._done.retracted += retract_all(self._target, [mine], reason)
        self._target.flush()

    def _snapshot(self, theirs: schema.Snapshot) -> None:
        gone, change = schema.SnapshotChange.__table__.alias(), schema.SnapshotChange
        left = exists().where(
            gone.c.line_id == theirs.line_id,
            gone.c.proof_id == change.proof_id,
            gone.c.removed.is_(True),
            gone.c.number <= theirs.number,
        )
        members = self._source.scalars(
            select(change.proof_id).where(
                change.line_id == theirs.line_id, change.removed.is_(False), change.number <= theirs.number, ~left
            )
        ).all()
        human = self._source.get_one(schema.SnapshotLine, theirs.line_id).filter.get("human", ())
        before = self._count(schema.Snapshot)
        ids = [self._proofs[id] for id in members if id in self._proofs]
        missing = len(ids) < len(members) or freeze_as(self._target, theirs.hash, ids, human if theirs.human else ())
        self._done.not_frozen += bool(missing)
        self._done.snapshots += self._count(schema.Snapshot) - before
        mine = select(func.min(schema.Snapshot.id)).where(schema.Snapshot.hash == theirs.hash)
        self._snapshots[theirs.id] = self._target.scalar(mine)

    def _run(self, theirs: schema.Run) -> None:
        """The same run is that of the same name, configuration and moment; another of that name gets a longer one."""
        names = (theirs.name, f"{theirs.name}-{digest(theirs.created_at.isoformat())[:6]}")
        for name in names:
            mine = self._target.scalar(select(schema.Run).where(schema.Run.name == name))
            if mine is None:
                mine = schema.Run(name=name, config=dict(theirs.config), created_at=theirs.created_at)
                self._target.add(mine)
                self._target.flush()
                self._done.runs += 1
            if mine.created_at == theirs.created_at and canonical_json(mine.config) == canonical_json(theirs.config):
                self._runs[theirs.id] = mine.id
                return
        raise Conflict(f"Both corpora have a run {names[1]!r}, and they are different runs.")

    def _generation(self, theirs: schema.Generation) -> None:
        run_id = self._runs[theirs.run_id]
        generation = schema.Generation
        mine = self._target.scalar(
            select(generation).where(generation.run_id == run_id, generation.number == theirs.number)
        )
        if mine is None:
            values = _values(theirs) | {
                "run_id": run_id,
                "parent_id": None if theirs.parent_id is None else self._generations[theirs.parent_id],
                "snapshot_id": None if theirs.snapshot_id is None else self._snapshots[theirs.snapshot_id],
            }
            mine = generation(**values)
            self._target.add(mine)
            self._target.flush()
        elif theirs.finished_at is not None and mine.model_hash != theirs.model_hash:
            name = self._target.get_one(schema.Run, run_id).name
            raise Conflict(
                f"Generation {theirs.number} of run {name!r} has other weights here than in the other corpus."
            )
        self._generations[theirs.id] = mine.id

    def _round(self, theirs: schema.Round) -> None:
        run_id, benchmark_id = self._runs[theirs.run_id], self._benchmarks[theirs.benchmark_id]
        generation_id = None if theirs.generation_id is None else self._generations[theirs.generation_id]
        key = digest(
            [generation_id, benchmark_id, theirs.kind, theirs.split, theirs.stratum, theirs.arm, theirs.seed,
             dict(theirs.config)]
        )  # fmt: skip
        if theirs.arm == "import":
            key = theirs.key  # it has no generation, and names what was imported (corpus/import_rounds.py)
        mine = self._target.scalar(select(schema.Round).where(schema.Round.run_id == run_id, schema.Round.key == key))
        if mine is None:
            values = {"run_id": run_id, "key": key, "generation_id": generation_id, "benchmark_id": benchmark_id}
            mine = schema.Round(**(_values(theirs) | values))
            self._target.add(mine)
            self._target.flush()
            self._done.rounds += 1
            selected = self._source.execute(
                select(schema.RoundTheorem.position, schema.RoundTheorem.theorem_id).where(
                    schema.RoundTheorem.round_id == theirs.id
                )
            )
            chosen = [
                {"round_id": mine.id, "position": position, "theorem_id": self._theorems[id]}
                for position, id in selected
            ]
            if chosen:
                self._target.execute(insert(schema.RoundTheorem), chosen)
        attempts = select(schema.Attempt).where(schema.Attempt.round_id == theirs.id).order_by(schema.Attempt.id)
        for attempt in self._source.scalars(attempts):
            self._attempt(attempt, mine.id)

    def _attempt(self, theirs: schema.Attempt, round_id: int) -> None:
        attempt, theorem_id = schema.Attempt, self._theorems[theirs.theorem_id]
        proof_id = None if theirs.proof_id is None else self._proofs.get(theirs.proof_id)
        same = self._target.execute(
            select(attempt.retry, attempt.proof_id)
            .where(attempt.round_id == round_id, attempt.theorem_id == theorem_id, attempt.ordinal == theirs.ordinal)
            .order_by(attempt.retry)
        ).all()
        known = proof_id is None or any(proof == proof_id for _, proof in same)
        if known and any(retry == theirs.retry for retry, _ in same):
            return
        values = _values(theirs) | {"round_id": round_id, "theorem_id": theorem_id, "proof_id": proof_id}
        values["retry"] = max([theirs.retry, *(retry + 1 for retry, _ in same)])
        if theirs.proof_id is not None and proof_id is None:
            values["status"], values["reason"] = AttemptStatus.WITHHELD, "its proof was not taken by a merge"
            values["steps_to_proof"] = None
        mine = attempt(**values)
        self._target.add(mine)
        self._target.flush()
        self._done.attempts += 1
        tree = self._source.get(schema.SearchTree, theirs.id)
        if tree is not None:
            self._target.add(schema.SearchTree(**(_values(tree) | {"attempt_id": mine.id})))
        said = schema.FilterVerdict
        for verdict in self._source.scalars(select(said).where(said.attempt_id == theirs.id)):
            self._target.add(said(**(_values(verdict) | {"attempt_id": mine.id})))

    def _count(self, table: type[Base]) -> int:
        return self._target.scalars(select(func.count()).select_from(table)).one()


def _values(row: Base) -> dict[str, object]:
    """A row's columns without its id."""
    return {one.key: getattr(row, one.key) for one in inspect(type(row)).column_attrs if one.key != "id"}
