"""Counts over the whole corpus that cost the same however large it is.

The tables only grow, and ids grow in the order of commits (schema.Clock). So a count can be stored together with the
last ids that it has seen, and whoever reads it adds the rows past them. Writers store the sum now and then
(`catch_up`). A tally is therefore never wrong, whoever inserted the rows: at worst it is old, and reading takes longer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.orm import Session

from corpus import schema

#: Writers catch up once in so many attempts: what is left to count is never more than milliseconds.
EVERY = 1_000

#: What is counted. PROOFS, LENGTH: believed proofs and their tactics in all. SOURCE, SPLIT: believed proofs by these.
#: ORIGIN: by the run and generation (`3 17`, `3 ` without a model) that found them first. STATUS: attempts by outcome.
#: TREES: stored search trees, their bytes, and their bytes unpacked.
PROOFS, LENGTH, SOURCE, SPLIT, ORIGIN, STATUS = "proofs", "length", "source", "split", "origin", "status"
TREES, TREE_BYTES, TREE_SIZE = "trees", "tree bytes", "tree size"
_SEEN = "seen"
#: Tables whose rows past the last id seen are what is new.
_GROWING: dict[str, type[schema.Attempt | schema.Proof | schema.Retraction]] = {
    "attempt": schema.Attempt,
    "proof": schema.Proof,
    "retraction": schema.Retraction,
}


class Key(NamedTuple):
    """What is counted, and of which value."""

    what: str
    of: str = ""


def tallied(session: Session) -> Counter[Key]:
    """All counts as the transaction sees the corpus."""
    return _updated(session, _stored(session))


def values(counts: Counter[Key], what: str) -> dict[str, int]:
    """The counts of one kind by value, without zeros, in the order of the values."""
    return {key.of: count for key, count in sorted(counts.items()) if key.what == what and count}


def catch_up(session: Session) -> None:
    """Stores the counts of now, in the caller's write transaction."""
    stored = _stored(session)
    for key, count in _updated(session, Counter(stored)).items():
        if stored.get(key) != count:
            session.merge(schema.Tally(what=key.what, of=key.of, count=count))
    session.flush()


def _stored(session: Session) -> Counter[Key]:
    tally = schema.Tally
    found = session.execute(select(tally.what, tally.of, tally.count))
    return Counter({Key(what, of): count for what, of, count in found})


def _updated(session: Session, counts: Counter[Key]) -> Counter[Key]:
    """The counts with the rows past those that were seen."""
    seen = {name: counts[Key(_SEEN, name)] for name in _GROWING}
    now = {name: session.scalar(select(func.max(table.id))) or 0 for name, table in _GROWING.items()}
    if seen == now:
        return counts
    attempt, proof, retraction, tree = schema.Attempt, schema.Proof, schema.Retraction, schema.SearchTree
    counts.update(_of_proofs(session, proof.id > seen["proof"]))
    withdrawn = select(retraction.proof_id).where(retraction.id > seen["retraction"])
    counts.subtract(_of_proofs(session, proof.id.in_(withdrawn)))
    new = attempt.id > seen["attempt"]
    # As text: a status that somebody made up is no reason for lists to end.
    status = type_coerce(attempt.status, String)
    for found, count in session.execute(select(status, func.count()).where(new).group_by(status)):
        counts[Key(STATUS, found)] += count
    trees, stored, unpacked = session.execute(
        select(func.count(), func.sum(func.length(tree.data)), func.sum(tree.size)).where(
            tree.attempt_id > seen["attempt"]
        )
    ).one()
    counts.update({Key(TREES): trees, Key(TREE_BYTES): int(stored or 0), Key(TREE_SIZE): int(unpacked or 0)})
    for name, last in now.items():
        counts[Key(_SEEN, name)] = last
    return counts


def _of_proofs(session: Session, which: ColumnElement[bool]) -> Counter[Key]:
    """What some proofs add to the counts."""
    attempt, proof, round, theorem = schema.Attempt, schema.Proof, schema.Round, schema.Theorem
    counts: Counter[Key] = Counter()
    # An expression: by the column itself SQLite would group along its index, which is to read all of it.
    origin = proof.source.concat("").label("origin")
    grouped = (
        select(origin, theorem.split, func.count(), func.sum(proof.length))
        .join(theorem, theorem.id == proof.theorem_id)
        .where(which)
        .group_by(origin, theorem.split)
    )
    for source, split, count, length in session.execute(grouped):
        for key, more in ((PROOFS, ""), (SOURCE, source), (SPLIT, split)):
            counts[Key(key, more)] += count
        counts[Key(LENGTH)] += int(length)
    # The attempt that brought a proof came with it, so it is there, and no other will have a lower id.
    first = select(func.min(attempt.id)).where(attempt.proof_id == proof.id).scalar_subquery()
    brought = select(first.label("id")).where(which).subquery()
    finders = (
        select(round.run_id, round.generation_id, func.count())
        .select_from(brought)
        .join(attempt, attempt.id == brought.c.id)
        .join(round, round.id == attempt.round_id)
        .group_by(round.run_id, round.generation_id)
    )
    for run_id, generation_id, count in session.execute(finders):
        counts[Key(ORIGIN, f"{run_id} {'' if generation_id is None else generation_id}")] += count
    return counts


def origins(counts: Counter[Key]) -> Iterator[tuple[int, int | None, int]]:
    """(run's id, generation's id, proofs that it found first)."""
    for of, count in values(counts, ORIGIN).items():
        run, _, generation = of.partition(" ")
        yield int(run), int(generation) if generation else None, count
