"""Attempts as pages show them: those at one theorem, and one with the search trees that were kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select

from corpus import rows, schema
from corpus.database import reading
from corpus.errors import NotFound
from corpus.records import AttemptStatus, RoundKind, SearchTree, TheoremRecord
from corpus.search_tree import load_trees
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt in a list. generation_id and generation: the model's, None without one; budget: tactic steps, None
    where the round gave each theorem its own."""

    id: int
    run: str
    arm: str
    kind: RoundKind
    generation_id: int | None
    generation: int | None
    status: AttemptStatus
    steps: int
    budget: int | None
    steps_to_proof: int | None
    wall_seconds: float
    reason: str
    proof_id: int | None
    tree: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt. `trees`: None where none was kept."""

    line: AttemptLine
    theorem_id: int
    theorem: str
    statement: str
    nodes: int
    heartbeats: int
    lean_seconds: float
    model_seconds: float
    stats: Mapping[str, Any]
    trees: tuple[SearchTree, ...] | None


def attempts_at(corpus: Corpus, theorem_id: int) -> tuple[AttemptLine, ...]:
    """Every attempt at a theorem, the oldest first."""
    attempt = schema.Attempt
    with reading(corpus.engine) as session:
        query = _lines().where(attempt.theorem_id == theorem_id).order_by(attempt.id)
        return tuple(_line(*row) for row in session.execute(query))


def show_attempt(corpus: Corpus, attempt_id: int) -> AttemptView:
    """One attempt with its trees. Raises NotFound, or CorpusError for a tree that cannot be read."""
    with reading(corpus.engine) as session:
        found = session.execute(_lines().where(schema.Attempt.id == attempt_id)).first()
        if found is None:
            raise NotFound(f"The corpus has no attempt {attempt_id}.")
        row = found[0]
        theorem = session.get_one(schema.Theorem, row.theorem_id)
        return AttemptView(
            line=_line(*found),
            theorem_id=theorem.id,
            theorem=theorem.name,
            statement=theorem.statement,
            nodes=row.nodes,
            heartbeats=row.heartbeats,
            lean_seconds=row.lean_seconds,
            model_seconds=row.model_seconds,
            stats=row.stats,
            trees=load_trees(session, attempt_id),
        )


def theorem_at(corpus: Corpus, theorem_id: int) -> tuple[TheoremRecord, str]:
    """A theorem by its id, and the key of its benchmark. Raises NotFound."""
    with reading(corpus.engine) as session:
        row = session.get(schema.Theorem, theorem_id)
        if row is None:
            raise NotFound(f"The corpus has no theorem with id {theorem_id}.")
        benchmark = session.get_one(schema.Benchmark, row.benchmark_id)
        return rows.theorem_record(row), rows.benchmark_record(benchmark).key


def _lines() -> Select[schema.Attempt, schema.Round, str, int | None, bool]:
    attempt, round, generation = schema.Attempt, schema.Round, schema.Generation
    tree = exists().where(schema.SearchTree.attempt_id == attempt.id)
    return (
        select(attempt, round, schema.Run.name, generation.number, tree)
        .join(round, round.id == attempt.round_id)
        .join(schema.Run, schema.Run.id == round.run_id)
        .outerjoin(generation, generation.id == round.generation_id)
    )


def _line(row: schema.Attempt, round: schema.Round, run: str, generation: int | None, tree: bool) -> AttemptLine:
    return AttemptLine(
        id=row.id,
        run=run,
        arm=round.arm,
        kind=round.kind,
        generation_id=round.generation_id,
        generation=generation,
        status=row.status,
        steps=row.steps,
        budget=_budget(round.config),
        steps_to_proof=row.steps_to_proof,
        wall_seconds=row.wall_seconds,
        reason=row.reason,
        proof_id=row.proof_id,
        tree=tree,
        created_at=row.created_at,
    )


def _budget(config: Mapping[str, Any]) -> int | None:
    budget = config.get("budget")
    steps = budget.get("steps") if isinstance(budget, Mapping) else None
    return steps if isinstance(steps, int) else None
