"""A whole database copied into another of the same schema revision, row by row, between SQLite and PostgreSQL too."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text

#: Rows sent to the target at a time.
_BATCH = 2_000


def copy_rows(source: Connection, target: Connection, report: Callable[[int], None] = lambda _rows: None) -> int:
    """Copies every row of `source`, seen as its transaction sees it, into the empty corpus `target`. Returns how many
    there were, `report` is told how many there are so far.

    Ids stay what they are, so that everything refers to what it referred to. The caller commits `target`.
    """
    tables, kept = _tables(source), _tables(target)
    copied = 0
    target.execute(kept["clock"].delete())
    for name, table in tables.items():
        order = list(table.primary_key.columns)
        result = source.execution_options(yield_per=_BATCH).execute(select(table).order_by(*order))
        for batch in result.mappings().partitions():
            target.execute(insert(kept[name]), [dict(row) for row in batch])
            copied += len(batch)
            report(copied)
    _advance_sequences(target, kept)
    return copied


def _tables(connection: Connection) -> dict[str, Table]:
    """The tables as they stand in this database, those that are referred to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {table.name: table for table in metadata.sorted_tables if table.name != "alembic_version"}


def _advance_sequences(target: Connection, tables: dict[str, Table]) -> None:
    """PostgreSQL counts ids by itself: the next one comes after those that were copied."""
    if target.dialect.name != "postgresql":
        return
    for name, table in tables.items():
        sequence = "id" in table.c and target.scalar(select(func.pg_get_serial_sequence(name, "id")))
        if sequence and (last := target.scalar(select(func.max(table.c.id)))):
            target.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
