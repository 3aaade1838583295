"""The search trees of attempts, compressed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "search_tree",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("states", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_search_tree"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_search_tree_attempt_id_attempt"),
    )
