"""Proofs in lists: filtered, newest first, page by page. By hand: `flywheel corpus list --tactic induction`.

A page ends where it is full, and matches are counted up to a limit, so that a list takes the same time in a corpus of a
million proofs. Where few proofs can match, the list starts from those; else it walks all proofs from the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from corpus import counting, rows, schema, tallies
from corpus.database import reading
from corpus.search import BATCH, proofs_with
from corpus.store import Corpus

#: Matches are counted up to here.
COUNTED = 1_000
#: A list starts from what can match, and sorts that, up to so many proofs.
SORTED = 10_000


@dataclass(frozen=True, slots=True)
class ProofFilter:
    """Which proofs to list; None means any. `theorem`: part of the name. `tactic`: part of a tactic that begins with a
    word or symbol of it, as in `flywheel corpus search`. Both in letters of either case. `run`: found (also) by that
    run."""

    theorem: str | None = None
    benchmark: str | None = None
    split: str | None = None
    stratum: str | None = None
    source: str | None = None
    run: str | None = None
    tactic: str | None = None
    retracted: bool | None = False


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One proof in a list. `found`: how many attempts ended with it."""

    id: int
    theorem: str
    benchmark: str
    split: str
    stratum: str
    source: str
    length: int
    found: int
    retracted: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """`total` proofs match, or `more` than that; `proofs` are those from `offset` on, newest first."""

    total: int
    offset: int
    proofs: tuple[ProofLine, ...]
    more: bool = False


def list_proofs(
    corpus: Corpus,
    filter: ProofFilter = ProofFilter(),
    *,
    limit: int = 50,
    offset: int = 0,
    before: int | None = None,
    report: Callable[[int], None] | None = None,
) -> Page:
    """Proofs that match, newest first; `before`: only those with a lower id, which leads to the next page at no cost.

    The first list by `tactic` makes the index of `flywheel corpus search`; `report` is told how far it is. Raises
    NotFound for an unknown benchmark or run.
    """
    if filter.tactic is not None:
        with proofs_with(corpus, filter.tactic, report) as (session, candidates):
            return _page(session, *_by_text(session, filter, candidates, limit, offset, before), COUNTED, offset)
    with reading(corpus.engine) as session:
        query = _filtered(session, filter)
        asked = query if before is None else query.where(schema.Proof.id < before)
        # The ids first, newest first: that ends with the page, where one query would join all that match.
        ids = session.scalars(asked.order_by(schema.Proof.id.desc()).limit(limit).offset(offset)).all()
        total = _known_total(session, filter)
        if total is None:
            total = session.scalars(select(func.count()).select_from(query.limit(COUNTED + 1).subquery())).one()
            return _page(session, ids, total, COUNTED, offset)
        return _page(session, ids, total, total, offset)


def _page(session: Session, ids: Sequence[int], total: int, most: int, offset: int) -> Page:
    proof, theorem = schema.Proof, schema.Theorem
    found = select(func.count()).where(schema.Attempt.proof_id == proof.id).scalar_subquery()
    lines = session.execute(
        select(proof, theorem, schema.Benchmark, found, believed())
        .join(theorem, theorem.id == proof.theorem_id)
        .join(schema.Benchmark, schema.Benchmark.id == theorem.benchmark_id)
        .where(proof.id.in_(ids))
        .order_by(proof.id.desc())
    )
    return Page(min(total, most), offset, tuple(_line(*row) for row in lines), total > most)


def _line(
    proof: schema.Proof, theorem: schema.Theorem, benchmark: schema.Benchmark, found: int, accepted: bool
) -> ProofLine:
    return ProofLine(
        id=proof.id,
        theorem=theorem.name,
        benchmark=rows.benchmark_record(benchmark).key,
        split=theorem.split,
        stratum=theorem.stratum,
        source=proof.source,
        length=proof.length,
        found=found,
        retracted=not accepted,
        created_at=proof.created_at,
    )


def believed() -> ColumnElement[bool]:
    """Whether `proof` was not retracted."""
    return ~exists().where(schema.Retraction.proof_id == schema.Proof.id)


