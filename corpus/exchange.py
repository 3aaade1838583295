"""Snapshots into archives and back: what the corpus itself does about it. By hand: `flywheel corpus archive | import`.

Importing is one transaction: all of it or nothing. What the gate says about the proofs comes in as a function; without
one the archive's own certificates are taken, which is for archives of one's own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from corpus import guard, rows, schema
from corpus.archive import (
    BY_PROOF,
    FORMAT,
    Archive,
    BenchmarkLine,
    HeaderLine,
    Line,
    Manifest,
    ProofLine,
    TheoremLine,
    TraceLine,
    open_archive,
    proof_line,
    writing_archive,
)
from corpus.benchmarks import store_benchmark
from corpus.carried import carried
from corpus.database import reading, writing
from corpus.errors import ImportRefused
from corpus.frozen import freeze_as
from corpus.human import traces_into, traces_with_benchmarks
from corpus.import_rounds import ImportRounds
from corpus.judging import Judge, Judging, Report
from corpus.private import require_none_private
from corpus.proofs import store_proof
from corpus.records import HeaderRecord, HumanTraceRecord, ProofRecord, StoredProof, TheoremRecord
from corpus.store import Corpus

#: The closed term of a stored proof, or None to leave terms out.
TermOf = Callable[[StoredProof], str]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `known`: proofs that were stored before. `withheld`: those that the guard here refused.
    `frozen`: the archive's snapshot is one of this corpus now; `reason` says why not."""

    snapshot: str
    proofs: int
    new: int
    known: int
    withheld: int
    traces: int
    frozen: bool
    reason: str = ""


@dataclass
class Seen:
    """Content hashes and ids of what an import met."""

    ids: list[int] = field(default_factory=list)
    new: int = 0
    known: int = 0
    withheld: int = 0
    other: int = 0


def archive(
    corpus: Corpus, snapshot: str, path: Path, term_of: TermOf | None = None, report: Report = lambda _d, _t: None
) -> int:
    """Writes a snapshot to `path`; returns the number of proofs. Raises NotFound, SnapshotCorrupt, and Conflict for a
    corpus whose proofs are for one theorem's model alone."""
    require_none_private(corpus, "archived")
    with reading(corpus.engine) as session:
        row = rows.snapshot_row(session, snapshot)
        snapshot = row.hash  # of which the caller may have given the beginning
        total, human, human_hash = row.proofs, row.human, row.human_hash
        filter = session.get_one(schema.SnapshotLine, row.line_id).filter
    human_filter = tuple(filter.get("human", ())) if human else ()
    used, borrowers = set(human_filter), 0
    with writing_archive(path) as file:
        with file.lines("proofs.jsonl") as write:
            for done, one in enumerate(carried(corpus, snapshot), start=1):
                proof, name = one.proof, f"{one.proof.content_hash}.ndjson"
                term = file.add_bytes(f"terms/{name}", term_of(proof).encode()) if term_of else ""
                own = file.add_bytes(f"own/{name}", one.own.encode()) if one.own else ""
                write(proof_line(proof, term, own, one.member))
                used.add(proof.benchmark)
                borrowers += bool(proof.borrowed)
                report(min(done, total), total)
        with file.lines("human.jsonl") as write:
            for key, trace in traces_with_benchmarks(corpus, snapshot):
                write(TraceLine(benchmark=key, trace=trace))
        benchmarks, headers = sorted(used), list[HeaderRecord]()
        for index, key in enumerate(benchmarks):
            _write_benchmark(corpus, key, file.lines(f"benchmarks/{index}.jsonl"), headers)
        if headers:
            with file.lines("headers.jsonl") as write:
                for header in headers:
                    write(HeaderLine(header=header))
        file.finish(
            Manifest(
                format=FORMAT,
                snapshot=snapshot,
                proofs=total,
                human=human,
                human_hash=human_hash,
                human_filter=human_filter,
                benchmarks=tuple(benchmarks),
                terms=term_of is not None,
                files={name: hash for name, hash in file.files.items() if not name.startswith(BY_PROOF)},
                borrowers=borrowers,
            )
        )
    return total


def import_archive(
    corpus: Corpus, path: Path, judge: Judge | None = None, report: Report = lambda _d, _t: None
) -> Imported:
    """Takes an archive's benchmarks, proofs and human steps, and its snapshot under the same hash.

    First everything is read and judged, `judge` for each proof that is not stored yet, then everything is written in
    one transaction. Without `judge` the certificates of the archive are believed. Raises NoArchive; ImportRefused for a
    proof that is not what the archive says; Conflict when a benchmark is stored with other theorems; and what `judge`
    raises. In each case nothing was written.
    """
    with open_archive(path) as file:
        contents = [file.benchmark(index) for index in range(len(file.manifest.benchmarks))]
        theorems = {
            (f"{head.name}@{head.revision}", line.theorem.name): line.theorem
            for head, lines in contents
            for line in lines
        }
        traces = [(line.benchmark, line.trace) for line in file.traces()]
        classes = {
            (f"{head.name}@{head.revision}", line.theorem.name): line.statement_class
            for head, lines in contents
            for line in lines
        }
        judged = Judging(corpus, file, theorems, judge).run(traces, classes, report)
        with writing(corpus.engine) as session:
            for head, lines in contents:
                _store_benchmark(session, head, lines)
            stored = _store_traces(session, traces)
            seen = _store_proofs(session, file, theorems, judged)
            reason = _why_not_frozen(seen) or freeze_as(
                session, file.manifest.snapshot, seen.ids, file.manifest.human_filter
            )
        return Imported(
            snapshot=file.manifest.snapshot,
            proofs=file.manifest.proofs,
            new=seen.new,
            known=seen.known,
            withheld=seen.withheld,
            traces=stored,
            frozen=not reason,
            reason=reason,
        )


