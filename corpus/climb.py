"""How far a run's rounds have come on train statements: what they have solved so far, round by round, rung by rung.

A train theorem's rung is in its `extra`; where there are no rungs, all count as one (-1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from corpus import rows, schema
from corpus.closed_goals import GOAL_ARM
from corpus.database import reading
from corpus.records import AttemptStatus, RoundKind
from corpus.store import Corpus

#: Of a theorem that is in no rung.
NO_RUNG = -1


@dataclass(frozen=True, slots=True)
class Climb:
    """What is solved after a training round, this run's earlier rounds included. Counts are of distinct train theorems
    by rung; `tried` are those with a verdict, `steps` all tactic steps so far."""

    round: int
    arm: str
    generation: int | None
    tried: dict[int, int]
    solved: dict[int, int]
    steps: int

    @property
    def rate(self) -> float:
        """The cumulative solve rate."""
        return sum(self.solved.values()) / max(1, sum(self.tried.values()))


def climb(corpus: Corpus, run: str) -> list[Climb]:
    """One entry a training round, in order, without those over goals of its searches, which are no statements of the
    benchmark. A retracted proof solves nothing. Raises NotFound."""
    attempt, round, theorem = schema.Attempt, schema.Round, schema.Theorem
    with reading(corpus.engine) as session:
        run_id = rows.run_row(session, run).id
        rounds = session.execute(
            select(round.id, round.arm, schema.Generation.number)
            .outerjoin(schema.Generation, schema.Generation.id == round.generation_id)
            .where(round.run_id == run_id, round.kind == RoundKind.TRAIN, round.arm != GOAL_ARM)
            .order_by(round.id)
        ).all()
        retracted = set(session.scalars(select(schema.Retraction.proof_id)))
        attempts = session.execute(
            select(attempt.round_id, attempt.theorem_id, attempt.status, attempt.proof_id, attempt.steps)
            .where(attempt.round_id.in_([id for id, _, _ in rounds]))
            .order_by(attempt.id)
        ).all()
        wanted = sorted({theorem_id for _, theorem_id, _, _, _ in attempts})
        rung: dict[int, int] = {}
        for chunk in rows.chunks(wanted):
            for id, extra in session.execute(select(theorem.id, theorem.extra).where(theorem.id.in_(chunk))):
                rung[id] = int((extra or {}).get("rung", NO_RUNG))
    tried: set[int] = set()
    solved: set[int] = set()
    steps, found = 0, []
    for id, arm, number in rounds:
        for round_id, theorem_id, status, proof_id, taken in attempts:
            if round_id != id:
                continue
            steps += taken
            if status is not AttemptStatus.ERROR:
                tried.add(theorem_id)
            if status is AttemptStatus.PROVED and proof_id not in retracted:
                solved.add(theorem_id)
        found.append(Climb(id, arm, number, _by_rung(tried, rung), _by_rung(solved, rung), steps))
    return found


def _by_rung(theorems: Iterable[int], rung: Mapping[int, int]) -> dict[int, int]:
    return dict(sorted(Counter(rung[one] for one in theorems).items()))