def _known_total(session: Session, filter: ProofFilter) -> int | None:
    """What the kept counts say of all proofs, or of those of one source or split."""
    limits = {name for name in ProofFilter.__slots__ if getattr(filter, name) not in (None, False)}
    if filter.retracted is False and (not limits or limits in ({"source"}, {"split"})):
        counts = tallies.tallied(session)
        if not limits:
            return counts[counting.Key(counting.PROOFS)]
        what = limits.pop()
        return counts[counting.Key(what, getattr(filter, what))]
    return None


def _by_text(
    session: Session, filter: ProofFilter, candidates: Iterator[int], limit: int, offset: int, before: int | None
) -> tuple[list[int], int]:
    """The ids of one page, and how many match, both found by looking at candidates from the newest."""
    proof, step = schema.Proof, schema.Step
    assert filter.tactic is not None
    uses = exists().where(step.proof_id == proof.id, step.tactic.icontains(filter.tactic, autoescape=True))
    query = _filtered(session, filter, walk=True).where(uses).order_by(proof.id.desc())
    ids: list[int] = []
    total = passed = 0
    while total <= COUNTED or len(ids) < limit:
        batch = [id for id, _ in zip(candidates, range(BATCH), strict=False)]
        if not batch:
            break
        for id in session.scalars(query.where(proof.id.in_(batch))):
            total += 1
            if before is None or id < before:
                passed += 1
                if passed > offset and len(ids) < limit:
                    ids.append(id)
    return ids, total


def _filtered(session: Session, filter: ProofFilter, *, walk: bool = False) -> Select[int]:
    """`walk`: the proofs are given by id, so that nothing else may choose them."""
    proof, retraction = schema.Proof, schema.Retraction
    query = select(proof.id)
    if (inside := _theorems(session, filter)) is not None:
        query = query.where(_chosen(session, inside, walk))
    if filter.run is not None:
        attempt, round = schema.Attempt, schema.Round
        rounds = select(round.id).where(round.run_id == rows.run_row(session, filter.run).id)
        by_run = select(attempt.proof_id).where(attempt.round_id.in_(rounds), attempt.proof_id.is_not(None))
        if walk or _many(session, by_run):
            # The walk begins at the run's newest proof: other runs may have found a million since.
            last = session.scalar(select(func.max(attempt.proof_id)).where(attempt.round_id.in_(rounds)))
            mine = exists().where(attempt.proof_id == proof.id, attempt.round_id.in_(rounds))
            query = query.where(mine, proof.id <= (last or 0))
        else:
            query = query.where(proof.id.in_(by_run))
    if filter.source is not None:
        query = query.where(proof.source == filter.source)
    if filter.retracted is not None:
        taken = select(retraction.proof_id)
        query = query.where(proof.id.in_(taken) if filter.retracted else believed())
    return query


def _theorems(session: Session, filter: ProofFilter) -> Select[int] | list[int] | None:
    """The ids of the theorems that the filter speaks of, None for all; a list, where they are few: names are looked
    through once."""
    theorem, wanted = schema.Theorem, list[ColumnElement[bool]]()
    if filter.theorem is not None:
        wanted.append(theorem.name.icontains(filter.theorem, autoescape=True))
    if filter.benchmark is not None:
        wanted.append(theorem.benchmark_id == rows.benchmark_row(session, filter.benchmark).id)
    if filter.split is not None:
        wanted.append(theorem.split == filter.split)
    if filter.stratum is not None:
        wanted.append(theorem.stratum == filter.stratum)
    if not wanted:
        return None
    query = select(theorem.id).where(*wanted)
    few = session.scalars(query.limit(COUNTED + 1)).all() if filter.theorem is not None else ()
    return list(few) if 0 < len(few) <= COUNTED else query


def _chosen(session: Session, inside: Select[int] | list[int], walk: bool) -> ColumnElement[bool]:
    """Whether `proof` is of these theorems, by its index where that finds few proofs. Where it finds many, no index of
    theorems may be used: then the page is full after a short walk, and sorting all of them would take long."""
    theorem_id = schema.Proof.theorem_id
    if walk or _many(session, select(schema.Proof.id).where(theorem_id.in_(inside))):
        return (theorem_id + 0).in_(inside)
    return theorem_id.in_(inside)


def _many(session: Session, query: Select[int] | Select[int | None]) -> bool:
    counted = select(func.count()).select_from(query.limit(SORTED + 1).subquery())
    return session.scalars(counted).one() > SORTED
