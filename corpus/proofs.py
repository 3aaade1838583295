"""How one certified proof enters the corpus: its identity, its rows."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.borrowing import store_borrowing
from corpus.errors import CorpusError
from corpus.hashing import content_hash, tactics_hash
from corpus.records import ProofRecord
from corpus.states import intern_states


def store_proof(session: Session, theorem: schema.Theorem, proof: ProofRecord) -> tuple[int, bool]:
    """The proof's id and whether it is new; a proof of the same tactics stays as it was found first."""
    identity = tactics_hash(proof.steps)
    known = session.scalar(
        select(schema.Proof.id).where(schema.Proof.theorem_id == theorem.id, schema.Proof.tactics_hash == identity)
    )
    if known is not None:
        return known, False
    own = theorem.header.digest if theorem.header is not None else ""
    if proof.certificate.header_digest != own:
        raise CorpusError(
            f"The certificate of {theorem.name} is about a header of other declarations than the one that is stored "
            "with the theorem: another Lean may have made it. Load the benchmark again."
        )
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
    states = intern_states(session, proof.steps)
    steps = [
        {
            "proof_id": row.id,
            "position": position,
            "state_id": states[step.state],
            "tactic": step.tactic,
            "state_after_id": states[step.state_after],
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
            header_digest=certificate.header_digest,
        )
    )
    store_borrowing(session, row.id, proof)
    return row.id, True
