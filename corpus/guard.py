"""The leakage guard: what no training example may state or go through.

It holds three kinds of hash.

- The canonical hash of a held-out statement. No training proof may have it as its statement or as a goal of a step.
- The class of a held-out statement (`lean_env.benchmark.classes`): what it says up to names, order of hypotheses and
  types of one group. No training theorem may have it. Goals are not compared by class: half of all arithmetic would go.
- The class of a held-out text (`lean_env.benchmark.external.text_class`), for statements that Lean cannot read here. No
  human step that is known as text alone may have it. A train statement whose text has it is held out itself: its own
  class joins the guard (`prover.benchmarks.external`).

The guard does not see goals with metavariables, which have no hash, nor statements that are equal in other ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Engine, Select, exists, func, insert, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from corpus import rows, schema
from corpus.borrowing import resting_on
from corpus.database import reading
from corpus.records import AttemptStatus, ProofRecord

#: Splits whose statements no training example may contain.
HELD_OUT = ("valid", "test")


def extend_guard(session: Session, hashes: Iterable[str]) -> int:
    """Adds hashes to the guard, '' excepted; returns how many were new."""
    wanted = sorted(set(hashes) - {""})
    known: set[str] = set()
    for chunk in rows.chunks(wanted):
        known.update(session.scalars(select(schema.Guard.hash).where(schema.Guard.hash.in_(chunk))))
    new = [{"hash": value} for value in wanted if value not in known]
    if new:
        session.execute(insert(schema.Guard), new)
    return len(new)


def classify(session: Session, benchmark_id: int, classes: Mapping[str, str]) -> None:
    """Stores the classes of a benchmark's theorems that have none yet; those of valid and test join the guard."""
    theorem, known = schema.Theorem, schema.TheoremClass
    query = (
        select(theorem.id, theorem.name, theorem.split)
        .outerjoin(known, known.theorem_id == theorem.id)
        .where(theorem.benchmark_id == benchmark_id, known.hash.is_(None))
    )
    new = [(id, classes[name], split) for id, name, split in session.execute(query) if classes.get(name)]
    if new:
        session.execute(insert(known), [{"theorem_id": id, "hash": hash_} for id, hash_, _ in new])
        extend_guard(session, (hash_ for _, hash_, split in new if split in HELD_OUT))


def classes_of(engine: Engine, benchmark: str) -> dict[str, str]:
    """The statement classes of a benchmark's theorems by name, of those that have one."""
    theorem, known = schema.Theorem, schema.TheoremClass
    with reading(engine) as session:
        query = (
            select(theorem.name, known.hash)
            .join(known, known.theorem_id == theorem.id)
            .where(theorem.benchmark_id == rows.benchmark_row(session, benchmark).id)
        )
        return {name: hash_ for name, hash_ in session.execute(query)}


def guarded(engine: Engine, hashes: Iterable[str]) -> frozenset[str]:
    """Which of these hashes the guard holds."""
    with reading(engine) as session:
        found = select(schema.Guard.hash)
        return frozenset(
            hash_
            for chunk in rows.chunks(sorted(set(hashes)))
            for hash_ in session.scalars(found.where(schema.Guard.hash.in_(chunk)))
        )


def find_leak(session: Session, theorem: schema.Theorem, proof: ProofRecord) -> str | None:
    """How this proof meets the guard, as a sentence; None if it does not."""
    own = session.scalar(select(schema.TheoremClass.hash).where(schema.TheoremClass.theorem_id == theorem.id)) or ""
    hashes = {theorem.statement_hash, proof.certificate.statement_hash, own}
    for step in proof.steps:
        hashes.update(step.goal_hashes)
    found = set(session.scalars(select(schema.Guard.hash).where(schema.Guard.hash.in_(sorted(hashes - {""})))))
    if not found:
        met = leaks_among(session, sorted(resting_on(session, proof.borrowed))) if proof.borrowed else set()
        return f"The proof of {theorem.name} rests on proof {min(met)}, which meets the guard." if met else None
    if own in found:
        return f"The statement of {theorem.name} is a near-copy of {_held_out(session, own)}."
    return f"The proof of {theorem.name} goes through the held-out statement {min(found)}."


