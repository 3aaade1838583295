"""What new rows add to the kept counts (corpus/tallies.py): attempts, proofs and retractions past the last ids seen.

A theorem counts once, however many proofs it has: a new proof adds one where no proof seen before is believed, and a
retraction takes one away where none is left. The same for a theorem within a round.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, exists, func, select, type_coerce
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.util import AliasedClass

from corpus import schema
from corpus.records import AttemptStatus

#: What is counted. PROOFS, LENGTH: believed proofs and their tactics in all. SOURCE, SPLIT: believed proofs by these.
#: ORIGIN: by the run and generation (`3 17`, `3 ` without a model) that found them first. STATUS: attempts by outcome.
#: TREES: stored search trees, their bytes, and their bytes unpacked. PROVED: theorems with a believed proof, by `part`.
PROOFS, LENGTH, SOURCE, SPLIT, ORIGIN, STATUS = "proofs", "length", "source", "split", "origin", "status"
TREES, TREE_BYTES, TREE_SIZE, PROVED = "trees", "tree bytes", "tree size", "proved"
#: By a round's id: its theorems with a verdict, those with a believed proof, its attempts that ended in an error.
TRIED, SOLVED, ERRORS = "tried", "solved", "errors"
OF_A_ROUND = (TRIED, SOLVED, ERRORS)


class Key(NamedTuple):
    """What is counted, and of which value."""

    what: str
    of: str = ""


class Seen(NamedTuple):
    """The last ids that the counts cover."""

    attempt: int
    proof: int
    retraction: int


def part(benchmark_id: int, split: str, stratum: str) -> str:
    """How PROVED names one part of a benchmark."""
    return json.dumps([benchmark_id, split, stratum])


def new_counts(session: Session, seen: Seen) -> Counter[Key]:
    """What the rows past `seen` add. Costs what those are."""
    attempt, proof, retraction = schema.Attempt, schema.Proof, schema.Retraction
    withdrawn = select(retraction.proof_id).where(retraction.id > seen.retraction)
    counts = _of_proofs(session, proof.id > seen.proof)
    counts.subtract(_of_proofs(session, proof.id.in_(withdrawn)))
    counts.update(_of_attempts(session, seen.attempt))
    # A theorem that had a believed proof before; those whose proofs are new as well were never counted.
    counts.update(_proved(session, (proof.id > seen.proof) & ~_retracted(proof.id), seen.proof))
    # Sums: by the keys themselves SQLite would walk every row up to there, to find the few that were withdrawn.
    counts.subtract(_proved(session, proof.id.in_(withdrawn) & (proof.id + 0 <= seen.proof), seen.proof))
    new, old = attempt.id > seen.attempt, attempt.id + 0 <= seen.attempt
    counts.update(_by_round(session, SOLVED, new & _solves(attempt), seen.attempt))
    counts.subtract(_by_round(session, SOLVED, old & attempt.proof_id.in_(withdrawn), seen.attempt))
    counts.update(_by_round(session, TRIED, new & (attempt.status != AttemptStatus.ERROR), seen.attempt))
    return counts


def _retracted(proof_id: Any) -> ColumnElement[bool]:
    return exists().where(schema.Retraction.proof_id == proof_id)


def _solves(attempt: type[schema.Attempt] | AliasedClass[schema.Attempt]) -> ColumnElement[bool]:
    return (attempt.status == AttemptStatus.PROVED) & attempt.proof_id.is_not(None) & ~_retracted(attempt.proof_id)


def _by_round(session: Session, what: str, which: ColumnElement[bool], seen: int) -> Counter[Key]:
    """Theorems of each round that these attempts are at and for which no attempt up to `seen` says the same."""
    attempt, earlier = schema.Attempt, aliased(schema.Attempt)
    says = _solves(earlier) if what == SOLVED else earlier.status != AttemptStatus.ERROR
    said = exists().where(
        earlier.round_id == attempt.round_id, earlier.theorem_id == attempt.theorem_id, earlier.id + 0 <= seen, says
    )
    # The sum: by the column itself SQLite would group along an index of all attempts.
    of = (attempt.round_id + 0).label("of")
    query = select(of, func.count(attempt.theorem_id.distinct())).where(which, ~said).group_by(of)
    return Counter({Key(what, str(id)): count for id, count in session.execute(query)})


def _proved(session: Session, which: ColumnElement[bool], seen: int) -> Counter[Key]:
    """Theorems of these proofs that no proof up to `seen` proves and is believed, by part of their benchmark."""
    proof, theorem, earlier = schema.Proof, schema.Theorem, aliased(schema.Proof)
    known = exists().where(earlier.theorem_id == proof.theorem_id, earlier.id <= seen, ~_retracted(earlier.id))
    # A sum here too.
    of = select((proof.theorem_id + 0).label("theorem_id")).where(which, ~known).distinct().subquery()
    query = (
        select(theorem.benchmark_id, theorem.split, theorem.stratum, func.count())
        .join(of, of.c.theorem_id == theorem.id)
        .group_by(theorem.benchmark_id, theorem.split, theorem.stratum)
    )
    return Counter(
        {Key(PROVED, part(id, split, stratum)): count for id, split, stratum, count in session.execute(query)}
    )


def _of_attempts(session: Session, seen: int) -> Counter[Key]:
    """Attempts by outcome, errors by round, and the search trees that they kept."""
    attempt, tree = schema.Attempt, schema.SearchTree
    counts: Counter[Key] = Counter()
    new = attempt.id > seen
    # As text: a status that somebody made up is no reason for lists to end.
    status, of = type_coerce(attempt.status, String), (attempt.round_id + 0).label("of")
    for found, count in session.execute(select(status, func.count()).where(new).group_by(status)):
        counts[Key(STATUS, found)] += count
    failed = select(of, func.count()).where(new, attempt.status == AttemptStatus.ERROR).group_by(of)
    for id, count in session.execute(failed):
        counts[Key(ERRORS, str(id))] += count
    trees, stored, unpacked = session.execute(
        select(func.count(), func.sum(func.length(tree.data)), func.sum(tree.size)).where(tree.attempt_id > seen)
    ).one()
    counts.update({Key(TREES): trees, Key(TREE_BYTES): int(stored or 0), Key(TREE_SIZE): int(unpacked or 0)})
    return counts


def _of_proofs(session: Session, which: ColumnElement[bool]) -> Counter[Key]:
    """What some proofs add to the counts of proofs."""
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
