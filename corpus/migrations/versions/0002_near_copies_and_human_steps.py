"""Statement classes, so that near-copies of held-out statements are known; traced steps of people, in snapshots too.

Benchmarks of other people carried their classes among their theorems' details; these join the guard now.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "theorem_class",
        sa.Column("theorem_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("theorem_id", name="pk_theorem_class"),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_theorem_class_theorem_id_theorem"),
    )
    op.create_index("ix_theorem_class_hash", "theorem_class", ["hash"])
    op.create_table(
        "human_trace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("benchmark_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_human_trace"),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmark.id"], name="fk_human_trace_benchmark_id_benchmark"),
        sa.UniqueConstraint("content_hash", name="uq_human_trace_content_hash"),
    )
    op.create_index("ix_human_trace_benchmark_id", "human_trace", ["benchmark_id"])
    op.create_table(
        "human_step",
        sa.Column("trace_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tactic", sa.Text(), nullable=False),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "position", name="pk_human_step"),
        sa.ForeignKeyConstraint(["trace_id"], ["human_trace.id"], name="fk_human_step_trace_id_human_trace"),
    )
    op.create_table(
        "human_key",
        sa.Column("trace_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "hash", name="pk_human_key"),
        sa.ForeignKeyConstraint(["trace_id"], ["human_trace.id"], name="fk_human_key_trace_id_human_trace"),
    )
    op.create_index("ix_human_key_hash", "human_key", ["hash"])
    for name, kind, default in (
        ("human", sa.Integer(), "0"),
        ("human_hash", sa.String(64), ""),
        ("human_seen", sa.Integer(), "0"),
        ("guards_seen", sa.Integer(), "0"),
    ):
        op.add_column("snapshot", sa.Column(name, kind, nullable=False, server_default=default))
    _take_over_classes()


def _take_over_classes() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT theorem.id, theorem.split, theorem.extra FROM theorem "
            "JOIN benchmark ON benchmark.id = theorem.benchmark_id WHERE benchmark.name LIKE 'external/%'"
        )
    ).all()
    known = set(connection.scalars(sa.text("SELECT hash FROM guard")))
    for id, split, extra in found:
        details = json.loads(extra) if isinstance(extra, str) else extra
        if not (hash_ := details.get("class", "")):
            continue
        connection.execute(
            sa.text("INSERT INTO theorem_class (theorem_id, hash) VALUES (:id, :hash)"), {"id": id, "hash": hash_}
        )
        if split != "train" and hash_ not in known:
            known.add(hash_)
            connection.execute(sa.text("INSERT INTO guard (hash) VALUES (:hash)"), {"hash": hash_})