def leaking(after_guard: int) -> Select[int]:
    """Ids of all proofs that meet the guard past its id `after_guard`."""
    held_out = select(schema.Guard.hash).where(schema.Guard.id > after_guard)
    proof, theorem, certificate, goal = schema.Proof, schema.Theorem, schema.Certificate, schema.Goal
    near = schema.TheoremClass
    direct = union(
        select(proof.id).join(theorem, theorem.id == proof.theorem_id).where(theorem.statement_hash.in_(held_out)),
        select(proof.id).join(near, near.theorem_id == proof.theorem_id).where(near.hash.in_(held_out)),
        select(certificate.proof_id).where(certificate.statement_hash.in_(held_out)),
        select(goal.proof_id).where(goal.hash.in_(held_out)),
    ).subquery()
    met = select(direct.c.id)
    # What rests on such a proof goes through the held-out statement as well.
    found = union(met, select(schema.Borrowed.proof_id).where(schema.Borrowed.lemma_id.in_(met))).subquery()
    return select(found.c.id)


def leaks_among(session: Session, proof_ids: Sequence[int]) -> set[int]:
    """Which of these proofs meet the guard. Costs what these proofs are, however many others there are."""
    proof, theorem, certificate, goal = schema.Proof, schema.Theorem, schema.Certificate, schema.Goal
    near = schema.TheoremClass

    def held_out(hash: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        # Asked of each row: as a list, SQLite would go through the guard, or through every goal that there is.
        return exists().where(schema.Guard.hash == hash)

    # Theorems in a step of their own: joined, PostgreSQL begins with the guard and reads every proof of a theorem.
    of_theorem: dict[int, set[int]] = {}
    for chunk in rows.chunks(proof_ids):
        for id, theorem_id in session.execute(select(proof.id, proof.theorem_id).where(proof.id.in_(chunk))):
            of_theorem.setdefault(theorem_id, set()).add(id)
    met = rows.among(session, certificate.proof_id, proof_ids, held_out(certificate.statement_hash))
    met |= rows.among(session, goal.proof_id, proof_ids, held_out(goal.hash))
    stated = rows.among(session, theorem.id, of_theorem, held_out(theorem.statement_hash))
    stated |= rows.among(session, near.theorem_id, of_theorem, held_out(near.hash))
    met = met.union(*(of_theorem[theorem_id] for theorem_id in stated))
    edges: dict[int, set[int]] = {}
    for chunk in rows.chunks(sorted(set(proof_ids) - met)):
        edge = schema.Borrowed
        for lemma_id, proof_id in session.execute(select(edge.lemma_id, edge.proof_id).where(edge.proof_id.in_(chunk))):
            edges.setdefault(lemma_id, set()).add(proof_id)
    if edges:  # lemmas rest on lemmas that are among these edges themselves
        for lemma_id in leaks_among(session, sorted(edges.keys() - met)) | (edges.keys() & met):
            met |= edges[lemma_id]
    return met


def held_back(engine: Engine, benchmark: str) -> frozenset[str]:
    """Names of a benchmark's train theorems that state what is held out, exactly or nearly: no proof of theirs is
    trained on."""
    theorem, near = schema.Theorem, schema.TheoremClass
    held_out = select(schema.Guard.hash)
    with reading(engine) as session:
        query = (
            select(theorem.name)
            .outerjoin(near, near.theorem_id == theorem.id)
            .where(theorem.benchmark_id == rows.benchmark_row(session, benchmark).id, theorem.split == "train")
            .where(or_(theorem.statement_hash.in_(held_out), near.hash.in_(held_out)))
        )
        return frozenset(session.scalars(query))


def withheld(engine: Engine, run: str) -> int:
    """How many of a run's theorems had a certified proof that the guard did not let into the corpus."""
    attempt, round = schema.Attempt, schema.Round
    with reading(engine) as session:
        query = (
            select(func.count(attempt.theorem_id.distinct()))
            .join(round, round.id == attempt.round_id)
            .where(round.run_id == rows.run_row(session, run).id, attempt.status == AttemptStatus.WITHHELD)
        )
        return session.scalars(query).one()


def _held_out(session: Session, statement_class: str) -> str:
    """A held-out theorem of this class, in words."""
    theorem, near = schema.Theorem, schema.TheoremClass
    row = session.scalar(
        select(theorem)
        .join(near, near.theorem_id == theorem.id)
        .where(near.hash == statement_class, theorem.split.in_(HELD_OUT))
        .order_by(theorem.id)
        .limit(1)
    )
    if row is None:
        return "a held-out statement that is known here by its text alone"
    benchmark = session.get_one(schema.Benchmark, row.benchmark_id)
    return f"the held-out statement {row.name} ({benchmark.name}, {row.split})"
