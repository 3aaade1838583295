"""Theorems of all benchmarks in lists: filtered, sorted, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.proof_list import believed
from corpus.store import Corpus


class Standing(StrEnum):
    """PROVED: it has a believed proof. TRIED: there were attempts, and no proof. UNTRIED: nobody tried."""

    PROVED = "proved"
    TRIED = "tried"
    UNTRIED = "untried"


class Order(StrEnum):
    """How a list is sorted: as the benchmark has it, by name, or by what was proved last."""

    BENCHMARK = "benchmark"
    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class TheoremFilter:
    """Which theorems to list; None means any. `text`: part of the name or of the statement."""

    benchmark: str | None = None
    split: str | None = None
    stratum: str | None = None
    standing: Standing | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class TheoremLine:
    """One theorem in a list. proofs: how many believed ones; attempts: of all rounds; shortest: tactics, None without a
    proof."""

    id: int
    name: str
    statement: str
    benchmark: str
    split: str
    stratum: str
    proofs: int
    attempts: int
    shortest: int | None


@dataclass(frozen=True, slots=True)
class TheoremPage:
    """`total` theorems match; `theorems` are those from `offset` on."""

    total: int
    offset: int
    theorems: tuple[TheoremLine, ...]


def list_theorems(
    corpus: Corpus,
    filter: TheoremFilter = TheoremFilter(),
    *,
    order: Order = Order.BENCHMARK,
    limit: int = 50,
    offset: int = 0,
) -> TheoremPage:
    """Raises NotFound for an unknown benchmark."""
    theorem, proof = schema.Theorem, schema.Proof
    with reading(corpus.engine) as session:
        query = _filtered(session, filter)
        total = session.scalars(select(func.count()).select_from(query.subquery())).one()
        if order is Order.NAME:
            query = query.order_by(theorem.name, theorem.id)
        elif order is Order.NEWEST:
            last = select(func.max(proof.id)).where(proof.theorem_id == theorem.id).scalar_subquery()
            query = query.order_by(last.desc().nulls_last(), theorem.id)
        else:
            query = query.order_by(theorem.id)
        ids = session.scalars(query.limit(limit).offset(offset)).all()
        return TheoremPage(total, offset, _lines(session, list(ids)))


def facets(corpus: Corpus) -> Mapping[str, tuple[str, ...]]:
    """What the filters can be set to: benchmark keys, splits and strata that the corpus has."""
    theorem = schema.Theorem
    with reading(corpus.engine) as session:
        benchmarks = session.scalars(select(schema.Benchmark).order_by(schema.Benchmark.id)).all()
        pairs = session.execute(select(theorem.split, theorem.stratum).distinct()).all()
    splits = {split for split, _ in pairs}
    known = [split for split in ("train", "valid", "test") if split in splits]
    return {
        "benchmark": tuple(rows.benchmark_record(row).key for row in benchmarks),
        "split": (*known, *sorted(splits - set(known))),
        "stratum": tuple(sorted({stratum for _, stratum in pairs if stratum})),
    }


def _filtered(session: Session, filter: TheoremFilter) -> Select[int]:
    theorem = schema.Theorem
    query = select(theorem.id)
    if filter.benchmark is not None:
        query = query.where(theorem.benchmark_id == rows.benchmark_row(session, filter.benchmark).id)
    if filter.split is not None:
        query = query.where(theorem.split == filter.split)
    if filter.stratum is not None:
        query = query.where(theorem.stratum == filter.stratum)
    if filter.text:
        named = theorem.name.icontains(filter.text, autoescape=True)
        query = query.where(named | theorem.statement.icontains(filter.text, autoescape=True))
    if filter.standing is not None:
        query = query.where(_stands(filter.standing))
    return query


def _stands(standing: Standing) -> ColumnElement[bool]:
    theorem = schema.Theorem
    proved = exists().where(schema.Proof.theorem_id == theorem.id, believed())
    tried = exists().where(schema.Attempt.theorem_id == theorem.id)
    if standing is Standing.PROVED:
        return proved
    return tried & ~proved if standing is Standing.TRIED else ~tried & ~proved


def _lines(session: Session, ids: list[int]) -> tuple[TheoremLine, ...]:
    theorem, proof, attempt = schema.Theorem, schema.Proof, schema.Attempt
    named = {
        row.id: (row, rows.benchmark_record(benchmark).key)
        for row, benchmark in session.execute(
            select(theorem, schema.Benchmark)
            .join(schema.Benchmark, schema.Benchmark.id == theorem.benchmark_id)
            .where(theorem.id.in_(ids))
        )
    }
    proofs = {
        id: (count, shortest)
        for id, count, shortest in session.execute(
            select(proof.theorem_id, func.count(), func.min(proof.length))
            .where(proof.theorem_id.in_(ids), believed())
            .group_by(proof.theorem_id)
        )
    }
    counted = select(attempt.theorem_id, func.count()).where(attempt.theorem_id.in_(ids)).group_by(attempt.theorem_id)
    attempts = {id: count for id, count in session.execute(counted)}
    return tuple(
        TheoremLine(
            id=id,
            name=row.name,
            statement=row.statement,
            benchmark=key,
            split=row.split,
            stratum=row.stratum,
            proofs=proofs.get(id, (0, None))[0],
            attempts=attempts.get(id, 0),
            shortest=proofs.get(id, (0, None))[1],
        )
        for id in ids
        for row, key in (named[id],)
    )
