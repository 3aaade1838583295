"""What was inserted stays: the database refuses to change or delete it, whoever asks."""

from __future__ import annotations

import pytest
from databases.make import fill_every_table
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from corpus.append_only import TABLES
from corpus.store import Corpus

#: Tables with rows that say how far something is.
CHANGING = {"alembic_version", "clock", "generation", "round", "run", "snapshot_line"}


@pytest.fixture
def full(corpus: Corpus) -> Corpus:
    fill_every_table(corpus)
    return corpus


def test_no_row_is_changed_or_deleted(full):
    for table in TABLES:
        column = inspect(full.engine).get_columns(table)[-1]["name"]
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(IntegrityError, match=f"rows of {table} are never"), full.engine.begin() as connection:
                connection.exec_driver_sql(statement)


def test_a_replacement_is_a_deletion(full):
    with full.engine.begin() as connection:
        row = connection.execute(text("SELECT id, reason, created_at, proof_id FROM retraction")).one()
    replace = {
        "sqlite": "INSERT OR REPLACE INTO retraction (id, proof_id, reason, created_at) VALUES (?, ?, 'other', ?)",
        "postgresql": "INSERT INTO retraction (id, proof_id, reason, created_at) VALUES (%s, %s, 'other', %s) "
        "ON CONFLICT (id) DO UPDATE SET reason = 'other'",
    }[full.engine.dialect.name]
    with pytest.raises(IntegrityError, match="never"), full.engine.begin() as connection:
        connection.exec_driver_sql(replace, (row.id, row.proof_id, row.created_at))


def test_no_table_is_emptied_on_postgresql(postgres):
    url = postgres.create(template="corpus_1")
    with Corpus.open(url) as corpus:
        fill_every_table(corpus)
        for table in TABLES:
            with pytest.raises(IntegrityError, match="never"), corpus.engine.begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
    postgres.drop(url)


def test_every_table_is_on_one_of_the_two_lists(corpus):
    tables = set(inspect(corpus.engine).get_table_names())
    assert not set(TABLES) & CHANGING
    # Full-text indexes and what else later revisions add are neither.
    assert set(TABLES) | CHANGING <= tables
