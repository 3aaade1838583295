"""Benchmarks in the corpus: their theorems, and the held-out statements that join the leakage guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading, writing
from corpus.errors import Conflict, NotFound
from corpus.guard import HELD_OUT, classify, extend_guard
from corpus.hashing import digest, theorem_fields
from corpus.headers import store_headers
from corpus.records import BenchmarkRecord, HeaderRecord, TheoremRecord


def store_benchmark(
    session: Session,
    name: str,
    revision: str,
    library_digest: str,
    theorems: Iterable[TheoremRecord],
    meta: Mapping[str, Any] | None,
    classes: Mapping[str, str] | None,
) -> BenchmarkRecord:
    """`BenchmarkStore.add_benchmark` inside a transaction."""
    if "@" in name or not name or not revision:
        raise ValueError(f"A benchmark needs a revision and a name without '@': {name!r}, {revision!r}.")
    records = list(theorems)
    content = digest([library_digest, [theorem_fields(record) for record in records]])
    row = session.scalar(
        select(schema.Benchmark).where(schema.Benchmark.name == name, schema.Benchmark.revision == revision)
    )
    if row is not None:
        if row.digest != content:
            raise Conflict(
                f"Benchmark {name}@{revision} is stored with other content. Its theorems or its library "
                "changed without a new revision: rebuild it with `flywheel bench build`, under a new revision."
            )
        classify(session, row.id, classes or {})
        return rows.benchmark_record(row)
    row = schema.Benchmark(
        name=name,
        revision=revision,
        library_digest=library_digest,
        digest=content,
        theorem_count=len(records),
        meta=dict(meta or {}),
    )
    session.add(row)
    session.flush()
    if records:
        headers = store_headers(session, records)
        session.execute(insert(schema.Theorem), [_columns(record, row.id, headers) for record in records])
    extend_guard(session, (record.statement_hash for record in records if record.split in HELD_OUT))
    classify(session, row.id, classes or {})
    return rows.benchmark_record(row)


def _columns(record: TheoremRecord, benchmark_id: int, headers: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    fields = theorem_fields(record)
    fields.pop("header", None)
    header_id = headers[record.header.key, record.header.digest] if record.header is not None else None
    return {"benchmark_id": benchmark_id, "header_id": header_id, **fields}


class BenchmarkStore:
    """The part of a `Corpus` that holds benchmarks. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add_benchmark(
        self,
        name: str,
        revision: str,
        library_digest: str,
        theorems: Iterable[TheoremRecord],
        meta: Mapping[str, Any] | None = None,
        classes: Mapping[str, str] | None = None,
    ) -> BenchmarkRecord:
        """Stores a benchmark; its valid and test statements join the guard. The same one again changes nothing.

        `classes`: theorem name -> statement class (32 hex digits); near-copies of held-out statements are known by it.
        They are no part of the benchmark's identity: one that was stored without them gets them now.
        Raises Conflict when this revision is stored with other theorems or another library.
        """
        with writing(self.engine) as session:
            return store_benchmark(session, name, revision, library_digest, theorems, meta, classes)

    def benchmarks(self) -> list[BenchmarkRecord]:
        """All benchmarks, the first stored first."""
        with reading(self.engine) as session:
            return [rows.benchmark_record(row) for row in session.scalars(select(schema.Benchmark).order_by("id"))]

    def theorems(self, benchmark: str, split: str | None = None, stratum: str | None = None) -> list[TheoremRecord]:
        """A benchmark's theorems in its own order. `benchmark`: `name@revision`, or `name` for the newest revision."""
        with reading(self.engine) as session:
            query = select(schema.Theorem).where(
                schema.Theorem.benchmark_id == rows.benchmark_row(session, benchmark).id
            )
            if split is not None:
                query = query.where(schema.Theorem.split == split)
            if stratum is not None:
                query = query.where(schema.Theorem.stratum == stratum)
            return [rows.theorem_record(row) for row in session.scalars(query.order_by(schema.Theorem.id))]

    def theorem(self, name: str, benchmark: str | None = None) -> TheoremRecord:
        """The theorem of this name; without a benchmark, of the one added last that has it. Raises NotFound."""
        with reading(self.engine) as session:
            query = select(schema.Theorem).where(schema.Theorem.name == name).order_by(schema.Theorem.id.desc())
            if benchmark is not None:
                query = query.where(schema.Theorem.benchmark_id == rows.benchmark_row(session, benchmark).id)
            row = session.scalar(query.limit(1))
            if row is None:
                raise NotFound(
                    f"No theorem {name!r} in {benchmark or 'any benchmark'}. `flywheel bench show` lists them."
                )
            return rows.theorem_record(row)

    def headers(self) -> list[HeaderRecord]:
        """All headers of stored theorems, each once, the first stored first."""
        with reading(self.engine) as session:
            return [rows.header_record(row) for row in session.scalars(select(schema.Header).order_by("id"))]

    def set_guard(self, hashes: Iterable[str]) -> int:
        """Adds statement hashes that no training proof may contain, besides the stored valid and test statements.

        The guard only grows: what was added stays. Returns how many were new. Proofs stored before that contain one
        leave the next snapshot.
        """
        with writing(self.engine) as session:
            return extend_guard(session, hashes)
