"""The theorems of a round: which it selected, which are still to try; inside a transaction of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, insert, select
from sqlalchemy.orm import Session

from corpus import schema
from corpus.errors import Conflict, NotFound
from corpus.hashing import digest
from corpus.records import AttemptStatus


def key_of(values: Mapping[str, Any]) -> str:
    """What makes a restarted round the same round: the hash of these columns of it."""
    names = ("generation_id", "benchmark_id", "kind", "split", "stratum", "arm", "seed", "config")
    return digest([values[name] for name in names])


def theorems(round_id: int) -> Select[schema.Theorem]:
    """All theorems of a round in its order."""
    return (
        select(schema.Theorem)
        .join(schema.RoundTheorem, schema.RoundTheorem.theorem_id == schema.Theorem.id)
        .where(schema.RoundTheorem.round_id == round_id)
        .order_by(schema.RoundTheorem.position)
    )


def pending(round_id: int, ordinal: int, max_errors: int | None) -> Select[schema.Theorem]:
    """Those without a final attempt of this ordinal; with `max_errors`, those that erred that often are left out."""
    attempts = select(schema.Attempt.theorem_id).where(
        schema.Attempt.round_id == round_id, schema.Attempt.ordinal == ordinal
    )
    query = theorems(round_id).where(
        schema.Theorem.id.not_in(attempts.where(schema.Attempt.status != AttemptStatus.ERROR))
    )
    if max_errors is not None:
        often = attempts.where(schema.Attempt.status == AttemptStatus.ERROR)
        often = often.group_by(schema.Attempt.theorem_id).having(func.count() >= max_errors)
        query = query.where(schema.Theorem.id.not_in(often))
    return query


def require_same_revision(session: Session, run_id: int, benchmark_id: int) -> None:
    """A run that went on with other theorems under the same name would mix results that do not compare. Raises
    Conflict."""
    now = session.get_one(schema.Benchmark, benchmark_id)
    before = session.scalar(
        select(schema.Benchmark)
        .join(schema.Round, schema.Round.benchmark_id == schema.Benchmark.id)
        .where(schema.Round.run_id == run_id, schema.Benchmark.name == now.name, schema.Benchmark.id != now.id)
        .limit(1)
    )
    if before is not None:
        run = session.get_one(schema.Run, run_id)
        raise Conflict(
            f"Run {run.name!r} was started on {now.name}@{before.revision}; this version has "
            f"{now.name}@{now.revision}, other statements. Go on with the version that started it, or start a run of "
            "another name. What the run has proved stays in the corpus."
        )


def select_theorems(session: Session, round: schema.Round, selection: Sequence[str]) -> None:
    """Stores what a new round has to try, in this order. Raises NotFound, ValueError."""
    query = select(schema.Theorem.name, schema.Theorem.id).where(
        schema.Theorem.benchmark_id == round.benchmark_id, schema.Theorem.split == round.split
    )
    if round.stratum:
        query = query.where(schema.Theorem.stratum == round.stratum)
    ids = {name: id for name, id in session.execute(query)}
    unknown = [name for name in selection if name not in ids]
    if unknown:
        raise NotFound(
            f"{len(unknown)} selected theorems are not in the benchmark's split {round.split!r}"
            f"{f' and stratum {round.stratum!r}' if round.stratum else ''}, the first is {unknown[0]!r}."
        )
    if len(set(selection)) != len(selection):
        raise ValueError("A theorem is selected twice; several attempts at one theorem differ by their ordinal.")
    if selection:
        session.execute(
            insert(schema.RoundTheorem),
            [{"round_id": round.id, "position": i, "theorem_id": ids[name]} for i, name in enumerate(selection)],
        )


#: Built once: at every attempt anew, that costs more than asking. By the index on (benchmark, name); a join over the
#: selection would read all of it each time.
_SELECTED = select(schema.Theorem).where(
    schema.Theorem.benchmark_id
    == select(schema.Round.benchmark_id).where(schema.Round.id == bindparam("round")).scalar_subquery(),
    schema.Theorem.name == bindparam("name"),
    exists().where(
        schema.RoundTheorem.round_id == bindparam("round"), schema.RoundTheorem.theorem_id == schema.Theorem.id
    ),
)


def theorem_of(session: Session, round_id: int, name: str) -> schema.Theorem:
    """The theorem of this name that the round selected. Raises NotFound."""
    row = session.scalar(_SELECTED, {"round": round_id, "name": name})
    if row is None:
        raise NotFound(f"Theorem {name!r} is not among the theorems that round {round_id} selected.")
    return row
