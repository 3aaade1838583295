"""How one certified proof enters the corpus: the leakage guard, its identity, its rows.

The guard holds hashes of held-out statements. What it covers: the proved statement and each goal (context reverted)
that a step of the proof was applied to. What it cannot see: goals with metavariables, which have no hash, and
statements that are equal only after more than renaming of bound variables.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.hashing import content_hash, tactics_hash
from corpus.records import ProofRecord


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


def find_leak(session: Session, theorem: schema.Theorem, proof: ProofRecord) -> str | None:
    """A held-out statement's hash that this proof contains, or None."""
    hashes = {theorem.statement_hash, proof.certificate.statement_hash}
    for step in proof.steps:
        hashes.update(step.goal_hashes)
    return session.scalar(
        select(schema.Guard.hash)
        .where(schema.Guard.hash.in_(sorted(hashes - {""})))
        .order_by(schema.Guard.hash)
        .limit(1)
    )


def store_proof(session: Session, theorem: schema.Theorem, proof: ProofRecord) -> tuple[int, bool]:
    """The proof's id and whether it is new; a proof of the same tactics stays as it was found first."""
    identity = tactics_hash(proof.steps)
    known = session.scalar(
        select(schema.Proof.id).where(schema.Proof.theorem_id == theorem.id, schema.Proof.tactics_hash == identity)
    )
    if known is not None:
        return known, False
    benchmark = rows.benchmark_record(session.get_one(schema.Benchmark, theorem.benchmark_id)).key
    row = schema.Proof(
        theorem_id=theorem.id,
        tactics_hash=identity,
        content_hash=content_hash(benchmark, rows.theorem_record(theorem), proof.source, proof.steps),
        source=proof.source,
        length=len(proof.steps),
        text=proof.text,
        term_bytes=proof.term_bytes,
    )
    session.add(row)
    session.flush()
    steps = [
        {
            "proof_id": row.id,
            "position": position,
            "state": step.state,
            "tactic": step.tactic,
            "state_after": step.state_after,
            "template": step.template,
            "milliseconds": step.milliseconds,
            "heartbeats": step.heartbeats,
        }
        for position, step in enumerate(proof.steps)
    ]
    goals = [
        {"proof_id": row.id, "position": position, "ordinal": ordinal, "hash": goal}
        for position, step in enumerate(proof.steps)
        for ordinal, goal in enumerate(step.goal_hashes)
    ]
    session.execute(insert(schema.Step), steps)
    if goals:
        session.execute(insert(schema.Goal), goals)
    certificate = proof.certificate
    session.add(
        schema.Certificate(
            proof_id=row.id,
            statement_hash=certificate.statement_hash,
            environment_digest=certificate.environment_digest,
            proof_hash=certificate.proof_hash,
            axioms=list(certificate.axioms),
            kernels=dict(certificate.kernels),
            gate_version=certificate.gate_version,
            auxiliaries=list(certificate.auxiliaries),
        )
    )
    return row.id, True
