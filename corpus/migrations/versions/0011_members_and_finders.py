"""A line of snapshots keeps its members by bucket, so that the next snapshot reads no row of an old member. No hash
changes. `snapshot_change` no longer says which bucket a proof is in: that is how its content hash begins.

A snapshot also says how many of its proofs each round found first; of an older one that is counted whenever somebody
looks. Indexes answer what generations did with theorems without reading attempts and proofs, and what happened to a
line between two of its snapshots.
"""

from __future__ import annotations

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_MEMBERS = sa.text(
    "SELECT proof.content_hash FROM snapshot_change AS entered JOIN proof ON proof.id = entered.proof_id "
    "WHERE entered.line_id = :line AND NOT entered.removed AND NOT EXISTS (SELECT 1 FROM snapshot_change AS gone "
    "WHERE gone.line_id = :line AND gone.proof_id = entered.proof_id AND gone.removed) ORDER BY proof.content_hash"
)


def upgrade() -> None:
    table = op.create_table(
        "snapshot_bucket",
        sa.Column("line_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["snapshot_line.id"], name="fk_snapshot_bucket_line_id_snapshot_line"),
        sa.PrimaryKeyConstraint("line_id", "bucket", name="pk_snapshot_bucket"),
    )
    connection = op.get_bind()
    for line in connection.scalars(sa.text("SELECT id FROM snapshot_line ORDER BY id")).all():
        hashes = connection.scalars(_MEMBERS, {"line": line})
        rows = [
            {"line_id": line, "bucket": int(bucket, 16), "members": bytes.fromhex("".join(members))}
            for bucket, members in groupby(hashes, key=lambda one: one[:3])
        ]
        if rows:
            connection.execute(table.insert(), rows)
    op.drop_index("ix_snapshot_change_line_id_bucket", "snapshot_change")
    with op.batch_alter_table("snapshot_change") as change:
        change.drop_column("bucket")
    op.create_index("ix_snapshot_change_line_id_number", "snapshot_change", ["line_id", "number"])
    op.add_column("snapshot", sa.Column("finders", sa.JSON(), nullable=True))
    op.drop_index("ix_proof_theorem_id_id", "proof")
    op.create_index("ix_proof_theorem_id_id_length", "proof", ["theorem_id", "id", "length"])
    columns = ["round_id", "theorem_id", "status", "proof_id"]
    op.create_index("ix_attempt_" + "_".join(columns), "attempt", columns)
