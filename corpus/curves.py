"""What rises: solve rates by generation with their intervals, and the number of proofs over time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from corpus import counting, rows, schema, tallies
from corpus.database import reading
from corpus.health import HEALTH_ROUNDS
from corpus.records import RoundKind
from corpus.store import Corpus

#: Points of the curve of proofs over time.
SAMPLES = 60
_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """Theorems solved of those with a verdict, and the 95 % Wilson interval of the share. It says how well this sample
    of theorems fixes the rate of one model; how much training runs differ it does not say."""

    solved: int
    tried: int

    @property
    def share(self) -> float:
        return self.solved / self.tried if self.tried else 0.0

    @property
    def low(self) -> float:
        return self._bound(-1)

    @property
    def high(self) -> float:
        return self._bound(1)

    def _bound(self, sign: int) -> float:
        n, p, z = self.tried, self.share, _Z95
        if not n:
            return 0.0 if sign < 0 else 1.0
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return min(1.0, max(0.0, (middle + sign * spread) / (1 + z * z / n)))


@dataclass(frozen=True, slots=True)
class Point:
    """One generation's rate; `generation_id` leads to its page."""

    number: int
    generation_id: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Curve:
    """One run's evaluations on one stratum. points: M_n by n, each at its own budget; baselines: arms without a model;
    frozen: M_0, whose rate a run that did not learn would keep; others: arms of other settings (a larger budget)."""

    run: str
    benchmark: str
    split: str
    stratum: str
    theorems: int
    points: tuple[Point, ...]
    baselines: tuple[tuple[str, Rate], ...]
    others: tuple[tuple[str, Rate], ...]

    @property
    def frozen(self) -> Rate | None:
        return next((point.rate for point in self.points if point.number == 0), None)


@dataclass(frozen=True, slots=True)
class Growth:
    """How many proofs were stored by then."""

    at: datetime
    proofs: int


def solve_curves(corpus: Corpus, run: str) -> list[Curve]:
    """The curves of a run, one for each benchmark, split and stratum that it evaluated. Raises NotFound."""
    return solve_curves_of(corpus, [run])[run]


def solve_curves_of(corpus: Corpus, runs: Sequence[str]) -> dict[str, list[Curve]]:
    """Those of several runs by name: what is new since the kept counts is counted once for all. Raises NotFound."""
    with reading(corpus.engine) as session:
        round, generation = schema.Round, schema.Generation
        names = {rows.run_row(session, run).id: run for run in runs}
        found = session.execute(
            select(round, generation.number, schema.Benchmark)
            .join(schema.Benchmark, schema.Benchmark.id == round.benchmark_id)
            .outerjoin(generation, generation.id == round.generation_id)
            .where(round.run_id.in_(names), round.kind == RoundKind.EVAL, round.split != "train")
            .where(round.arm.not_in(HEALTH_ROUNDS))
            .order_by(round.id)
        ).all()
        rates = _rates(session, [row.id for row, _, _ in found])
        groups: defaultdict[tuple[int, str, str, str], list[tuple[schema.Round, int | None]]] = defaultdict(list)
        for row, number, benchmark in found:
            if rates[row.id].tried:
                key = row.run_id, rows.benchmark_record(benchmark).key, row.split, row.stratum
                groups[key].append((row, number))
        curves: dict[str, list[Curve]] = {run: [] for run in runs}
        for (id, benchmark_key, split, stratum), members in groups.items():
            curves[names[id]].append(_curve(names[id], benchmark_key, split, stratum, members, rates))
        return curves


def growth(corpus: Corpus) -> list[Growth]:
    """The number of stored proofs (retracted ones too) at up to SAMPLES moments. Ids are dense where the database hands
    them out without gaps (SQLite); elsewhere the counts between the ends are approximate."""
    proof = schema.Proof
    with reading(corpus.engine) as session:
        last = session.scalar(select(func.max(proof.id)))
        if not last:
            return []
        total = tallies.tallied(session)[counting.Key(counting.PROOFS)] + _retracted(session)
        wanted = {1 + round(i * (last - 1) / (SAMPLES - 1)) for i in range(SAMPLES)}
        found = session.execute(select(proof.id, proof.created_at).where(proof.id.in_(wanted)).order_by(proof.id))
        return [Growth(at, max(1, round(id * total / last))) for id, at in found]


def _retracted(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(schema.Retraction)).one()


def rates_of(corpus: Corpus, round_ids: Iterable[int]) -> dict[int, Rate]:
    """The rates of rounds, by their ids."""
    with reading(corpus.engine) as session:
        return _rates(session, round_ids)


def _rates(session: Session, round_ids: Iterable[int]) -> dict[int, Rate]:
    """By round; only theorems with a verdict count, each once. A retracted proof solves nothing."""
    return {id: Rate(one.solved, one.tried) for id, one in tallies.round_counts(session, round_ids).items()}


def _curve(
    run: str,
    benchmark: str,
    split: str,
    stratum: str,
    members: list[tuple[schema.Round, int | None]],
    rates: dict[int, Rate],
) -> Curve:
    points: dict[int, Point] = {}
    baselines: dict[str, Rate] = {}
    others: dict[str, Rate] = {}
    for row, number in members:
        if row.generation_id is not None and number is not None and row.arm == f"M_{number}":
            points[number] = Point(number, row.generation_id, rates[row.id])
        else:
            (baselines if row.generation_id is None else others)[row.arm] = rates[row.id]
    return Curve(
        run=run,
        benchmark=benchmark,
        split=split,
        stratum=stratum,
        theorems=max(rates[row.id].tried for row, _ in members),
        points=tuple(points[number] for number in sorted(points)),
        baselines=tuple(baselines.items()),
        others=tuple(others.items()),
    )
