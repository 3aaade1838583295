"""Goals that failed attempts closed, as they lie with the attempts (`stats`). They are claims and no proofs: a snapshot
takes what the gate made of them (training/data/goal_round.py), never these."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from corpus import rows, schema
from corpus.database import reading
from corpus.records import AttemptStatus, RoundRecord, TheoremRecord
from corpus.store import Corpus

#: The arm of the rounds in which they are posed as theorems of their own.
GOAL_ARM = "goals"
#: Where they stand in an attempt's stats: pairs of a printed goal and its tactics.
CLOSED_GOALS = "closed_goals"


@dataclass(frozen=True, slots=True)
class StoredGoal:
    """A goal of an attempt at `theorem`, printed, and the tactics that closed it there."""

    theorem: TheoremRecord
    goal: str
    tactics: tuple[str, ...]


def closed_goals_of(corpus: Corpus, round: RoundRecord) -> list[StoredGoal]:
    """Those of a round's failed attempts, by theorem and goal: the order in which attempts ended does not count."""
    attempt, theorem = schema.Attempt, schema.Theorem
    query = (
        select(attempt.stats, theorem)
        .join(theorem, theorem.id == attempt.theorem_id)
        .where(attempt.round_id == round.id, attempt.status == AttemptStatus.UNPROVED)
    )
    with reading(corpus.engine) as session:
        found = [
            StoredGoal(rows.theorem_record(of), goal, tuple(tactics))
            for stats, of in session.execute(query)
            for goal, tactics in stats.get(CLOSED_GOALS, ())
        ]
    return sorted(found, key=lambda one: (one.theorem.name, one.goal, one.tactics))
