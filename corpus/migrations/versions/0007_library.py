"""The corpus as a library: what proofs can be lent to others with, and who borrowed which.

Proofs that were stored before have no term here, so they are not lent; found again, they stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_term"),
        sa.UniqueConstraint("digest", name="uq_term_digest"),
    )
    op.create_table(
        "proof_term",
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_proof_term_proof_id_proof"),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name="fk_proof_term_term_id_term"),
        sa.PrimaryKeyConstraint("proof_id", name="pk_proof_term"),
    )
    op.create_table(
        "borrowed",
        sa.Column("proof_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lemma_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_borrowed_proof_id_proof"),
        sa.ForeignKeyConstraint(["lemma_id"], ["proof.id"], name="fk_borrowed_lemma_id_proof"),
        sa.PrimaryKeyConstraint("proof_id", "lemma_id", name="pk_borrowed"),
    )
    op.create_index("ix_borrowed_lemma_id", "borrowed", ["lemma_id"])
