"""Every tactic state is stored once, under the SHA-256 of its text; steps refer to it.

No hash changes: snapshots and content hashes are made of the texts. The tables are written anew, so that for a while
the database needs room for its steps twice. SQLite keeps the room that becomes free for what comes next; `VACUUM` gives
it back to the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_STEP_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("template", sa.Text()),
    ("milliseconds", sa.Double()),
    ("heartbeats", sa.BigInteger()),
)


def upgrade() -> None:
    digest = _digest()
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_state"),
        sa.UniqueConstraint("digest", name="uq_state_digest"),
    )
    # In the order in which steps have them: a proof's states lie side by side.
    op.execute(
        f"INSERT INTO state (digest, text) SELECT {digest('text')}, text FROM ("
        "SELECT text, min(place) AS first FROM ("
        "SELECT state AS text, proof_id AS place FROM step UNION ALL SELECT state_after, proof_id FROM step "
        "UNION ALL SELECT state, trace_id FROM human_step UNION ALL SELECT state_after, trace_id FROM human_step"
        ") AS every GROUP BY text) AS distinct_states ORDER BY first"
    )
    _rewrite("step", "proof", "proof_id", _STEP_COLUMNS, digest)
    _rewrite("human_step", "human_trace", "trace_id", (), digest)


def _digest() -> Callable[[str], str]:
    """SQL for the SHA-256 of a text: PostgreSQL has it, SQLite is given it."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        return lambda text: f"sha256(convert_to({text}, 'UTF8'))"
    raw: Any = connection.connection.driver_connection
    raw.create_function("sha256_of_text", 1, lambda text: hashlib.sha256(text.encode()).digest(), deterministic=True)
    return lambda text: f"sha256_of_text({text})"


def _rewrite(table: str, owner: str, key: str, more: Sequence[tuple[str, Any]], digest: Callable[[str], str]) -> None:
    op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
    op.drop_table(table)
    op.create_table(
        table,
        sa.Column(key, sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state_id", sa.Integer(), nullable=False),
        sa.Column("tactic", sa.Text(), nullable=False),
        sa.Column("state_after_id", sa.Integer(), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in more),
        sa.ForeignKeyConstraint([key], [f"{owner}.id"], name=f"fk_{table}_{key}_{owner}"),
        sa.ForeignKeyConstraint(["state_id"], ["state.id"], name=f"fk_{table}_state_id_state"),
        sa.ForeignKeyConstraint(["state_after_id"], ["state.id"], name=f"fk_{table}_state_after_id_state"),
        sa.PrimaryKeyConstraint(key, "position", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )
    names = "".join(f", {name}" for name, _ in more)
    op.execute(
        f"INSERT INTO {table} ({key}, position, state_id, tactic, state_after_id{names}) "
        f"SELECT {key}, position, first.id, tactic, after.id{names} FROM {table}_before "
        f"JOIN state AS first ON first.digest = {digest('state')} "
        f"JOIN state AS after ON after.digest = {digest('state_after')} ORDER BY {key}, position"
    )
    op.drop_table(f"{table}_before")
