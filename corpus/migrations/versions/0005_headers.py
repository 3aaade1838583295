"""Headers of theorems: declarations that stand above them, each stored once.

Theorems that are stored already have none, and certificates cover none. The columns are added in place: SQLite would
otherwise write the table of theorems anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "header",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ndjson", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_header"),
        sa.UniqueConstraint("key", "digest", name="uq_header_key_digest"),
    )
    # As text: Alembic adds no reference to a table of SQLite.
    op.execute(
        "ALTER TABLE theorem ADD COLUMN header_id INTEGER CONSTRAINT fk_theorem_header_id_header REFERENCES header (id)"
    )
    op.add_column("certificate", sa.Column("header_digest", sa.String(64), nullable=False, server_default=""))
