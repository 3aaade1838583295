"""Filters against the kernel: of the samples that both have seen, what a filter accepts wrongly and what it misses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from corpus import rows, schema
from corpus.database import reading
from corpus.samples import CERTIFIED, REFUSED
from corpus.store import Corpus

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total` samples, with a 95 % interval of the share: percentile bootstrap over theorems, since samples
    of one theorem are alike. None for no samples."""

    count: int
    total: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FilterRates:
    """One filter in one run, over the distinct samples that it has judged and on which the kernel has a verdict.

    `false_accepts`: of what the kernel refuses, the share that the filter accepts. `false_rejects`: of what the kernel
    certifies, the share that it rejects. `false_share`: of what the filter accepts, the share that is false.
    """

    run: str
    filter: str
    samples: int
    theorems: int
    undecided: int
    false_accepts: Rate
    false_rejects: Rate
    false_share: Rate


def filter_rates(corpus: Corpus, run: str | None = None) -> list[FilterRates]:
    """Every filter of the run, or of all. Raises NotFound."""
    said, attempt, round = schema.FilterVerdict, schema.Attempt, schema.Round
    query = (
        select(schema.Run.name, said.filter, said.position, said.accepted, attempt)
        .join(attempt, attempt.id == said.attempt_id)
        .join(round, round.id == attempt.round_id)
        .join(schema.Run, schema.Run.id == round.run_id)
        .order_by(schema.Run.id, said.filter, attempt.id, said.position)
    )
    found: dict[tuple[str, str], list[tuple[int, bool, str]]] = defaultdict(list)
    with reading(corpus.engine) as session:
        if run is not None:
            query = query.where(round.run_id == rows.run_row(session, run).id)
        for name, filter, position, accepted, row in session.execute(query):
            verdict = str(row.stats["samples"][position]["verdict"])
            found[name, filter].append((row.theorem_id, accepted, verdict))
    return [_rates(name, filter, verdicts) for (name, filter), verdicts in found.items()]


def _rates(run: str, filter: str, verdicts: Sequence[tuple[int, bool, str]]) -> FilterRates:
    decided = [one for one in verdicts if one[2] == CERTIFIED or one[2] in REFUSED]
    theorems = sorted({theorem for theorem, _, _ in decided})
    place = {theorem: number for number, theorem in enumerate(theorems)}
    # By theorem: accepted and rejected by the filter (rows), certified and refused by the kernel (columns).
    counts = np.zeros((len(theorems), 2, 2), dtype=np.int64)
    for theorem, accepted, verdict in decided:
        counts[place[theorem], 0 if accepted else 1, 0 if verdict == CERTIFIED else 1] += 1
    return FilterRates(
        run=run,
        filter=filter,
        samples=len(decided),
        theorems=len(theorems),
        undecided=len(verdicts) - len(decided),
        false_accepts=_rate(counts[:, 0, 1], counts[:, :, 1].sum(axis=1)),
        false_rejects=_rate(counts[:, 1, 0], counts[:, :, 0].sum(axis=1)),
        false_share=_rate(counts[:, 0, 1], counts[:, 0, :].sum(axis=1)),
    )


def _rate(hits: np.ndarray, of: np.ndarray) -> Rate:
    """`hits` and `of` by theorem."""
    count, total = int(hits.sum()), int(of.sum())
    if not total:
        return Rate(0, 0, None, None, None)
    hits, of = hits[of > 0], of[of > 0]
    generator = np.random.Generator(np.random.PCG64(0))
    drawn = generator.multinomial(len(of), np.full(len(of), 1 / len(of)), size=_RESAMPLES)
    low, high = np.quantile((drawn @ hits) / (drawn @ of), (0.025, 0.975))
    return Rate(count, total, count / total, float(low), float(high))
