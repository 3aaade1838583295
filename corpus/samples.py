"""What models wrote as whole proofs, each sample with the kernel's verdict, and what other filters said of it.

Samples lie with their attempts (`stats`), accepted and rejected ones alike. They are no proofs: what a filter without a
verifier accepts is a row of `filter_verdict` and nothing else, so that no snapshot, export or list of proofs can take
it for one. `flywheel corpus filters` compares filters with the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from corpus import rows, schema
from corpus.database import reading, writing
from corpus.records import AttemptStatus, RoundKind, TheoremRecord
from corpus.store import Corpus

#: The kernel accepts it.
CERTIFIED = "certified"
#: The kernel, or Lean before it, does not. What was not run or not decided is in neither set.
REFUSED = frozenset({"rejected", "refused", "open"})


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A whole proof as a model wrote it: the `position`-th sample of an attempt at `theorem`, in the printed `state`.

    `log_prob`: natural, under the model, end included; `count`: how often it was drawn. `verdict`: `certified`,
    `rejected` by replay or gate, `refused` by Lean at a line, `open` with goals left, `unrun`, `undecided`.
    """

    attempt_id: int
    position: int
    benchmark: str
    theorem: TheoremRecord
    state: str
    text: str
    tactics: tuple[str, ...]
    log_prob: float
    count: int
    verdict: str
    reason: str

    @property
    def key(self) -> tuple[int, int]:
        """What it is known by."""
        return self.attempt_id, self.position

    @property
    def certified(self) -> bool:
        return self.verdict == CERTIFIED

    @property
    def refused(self) -> bool:
        return self.verdict in REFUSED


@dataclass(frozen=True, slots=True)
class FilterVerdict:
    """What a filter says of a sample."""

    sample: StoredSample
    accepted: bool
    score: float | None


def samples_of(corpus: Corpus, run: str, generation: int | None = None) -> list[StoredSample]:
    """The samples of a run's training rounds, of M_`generation` alone if one is named, in the order of the attempts.

    Left out are attempts whose proof the leakage guard withheld: their theorems touch what is held out.
    """
    with reading(corpus.engine) as session:
        run_id = rows.run_row(session, run).id
        query = _attempts().where(schema.Round.run_id == run_id)
        if generation is not None:
            query = query.where(schema.Generation.number == generation)
        found: list[StoredSample] = []
        benchmarks: dict[int, str] = {}
        for attempt, theorem in session.execute(query):
            if "samples" not in attempt.stats:
                continue
            if theorem.benchmark_id not in benchmarks:
                row = session.get_one(schema.Benchmark, theorem.benchmark_id)
                benchmarks[theorem.benchmark_id] = rows.benchmark_record(row).key
            record, key = rows.theorem_record(theorem), benchmarks[theorem.benchmark_id]
            found += _samples(attempt.id, key, record, attempt.stats)
        return found


def verdicts_of(corpus: Corpus, run: str, filter: str) -> dict[tuple[int, int], tuple[bool, float | None]]:
    """What a filter has said so far in a run: by attempt and position, whether it accepts the sample, and its score."""
    said, round = schema.FilterVerdict, schema.Round
    query = (
        select(said)
        .join(schema.Attempt, schema.Attempt.id == said.attempt_id)
        .join(round, round.id == schema.Attempt.round_id)
    )
    with reading(corpus.engine) as session:
        query = query.where(round.run_id == rows.run_row(session, run).id, said.filter == filter)
        return {(one.attempt_id, one.position): (one.accepted, one.score) for one in session.scalars(query)}


def store_verdicts(corpus: Corpus, filter: str, verdicts: Sequence[FilterVerdict]) -> None:
    """Stores what is not stored yet; what is, stays: a filter says one thing of a sample."""
    with writing(corpus.engine) as session:
        table = schema.FilterVerdict
        attempts = sorted({one.sample.attempt_id for one in verdicts})
        known: set[tuple[int, int]] = set()
        for chunk in rows.chunks(attempts):
            query = select(table.attempt_id, table.position).where(table.filter == filter, table.attempt_id.in_(chunk))
            known |= {(attempt, position) for attempt, position in session.execute(query)}
        session.add_all(
            table(
                attempt_id=one.sample.attempt_id,
                position=one.sample.position,
                filter=filter,
                accepted=one.accepted,
                score=one.score,
            )
            for one in verdicts
            if (one.sample.attempt_id, one.sample.position) not in known
        )


def _attempts() -> Select[schema.Attempt, schema.Theorem]:
    attempt, round = schema.Attempt, schema.Round
    return (
        select(attempt, schema.Theorem)
        .join(round, round.id == attempt.round_id)
        .join(schema.Theorem, schema.Theorem.id == attempt.theorem_id)
        .join(schema.Generation, schema.Generation.id == round.generation_id)
        .where(round.kind == RoundKind.TRAIN)
        .where(attempt.status.not_in([AttemptStatus.ERROR, AttemptStatus.WITHHELD]))
        .order_by(attempt.id)
    )


def _samples(
    attempt_id: int, benchmark: str, theorem: TheoremRecord, stats: Mapping[str, Any]
) -> Iterator[StoredSample]:
    for position, one in enumerate(stats["samples"]):
        yield StoredSample(
            attempt_id=attempt_id,
            position=position,
            benchmark=benchmark,
            theorem=theorem,
            state=str(stats["state"]),
            text=str(one["text"]),
            tactics=tuple(map(str, one["tactics"])),
            log_prob=float(one["log_prob"]),
            count=int(one["count"]),
            verdict=str(one["verdict"]),
            reason=str(one["reason"]),
        )
