"""Which statements have a certified proof that is still believed, whatever benchmark it was found in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, select

from corpus import rows, schema
from corpus.database import reading


@dataclass(frozen=True, slots=True)
class CertifiedStatement:
    """A proof of a statement, by its canonical hash."""

    statement_hash: str
    theorem: str
    benchmark: str
    proof_id: int


def certified(engine: Engine, hashes: Iterable[str]) -> list[CertifiedStatement]:
    """The first believed proof of each of these statements, as far as they have one."""
    query = (
        select(schema.Theorem.statement_hash, schema.Theorem.name, schema.Benchmark.name, schema.Proof.id)
        .join(schema.Proof, schema.Proof.theorem_id == schema.Theorem.id)
        .join(schema.Benchmark, schema.Benchmark.id == schema.Theorem.benchmark_id)
        .where(schema.Proof.id.not_in(select(schema.Retraction.proof_id)))
        .order_by(schema.Proof.id.desc())
    )
    with reading(engine) as session:
        found = {
            statement: CertifiedStatement(statement, theorem, benchmark, proof)
            for chunk in rows.chunks(sorted(set(hashes)))
            for statement, theorem, benchmark, proof in session.execute(
                query.where(schema.Theorem.statement_hash.in_(chunk))
            )
        }
    return list(found.values())
