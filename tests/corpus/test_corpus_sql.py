"""A question in SQL is answered; nothing that a statement can say changes anything."""

from __future__ import annotations

import hashlib

import pytest
from samples import attempt, fill, proof, start_round
from sqlalchemy import inspect

from corpus.sql import QueryRefused, ask, tables
from corpus.store import Corpus


def fill_some(corpus):
    theorems = fill(corpus)["train"]
    round = start_round(corpus, theorems)
    for one in theorems:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    return corpus


@pytest.fixture
def stored(corpus):
    return fill_some(corpus)


@pytest.fixture
def in_file(sqlite_corpus):
    return fill_some(sqlite_corpus)


def test_a_query_is_answered_with_names_and_a_limit(stored):
    answer = ask(stored, "SELECT id, source FROM proof ORDER BY id;", limit=3)
    assert (answer.columns, answer.rows, answer.more) == (
        ("id", "source"),
        ((1, "policy"), (2, "policy"), (3, "policy")),
        True,
    )
    assert not ask(stored, "SELECT 1", limit=1).more
    assert ask(stored, "WITH t(i) AS (VALUES (1)) SELECT sum(i) FROM t").rows == ((1,),)


HOSTILE = [
    "DELETE FROM proof",
    "UPDATE proof SET source = 'seed'",
    "INSERT INTO guard (hash) VALUES ('x')",
    "WITH x AS (SELECT 1) DELETE FROM proof",
    "REPLACE INTO clock VALUES (1, 0)",
    "DROP TABLE retraction",
    "CREATE TABLE t (x)",
    "CREATE TEMP TABLE t (x)",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "PRAGMA user_version = 7",
    "PRAGMA query_only = OFF",
    "SELECT * FROM pragma_table_info('proof')",
    "ATTACH DATABASE '{other}' AS other",
    "ATTACH DATABASE 'file:{path}?mode=rw' AS again",
    "DETACH DATABASE main",
    "VACUUM",
    "VACUUM INTO '{other}'",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT s",
    "REINDEX",
    "ANALYZE",
    "SELECT 1; DELETE FROM proof",
    "SELECT load_extension('{other}')",
    "SELECT writefile('{other}', 'x')",
    "SELECT zeroblob(1000000000)",
    "EXPLAIN DELETE FROM proof",
    "SELECT * FROM nowhere",
    "SELECT no_such_column FROM proof",
    "SELEC",
    "",
    "-- nothing",
    "SELECT '\udc80'",
    "SELECT 1 \0 DELETE",
]


def test_what_is_no_query_is_refused_and_changes_nothing(in_file, path, tmp_path):
    in_file.close()  # the last connection moves everything into the file itself
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    for statement in HOSTILE:
        with pytest.raises(QueryRefused) as refused:
            ask(in_file, statement.format(path=path, other=tmp_path / "other.db"))
        assert "\n" not in str(refused.value), statement
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before, statement
    assert not (tmp_path / "other.db").exists()
    assert ask(in_file, "SELECT count(*) FROM proof").rows == ((4,),)


SERVER = [
    "DELETE FROM retraction",
    "WITH x AS (INSERT INTO guard (hash) VALUES ('x') RETURNING id) SELECT * FROM x",
    "SELECT 1; COMMIT; DELETE FROM run",
    "SELECT 1; DELETE FROM run",
    "COMMIT",
    "SET TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT nextval('guard_id_seq')",
    "SELECT * INTO other FROM proof",
    "COPY proof TO '/dev/null'",
    "SELECT * FROM run FOR UPDATE",
    "SELECT 1/0",
    "SELECT * FROM nowhere",
    "",
    "SELECT '\udc80'",
    "SELECT 1 \0",
]


def test_on_a_server_too(postgres):
    url = postgres.create(template="corpus_1")
    with Corpus.open(url) as corpus:
        fill_some(corpus)
        for statement in SERVER:
            with pytest.raises(QueryRefused) as refused:
                ask(corpus, statement)
            assert "\n" not in str(refused.value), statement
            counts = ask(corpus, "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM guard)").rows
            assert counts == ((1, 4),), statement
        assert ask(corpus, "SELECT 'a:b', 1::text, '50%', '%s'").rows == (("a:b", "1", "50%", "%s"),)
    postgres.drop(url)


def test_a_query_without_an_end_is_stopped(stored):
    endless = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t"
    with pytest.raises(QueryRefused, match="stopped after 1 s"):
        ask(stored, endless, seconds=1)


def test_the_shown_schema_makes_the_tables(stored):
    shown = list(tables())
    assert any("-- The gate's certificate" in one and "CREATE TABLE certificate" in one for one in shown)
    assert len(shown) + 1 == len(inspect(stored.engine).get_table_names())
