"""Who came from whom, one step at a time: proofs, the rounds that found them, snapshots, the models trained on these.

The terminal's tree (corpus/lineage_tree.py) and the page's graph (corpus/pages/lineage.py) draw what these say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from corpus import rows, schema, tallies
from corpus.contents import finders_of
from corpus.database import reading
from corpus.records import GenerationRecord, RoundKind, RoundRecord
from corpus.snapshot import Snapshot, snapshot_record
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Finder:
    """How many proofs of a snapshot one arm found first. `model`: None for an arm without one."""

    model: schema.Generation | None
    run: str
    arm: str
    proofs: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a run's wheel: a model, what it was trained on, and the training rounds that searched with it. The
    first turn has no model."""

    model: GenerationRecord | None
    snapshot: Snapshot | None
    rounds: list[RoundRecord]


def turns(corpus: Corpus, run: str) -> list[Turn]:
    """A run from its first round to its newest model. Raises NotFound."""
    round, generation = schema.Round, schema.Generation
    with reading(corpus.engine) as session:
        run_id = rows.run_row(session, run).id
        trained = (round.run_id == run_id) & (round.kind == RoundKind.TRAIN)
        found = session.scalars(select(round).where(trained).order_by(round.id)).all()
        searched: defaultdict[int | None, list[RoundRecord]] = defaultdict(list)
        for record in rows.round_records(session, found):
            searched[record.generation_id].append(record)
        wheel = [Turn(None, None, searched[None])]
        of_run = select(generation).where(generation.run_id == run_id).order_by(generation.number)
        models = session.scalars(of_run).all()
        for model, described in zip(models, rows.generation_records(session, models), strict=True):
            snapshot = snapshot_of(session, model)
            frozen = None if snapshot is None else snapshot_record(session, snapshot)
            wheel.append(Turn(described, frozen, searched[model.id]))
        return wheel


def snapshot_of(session: Session, model: schema.Generation) -> schema.Snapshot | None:
    """What it was trained on."""
    return None if model.snapshot_id is None else session.get_one(schema.Snapshot, model.snapshot_id)


def finders(session: Session, snapshot: schema.Snapshot) -> list[Finder]:
    """Who found the proofs of a snapshot first: those without a model, then generations by age."""
    counts: defaultdict[tuple[int, int, str], int] = defaultdict(int)
    for round_id, count in finders_of(session, snapshot).items():
        round = session.get_one(schema.Round, round_id)
        counts[round.generation_id or 0, round.run_id, round.arm] += count
    return [
        Finder(
            session.get_one(schema.Generation, model) if model else None,
            session.get_one(schema.Run, run).name,
            arm,
            count,
        )
        for (model, run, arm), count in sorted(counts.items())
        if count
    ]


def trained_on(session: Session, snapshots: Sequence[schema.Snapshot]) -> Sequence[schema.Generation]:
    """Generations trained on these sets, through whatever line they came."""
    generation, snapshot = schema.Generation, schema.Snapshot
    same = select(snapshot.id).where(snapshot.hash.in_([row.hash for row in snapshots]))
    return session.scalars(select(generation).where(generation.snapshot_id.in_(same)).order_by(generation.id)).all()


def heirs(session: Session, model: schema.Generation) -> Sequence[schema.Generation]:
    """Generations whose parent it is."""
    generation = schema.Generation
    return session.scalars(select(generation).where(generation.parent_id == model.id).order_by(generation.id)).all()


def found_first(session: Session, models: Sequence[schema.Generation]) -> dict[int, int]:
    """How many believed proofs each of these found before anybody else, by id."""
    counts = {model: count for _, model, count in tallies.origins(tallies.tallied(session)) if model is not None}
    return {model.id: counts.get(model.id, 0) for model in models}


def some_found_first(session: Session, model: schema.Generation, most: int) -> Sequence[schema.Proof]:
    """Of these proofs the first `most`: the search ends with them."""
    attempt, round, earlier, proof = schema.Attempt, schema.Round, aliased(schema.Attempt), schema.Proof
    before = exists().where(earlier.proof_id == attempt.proof_id, earlier.id < attempt.id)
    withdrawn = exists().where(schema.Retraction.proof_id == attempt.proof_id)
    found: list[schema.Proof] = []
    for round_id in session.scalars(select(round.id).where(round.generation_id == model.id).order_by(round.id)):
        query = (
            select(proof)
            .join(attempt, attempt.proof_id == proof.id)
            .where(attempt.round_id == round_id, ~before, ~withdrawn)
            .order_by(attempt.id)
            .limit(most - len(found))
        )
        found += session.scalars(query)
        if len(found) == most:
            break
    return found


def holding(session: Session, proof_id: int) -> list[list[schema.Snapshot]]:
    """The snapshots that hold a proof, one list for each line, the oldest first."""
    snapshot, change, gone = schema.Snapshot, schema.SnapshotChange, aliased(schema.SnapshotChange)
    left = exists().where(
        gone.line_id == snapshot.line_id,
        gone.proof_id == proof_id,
        gone.removed.is_(True),
        gone.number <= snapshot.number,
    )
    entered = exists().where(
        change.line_id == snapshot.line_id,
        change.proof_id == proof_id,
        change.removed.is_(False),
        change.number <= snapshot.number,
    )
    lines: dict[int, list[schema.Snapshot]] = {}
    for row in session.scalars(select(snapshot).where(entered, ~left).order_by(snapshot.id)):
        lines.setdefault(row.line_id, []).append(row)
    return list(lines.values())
