"""Counts over the whole corpus that cost the same however large it is.

The tables only grow, and ids grow in the order of commits (schema.Clock). So a count can be stored together with the
last ids that it has seen, and whoever reads it adds the rows past them (corpus/counting.py). Writers store the sum now
and then (`catch_up`). A tally is therefore never wrong, whoever inserted the rows: at worst it is old, and reading
takes longer. A process that looks again counts no row twice: it keeps what it has added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Pool, func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.counting import ERRORS, OF_A_ROUND, ORIGIN, SOLVED, TRIED, Key, Seen, new_counts

#: Writers catch up once in so many attempts: what is left to count is never more than milliseconds.
EVERY = 1_000

_SEEN = "seen"


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """Of one round: theorems with a verdict, theorems with a believed proof, attempts that ended in an error."""

    tried: int
    solved: int
    errors: int


def tallied(session: Session) -> Counter[Key]:
    """All counts but those of single rounds, as the transaction sees the corpus."""
    counts = _stored(session, schema.Tally.what.not_in(OF_A_ROUND))
    more = _past(session, counts)
    counts.update({key: count for key, count in more.items() if key.what not in OF_A_ROUND})
    return counts


def round_counts(session: Session, round_ids: Iterable[int]) -> dict[int, RoundCounts]:
    """Of these rounds, by id."""
    ids = sorted(set(round_ids))
    counts = _stored(session, schema.Tally.what == _SEEN)
    for chunk in rows.chunks(ids):
        of_these = schema.Tally.of.in_([str(id) for id in chunk])
        counts.update(_stored(session, schema.Tally.what.in_(OF_A_ROUND) & of_these))
    counts.update(_past(session, counts))
    return {id: RoundCounts(*(counts[Key(what, str(id))] for what in (TRIED, SOLVED, ERRORS))) for id in ids}


def values(counts: Counter[Key], what: str) -> dict[str, int]:
    """The counts of one kind by value, without zeros, in the order of the values."""
    return {key.of: count for key, count in sorted(counts.items()) if key.what == what and count}


def origins(counts: Counter[Key]) -> Iterator[tuple[int, int | None, int]]:
    """(run's id, generation's id, proofs that it found first)."""
    for of, count in values(counts, ORIGIN).items():
        run, _, generation = of.partition(" ")
        yield int(run), int(generation) if generation else None, count


def catch_up(session: Session) -> None:
    """Stores the counts of now, in the caller's write transaction."""
    for key, more in _past(session, _stored(session, schema.Tally.what == _SEEN), keep=False).items():
        if more:
            row = session.get(schema.Tally, key)
            if row is None:
                session.add(schema.Tally(what=key.what, of=key.of, count=more))
            else:
                row.count += more
    session.flush()


def _stored(session: Session, which: ColumnElement[bool]) -> Counter[Key]:
    tally = schema.Tally
    found = session.execute(select(tally.what, tally.of, tally.count).where(which))
    return Counter({Key(what, of): count for what, of, count in found})


def _past(session: Session, counts: Counter[Key], *, keep: bool = True) -> Counter[Key]:
    """What the rows past those that were seen add, the new ids seen among it. `keep`: for the next time, which is not
    for a transaction that writes: undone, its ids come again with other rows."""
    tables = {"attempt": schema.Attempt.id, "proof": schema.Proof.id, "retraction": schema.Retraction.id}
    seen = Seen(**{name: counts[Key(_SEEN, name)] for name in tables})
    now = Seen(**{name: session.scalar(select(func.max(id))) or 0 for name, id in tables.items()})
    more = _added(session, seen, now, keep)
    more.update({Key(_SEEN, name): getattr(now, name) - getattr(seen, name) for name in tables})
    return more


@dataclass(frozen=True, slots=True)
class _Added:
    """What the rows past `seen` up to `now` add."""

    seen: Seen
    now: Seen
    more: Counter[Key]


#: What this process has counted last, by the pool of the database's connections.
_added_before: WeakKeyDictionary[Pool, _Added] = WeakKeyDictionary()


def _added(session: Session, seen: Seen, now: Seen, keep: bool) -> Counter[Key]:
    """A caller's own copy. Starts from what was counted before, where that was from the same ids and not of a later
    state than this transaction sees."""
    pool = session.get_bind().engine.pool
    before = _added_before.get(pool)
    if before is None or before.seen != seen or any(a > b for a, b in zip(before.now, now, strict=True)):
        before = _Added(seen, seen, Counter())
    more = Counter(before.more)
    if before.now != now:
        more.update(new_counts(session, before.now))
    if keep:
        _added_before[pool] = _Added(seen, now, Counter(more))
    return more
