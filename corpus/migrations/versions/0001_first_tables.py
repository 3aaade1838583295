"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "benchmark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("revision", sa.String(100), nullable=False),
        sa.Column("library_digest", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("theorem_count", sa.Integer(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_benchmark"),
        sa.UniqueConstraint("name", "revision", name="uq_benchmark_name_revision"),
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_clock_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
    )
    op.create_table(
        "guard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guard"),
        sa.UniqueConstraint("hash", name="uq_guard_hash"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("name", name="uq_run_name"),
    )
    op.create_table(
        "snapshot_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filter_hash", sa.String(64), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("attempts_seen", sa.Integer(), nullable=False),
        sa.Column("retractions_seen", sa.Integer(), nullable=False),
        sa.Column("guards_seen", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("buckets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot_line"),
        sa.UniqueConstraint("filter_hash", name="uq_snapshot_line_filter_hash"),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("proofs", sa.Integer(), nullable=False),
        sa.Column("theorems", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["snapshot_line.id"], name="fk_snapshot_line_id_snapshot_line"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
        sa.UniqueConstraint("line_id", "number", name="uq_snapshot_line_id_number"),
    )
    op.create_index("ix_snapshot_hash", "snapshot", ["hash"])
    op.create_table(
        "theorem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("benchmark_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("statement_hash", sa.String(64), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=True),
        sa.Column("split", sa.String(32), nullable=False),
        sa.Column("stratum", sa.String(32), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmark.id"], name="fk_theorem_benchmark_id_benchmark"),
        sa.PrimaryKeyConstraint("id", name="pk_theorem"),
        sa.UniqueConstraint("benchmark_id", "name", name="uq_theorem_benchmark_id_name"),
    )
    op.create_index("ix_theorem_benchmark_id_split_stratum", "theorem", ["benchmark_id", "split", "stratum"])
    op.create_index("ix_theorem_name", "theorem", ["name"])
    op.create_index("ix_theorem_statement_hash", "theorem", ["statement_hash"])
    op.create_table(
        "generation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("snapshot_id", sa.Integer(), nullable=True),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("config_hash", sa.String(64), nullable=False),
        sa.Column("seeds", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("model_path", sa.Text(), nullable=True),
        sa.Column("model_hash", sa.String(64), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["generation.id"], name="fk_generation_parent_id_generation"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_generation_run_id_run"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_generation_snapshot_id_snapshot"),
        sa.PrimaryKeyConstraint("id", name="pk_generation"),
        sa.UniqueConstraint("run_id", "number", name="uq_generation_run_id_number"),
    )
    op.create_table(
        "proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("theorem_id", sa.Integer(), nullable=False),
        sa.Column("tactics_hash", sa.String(64), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("term_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_proof_theorem_id_theorem"),
        sa.PrimaryKeyConstraint("id", name="pk_proof"),
        sa.UniqueConstraint("content_hash", name="uq_proof_content_hash"),
        sa.UniqueConstraint("theorem_id", "tactics_hash", name="uq_proof_theorem_id_tactics_hash"),
    )
    op.create_table(
        "certificate",
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("statement_hash", sa.String(64), nullable=False),
        sa.Column("environment_digest", sa.String(128), nullable=False),
        sa.Column("proof_hash", sa.String(64), nullable=False),
        sa.Column("axioms", sa.JSON(), nullable=False),
        sa.Column("kernels", sa.JSON(), nullable=False),
        sa.Column("gate_version", sa.Text(), nullable=False),
        sa.Column("auxiliaries", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_certificate_proof_id_proof"),
        sa.PrimaryKeyConstraint("proof_id", name="pk_certificate"),
    )
    op.create_index("ix_certificate_statement_hash", "certificate", ["statement_hash"])
    op.create_table(
        "goal",
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_goal_proof_id_proof"),
        sa.PrimaryKeyConstraint("proof_id", "position", "ordinal", name="pk_goal"),
    )
    op.create_index("ix_goal_hash", "goal", ["hash"])
    op.create_table(
        "retraction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_retraction_proof_id_proof"),
        sa.PrimaryKeyConstraint("id", name="pk_retraction"),
        sa.UniqueConstraint("proof_id", name="uq_retraction_proof_id"),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=True),
        sa.Column("benchmark_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("split", sa.String(32), nullable=False),
        sa.Column("stratum", sa.String(32), nullable=False),
        sa.Column("arm", sa.String(100), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmark.id"], name="fk_round_benchmark_id_benchmark"),
        sa.ForeignKeyConstraint(["generation_id"], ["generation.id"], name="fk_round_generation_id_generation"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_round_run_id_run"),
        sa.PrimaryKeyConstraint("id", name="pk_round"),
        sa.UniqueConstraint("run_id", "key", name="uq_round_run_id_key"),
    )
    op.create_index("ix_round_kind", "round", ["kind"])
    op.create_table(
        "snapshot_change",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["snapshot_line.id"], name="fk_snapshot_change_line_id_snapshot_line"),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_snapshot_change_proof_id_proof"),
        sa.PrimaryKeyConstraint("line_id", "proof_id", "removed", name="pk_snapshot_change"),
    )
    op.create_index("ix_snapshot_change_line_id_bucket", "snapshot_change", ["line_id", "bucket"])
    op.create_table(
        "step",
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tactic", sa.Text(), nullable=False),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        sa.Column("heartbeats", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_step_proof_id_proof"),
        sa.PrimaryKeyConstraint("proof_id", "position", name="pk_step"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("theorem_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("retry", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("heartbeats", sa.BigInteger(), nullable=False),
        sa.Column("lean_seconds", sa.Double(), nullable=False),
        sa.Column("model_seconds", sa.Double(), nullable=False),
        sa.Column("wall_seconds", sa.Double(), nullable=False),
        sa.Column("wall_limit_hits", sa.Integer(), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("steps_to_proof", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stats", sa.JSON(), nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_attempt_proof_id_proof"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_attempt_round_id_round"),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_attempt_theorem_id_theorem"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint(
            "round_id", "theorem_id", "ordinal", "retry", name="uq_attempt_round_id_theorem_id_ordinal_retry"
        ),
    )
    op.create_index("ix_attempt_proof_id", "attempt", ["proof_id"])
    op.create_table(
        "round_theorem",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("theorem_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_round_theorem_round_id_round"),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_round_theorem_theorem_id_theorem"),
        sa.PrimaryKeyConstraint("round_id", "position", name="pk_round_theorem"),
        sa.UniqueConstraint("round_id", "theorem_id", name="uq_round_theorem_round_id_theorem_id"),
    )
    op.execute("INSERT INTO clock (id, writes) VALUES (1, 0)")
