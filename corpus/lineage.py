"""Where a proof or a model came from: proof, attempt, round, generation, its snapshot, its parent, and so on down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.records import GenerationRecord
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Finding:
    """One attempt that found a proof. `generation` is the number of the model's generation, None without a model, and
    `generation_id` its id; `trained_on` the hash of the snapshot that model was trained on."""

    attempt_id: int
    run: str
    round_id: int
    arm: str
    generation: int | None
    generation_id: int | None
    trained_on: str | None
    steps_to_proof: int | None
    found_at: datetime


def proof_findings(session: Session, proof_id: int) -> tuple[Finding, ...]:
    """Every attempt that found the proof, the one that brought it first."""
    found = session.execute(
        select(schema.Attempt, schema.Round, schema.Run.name, schema.Generation.number, schema.Snapshot.hash)
        .join(schema.Round, schema.Round.id == schema.Attempt.round_id)
        .join(schema.Run, schema.Run.id == schema.Round.run_id)
        .outerjoin(schema.Generation, schema.Generation.id == schema.Round.generation_id)
        .outerjoin(schema.Snapshot, schema.Snapshot.id == schema.Generation.snapshot_id)
        .where(schema.Attempt.proof_id == proof_id)
        .order_by(schema.Attempt.id)
    )
    return tuple(
        Finding(
            attempt_id=attempt.id,
            run=run,
            round_id=round.id,
            arm=round.arm,
            generation=number,
            generation_id=round.generation_id,
            trained_on=snapshot_hash,
            steps_to_proof=attempt.steps_to_proof,
            found_at=attempt.created_at,
        )
        for attempt, round, run, number, snapshot_hash in found
    )


def ancestors(corpus: Corpus, generation_id: int) -> list[GenerationRecord]:
    """A generation and its parents, the youngest first. Raises NotFound."""
    line = [corpus.generation(generation_id)]
    with reading(corpus.engine) as session:
        while (parent := line[-1].parent_id) is not None:
            line.append(rows.generation_record(session, session.get_one(schema.Generation, parent)))
    return line
