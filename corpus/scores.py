"""What generations would have given each step of a proof. Stored when somebody asks (`flywheel corpus score 17`), since
a page loads no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from corpus import schema
from corpus.database import reading, writing
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class StepScore:
    """The natural log-probability that a model gives a step in the state before it, and the step's place among all
    actions there, 1 for the likeliest. Both None where the model has no such action."""

    log_probability: float | None
    rank: int | None


@dataclass(frozen=True, slots=True)
class GenerationScores:
    """One generation's, a score for each step."""

    run: str
    number: int
    generation_id: int
    steps: tuple[StepScore, ...]


def store_scores(corpus: Corpus, proof_id: int, generation_id: int, steps: Sequence[StepScore]) -> None:
    """Stores what is not stored yet; what is, stays."""
    with writing(corpus.engine) as session:
        table = schema.StepScore
        known = table.proof_id == proof_id, table.generation_id == generation_id
        if steps and session.scalar(select(table.position).where(*known).limit(1)) is None:
            session.execute(
                insert(table),
                [
                    {
                        "proof_id": proof_id,
                        "generation_id": generation_id,
                        "position": position,
                        "log_probability": one.log_probability,
                        "rank": one.rank,
                    }
                    for position, one in enumerate(steps)
                ],
            )


def scores_of(corpus: Corpus, proof_id: int) -> tuple[GenerationScores, ...]:
    """Everything stored for a proof, in the order of the generations."""
    table, generation, run = schema.StepScore, schema.Generation, schema.Run
    query = (
        select(table, generation.number, run.name)
        .join(generation, generation.id == table.generation_id)
        .join(run, run.id == generation.run_id)
        .where(table.proof_id == proof_id)
        .order_by(run.id, generation.number, table.position)
    )
    found: dict[int, tuple[str, int, list[StepScore]]] = {}
    with reading(corpus.engine) as session:
        for row, number, name in session.execute(query):
            steps = found.setdefault(row.generation_id, (name, number, []))[2]
            steps.append(StepScore(row.log_probability, row.rank))
    return tuple(GenerationScores(name, number, id, tuple(steps)) for id, (name, number, steps) in found.items())
