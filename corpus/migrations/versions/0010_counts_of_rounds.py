"""Rounds have kept counts of their own, and their last attempts are found by an index. What generations give the steps
of proofs has a table. A snapshot says how many proofs it has of each benchmark and source; an older one does not: it is
counted whenever somebody looks.

All counts start anew: they are brought up to date after the upgrade (corpus/database.py).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"


def upgrade() -> None:
    op.execute("DELETE FROM tally")
    op.drop_index("ix_attempt_round_id_proof_id", "attempt")
    op.create_index("ix_attempt_round_id_id_proof_id", "attempt", ["round_id", "id", "proof_id"])
    op.add_column("snapshot", sa.Column("contents", sa.JSON(), nullable=True))
    op.create_table(
        "step_score",
        sa.Column("proof_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log_probability", sa.Double(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_step_score_proof_id_proof"),
        sa.ForeignKeyConstraint(["generation_id"], ["generation.id"], name="fk_step_score_generation_id_generation"),
        sa.PrimaryKeyConstraint("proof_id", "generation_id", "position", name="pk_step_score"),
    )
