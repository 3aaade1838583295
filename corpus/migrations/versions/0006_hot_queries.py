"""Counts that are kept, and indexes for what is asked most, so that no view reads a large table from end to end.

The counts start empty: they are brought up to date after the upgrade (corpus/database.py).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INDEXES = (
    ("proof", ("theorem_id", "id")),
    ("proof", ("source", "id")),
    ("attempt", ("theorem_id",)),
    ("attempt", ("round_id", "proof_id")),
)


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "of", name="pk_tally"),
    )
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
