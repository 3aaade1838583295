"""What a run's models found in its training rounds, and what finding and learning it took: all of it read here.

Round 0, which has no model, and M_0 are left out: in a comparison all runs of one seed share them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from corpus import rows, schema
from corpus.database import reading
from corpus.health import Health, health_of
from corpus.records import AttemptStatus, RoundKind
from corpus.samples import CERTIFIED
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Learned:
    """One run. `base`: SHA-256 of M_0's weights, '' before there is one.

    `verified`: samples that the kernel accepted, repetitions included: an attempt's proof, or of whole proofs each as
    often as it was drawn. `unique`: distinct proofs among them. `steps`: tactic steps of the rounds. `updates`:
    gradient steps and `tokens`: tokens read by them, of all steps of a recipe; M_0's not among them. Seconds are the
    processor's: of the attempts, and of the trainings as far as the process that ended them did them. `health`: of the
    last generation.
    """

    base: str
    verified: int
    unique: int
    steps: int
    updates: int
    tokens: int
    search_seconds: float
    train_seconds: float
    health: Health | None


def learned(corpus: Corpus, run: str) -> Learned:
    """The figures of a run as far as it has come. A retracted proof is no proof. Raises NotFound."""
    attempt, round = schema.Attempt, schema.Round
    query = (
        select(attempt.theorem_id, attempt.status, attempt.proof_id, attempt.steps, attempt.wall_seconds, attempt.stats)
        .join(round, round.id == attempt.round_id)
        .where(round.kind == RoundKind.TRAIN, round.generation_id.is_not(None))
    )
    verified, steps, seconds, unique = 0, 0, 0.0, set[Hashable]()
    with reading(corpus.engine) as session:
        retracted = set(session.scalars(select(schema.Retraction.proof_id)))
        for theorem, status, proof, taken, wall, stats in session.execute(
            query.where(round.run_id == rows.run_row(session, run).id)
        ):
            steps += taken
            seconds += float(stats.get("cpu_seconds", wall))
            if "samples" in stats and status is not AttemptStatus.WITHHELD:
                certified = [one for one in stats["samples"] if one["verdict"] == CERTIFIED]
                verified += sum(int(one["count"]) for one in certified)
                unique |= {(theorem, *map(str, one["tactics"])) for one in certified}
            elif status is AttemptStatus.PROVED and proof is not None and proof not in retracted:
                verified += 1
                unique.add(proof)
    generations = corpus.generations(run)
    later = [one.metrics for one in generations if one.number and one.finished_at]
    work = [work_of(metrics) for metrics in later]
    finished = [one for one in generations if one.finished_at]
    return Learned(
        base=next((one.model_hash or "" for one in finished if one.number == 0), ""),
        verified=verified,
        unique=len(unique),
        steps=steps,
        updates=sum(updates for updates, _ in work),
        tokens=sum(tokens for _, tokens in work),
        search_seconds=seconds,
        train_seconds=sum(float(metrics.get("cpu_seconds", metrics.get("seconds", 0.0))) for metrics in later),
        health=health_of(max(finished, key=lambda one: one.number)) if finished else None,
    )


def work_of(metrics: Mapping[str, Any]) -> tuple[int, int]:
    """Gradient steps and tokens of a generation: those of the supervised training, and of each other step of its
    recipe. A generation from before they were counted has 0."""
    more = [one for one in metrics.get("recipe", {}).values() if isinstance(one, Mapping)]
    updates = int(metrics.get("updates", 0)) + sum(int(one.get("steps", 0)) for one in more)
    return updates, int(metrics.get("tokens", 0)) + sum(int(one.get("tokens", 0)) for one in more)
