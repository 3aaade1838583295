"""The database itself refuses to change or delete what the corpus only ever inserts, whoever asks, on both databases.

The triggers are made anew after every upgrade (corpus/database.py), because SQLite alters a table by copying and
dropping it, which drops its triggers. Somebody who owns the database can remove them: what they stop is a slip, a
wrong `UPDATE` by hand and a fault in this program. Changed content is found by its hashes (`flywheel corpus verify`).
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

#: Tables whose rows are inserted and never touched again.
TABLES = (
    "attempt",
    "benchmark",
    "borrowed",
    "certificate",
    "filter_verdict",
    "goal",
    "guard",
    "header",
    "human_key",
    "human_step",
    "human_trace",
    "proof",
    "proof_term",
    "retraction",
    "round_theorem",
    "search_tree",
    "snapshot",
    "snapshot_change",
    "state",
    "step",
    "step_score",
    "term",
    "theorem",
    "theorem_class",
)

_FUNCTION = """
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the rows of % are never changed or deleted', TG_TABLE_NAME
  USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def protect(connection: Connection) -> None:
    """Makes the triggers, in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION.replace("%", "%%"))
    for table in TABLES:
        for statement in _triggers(connection.dialect.name, table):
            connection.exec_driver_sql(statement)


def unprotect(connection: Connection) -> None:
    """Drops them, for a migration or a repair by hand."""
    present = set(inspect(connection).get_table_names())
    postgresql = connection.dialect.name == "postgresql"
    for table in TABLES:
        for event in ("update", "delete", "truncate") if table in present else ():
            on = f" ON {table}" if postgresql else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {_name(table, event)}{on}")


def _triggers(dialect: str, table: str) -> list[str]:
    if dialect == "postgresql":
        row = [
            f"CREATE TRIGGER {_name(table, event)} BEFORE {event.upper()} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
            for event in ("update", "delete")
        ]
        whole = (
            f"CREATE TRIGGER {_name(table, 'truncate')} BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return [*row, whole]
    return [
        f"CREATE TRIGGER {_name(table, event)} BEFORE {event.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the rows of {table} are never changed or deleted'); END"
        for event in ("update", "delete")
    ]


def _name(table: str, event: str) -> str:
    return f"{table}_no_{event}"