@contextmanager
def archive_as_corpus(path: Path, report: Report = lambda _d, _t: None) -> Iterator[tuple[Corpus, str]]:
    """An archive as a corpus of its own, with the hash of its one snapshot, until the block is left. Every hash is
    checked and no proof is certified again: good for training, which believes nothing more than it is shown.

    Raises NoArchive, ImportRefused.
    """
    with (
        tempfile.TemporaryDirectory(prefix="flywheel-archive-") as folder,
        Corpus.open(str(Path(folder) / "corpus.db")) as corpus,
    ):
        done = import_archive(corpus, path, report=report)
        if not done.frozen:
            raise ImportRefused(f"{path} cannot be used: {done.reason}.")
        yield corpus, done.snapshot


def _write_benchmark(
    corpus: Corpus, key: str, lines: AbstractContextManager[Callable[[Line], None]], headers: list[HeaderRecord]
) -> None:
    """`headers`: those that were written so far; new ones are added."""
    record = next(one for one in corpus.benchmarks() if one.key == key)
    classes = guard.classes_of(corpus.engine, key)
    numbers = {header: number for number, header in enumerate(headers)}
    with lines as write:
        write(
            BenchmarkLine(
                name=record.name, revision=record.revision, library_digest=record.library_digest, meta=dict(record.meta)
            )
        )
        for theorem in corpus.theorems(key):
            number = None
            if theorem.header is not None:
                number = numbers.setdefault(theorem.header, len(headers))
                headers += [theorem.header] * (number == len(headers))
            bare = replace(theorem, header=None)
            write(TheoremLine(theorem=bare, statement_class=classes.get(theorem.name, ""), header=number))


def _store_benchmark(session: Session, head: BenchmarkLine, lines: list[TheoremLine]) -> None:
    classes = {line.theorem.name: line.statement_class for line in lines if line.statement_class}
    try:
        store_benchmark(
            session, head.name, head.revision, head.library_digest, (line.theorem for line in lines), head.meta, classes
        )
    except ValueError as error:
        raise ImportRefused(str(error)) from None


def _store_traces(session: Session, traces: list[tuple[str, HumanTraceRecord]]) -> int:
    by_benchmark: dict[str, list[HumanTraceRecord]] = {}
    for key, trace in traces:
        by_benchmark.setdefault(key, []).append(trace)
    try:
        return sum(traces_into(session, key, found) for key, found in by_benchmark.items())
    except ValueError as error:
        raise ImportRefused(str(error)) from None


def _store_proofs(
    session: Session,
    file: Archive,
    theorems: Mapping[tuple[str, str], TheoremRecord],
    judged: Mapping[str, ProofRecord],
) -> Seen:
    """Writes each new proof with an attempt that brought it: the import is a run, with a round for each benchmark."""
    seen, rounds = Seen(), ImportRounds(session, file.manifest.snapshot)
    #: Ids here by the place in the archive, by which the judged proofs name their lemmas.
    ids: dict[int, int] = {}
    for place, line in enumerate(file.proofs(), start=1):
        id = session.scalar(select(schema.Proof.id).where(schema.Proof.content_hash == line.content_hash))
        if id is not None:
            seen.known += 1
        else:
            record = judged.get(line.content_hash)
            if record is None:
                raise ImportRefused(f"{file.path} changed while it was read.")
            id = _store_proof(session, rounds, seen, line, record, ids)
        if id is not None:
            ids[place] = id
            if line.member:
                seen.ids.append(id)
    return seen


def _store_proof(
    session: Session, rounds: ImportRounds, seen: Seen, line: ProofLine, record: ProofRecord, ids: Mapping[int, int]
) -> int | None:
    """The proof's id, None where the guard withholds it or one of its lemmas."""
    theorem = rounds.theorem(line.benchmark, line.theorem)
    lemmas = [ids.get(place) for place in record.borrowed]
    proof = replace(record, steps=line.steps, borrowed=tuple(id for id in lemmas if id is not None))
    leak = "a lemma that it borrows is withheld" if None in lemmas else guard.find_leak(session, theorem, proof)
    if leak is not None:
        seen.withheld += 1
        rounds.record(line.benchmark, theorem, replace(proof, borrowed=()), None, leak)
        return None
    id, new = store_proof(session, theorem, proof)
    seen.new += new
    seen.other += not new
    rounds.record(line.benchmark, theorem, proof, id, "")
    return id


def _why_not_frozen(seen: Seen) -> str:
    if seen.withheld:
        return f"the guard here withheld {seen.withheld} proofs, so that the rest is another set"
    if seen.other:
        return f"{seen.other} proofs are stored here from another source, so that they count as those"
    return ""
