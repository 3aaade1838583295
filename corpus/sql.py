"""Questions in SQL that can change nothing. By hand: `flywheel corpus sql "SELECT count(*) FROM proof"`.

SQLite: a connection of its own to the file, opened read-only, on which an authorizer lets nothing pass but reading
tables and calling functions: no PRAGMA, no ATTACH, no second statement. PostgreSQL: one prepared statement for a
server-side cursor, which takes queries alone, in a transaction that is read-only from its start. What the role may do
there through functions of the server (`pg_terminate_backend`, `pg_read_file`) it may do here too: give a role that can
only read.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy.schema import CreateTable

from corpus.columns import Base
from corpus.errors import CorpusError
from corpus.store import Corpus

#: The longest text or blob that a query may build: `zeroblob(1e9)` is no question.
MOST_BYTES = 50_000_000
#: Instructions of SQLite's machine between two looks at the clock, about a millisecond.
LOOK_EVERY = 20_000

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


class QueryRefused(CorpusError):
    """The statement is no query, writes, or takes too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names and rows. `more`: there are rows past the limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool


def ask(corpus: Corpus, statement: str, *, limit: int = 1000, seconds: float = 30.0) -> Answer:
    """The first `limit` rows of one query, within `seconds`. Raises QueryRefused, with nothing changed."""
    if "\0" in statement:  # where PostgreSQL's library would stop reading, and ask the rest of nobody
        raise QueryRefused("The query has a NUL character in it. `flywheel corpus sql` takes one SELECT.")
    if corpus.engine.dialect.name == "sqlite":
        return _ask_sqlite(corpus, statement, limit, seconds)
    return _ask_server(corpus, statement, limit, seconds)


def tables() -> Iterator[str]:
    """The statements that make the corpus' tables, each with what the table is for."""
    for table in Base.metadata.sorted_tables:
        owner = next(m.class_ for m in Base.registry.mappers if m.local_table is table)
        about = (owner.__doc__ or "").strip() if owner.__doc__ != Base.__doc__ else ""
        comment = "".join(f"-- {line.strip()}\n" for line in about.splitlines() if line.strip())
        yield comment + str(CreateTable(table)).strip().replace("\t", "  ") + ";\n"


def _ask_sqlite(corpus: Corpus, statement: str, limit: int, seconds: float) -> Answer:
    file = corpus.engine.url.database
    if not file or file == ":memory:":
        raise QueryRefused("This corpus is in memory: only one in a file can be asked in SQL.")
    deadline = time.monotonic() + seconds
    refused: list[str] = []

    def allow(action: int, one: str | None, _two: str | None, _database: str | None, _trigger: str | None) -> int:
        if action in _ALLOWED:
            return sqlite3.SQLITE_OK
        refused.append(one or "")
        return sqlite3.SQLITE_DENY

    # A path may hold what means something in a URI.
    quoted = file.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        with closing(sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=10)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
            connection.set_authorizer(allow)
            connection.set_progress_handler(lambda: time.monotonic() > deadline, LOOK_EVERY)
            cursor = connection.execute(statement)
            if cursor.description is None:
                raise QueryRefused("That is no query: nothing was asked. `flywheel corpus sql` takes one SELECT.")
            found = cursor.fetchmany(limit + 1)
            return _answer([column[0] for column in cursor.description], found, limit)
    except (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, UnicodeError) as error:
        if "interrupted" in str(error):
            raise QueryRefused(_too_long(seconds)) from error
        if refused or "readonly" in str(error) or "not authorized" in str(error):
            raise QueryRefused(
                "Refused: `flywheel corpus sql` takes one SELECT and nothing that writes, attaches or sets anything."
            ) from error
        raise QueryRefused(f"The database does not take this query: {str(error).rstrip('.')}. {_HELP}") from error


_HELP = "`flywheel corpus sql --schema` shows the tables."


def _ask_server(corpus: Corpus, statement: str, limit: int, seconds: float) -> Answer:
    query = statement.strip().rstrip(";")
    if not query:
        raise QueryRefused("That is no query: nothing was asked. `flywheel corpus sql` takes one SELECT.")
    with corpus.engine.connect() as connection, connection.begin() as transaction:
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
                cursor.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
                # Prepared, since of a plain text the server would run every statement, `COMMIT` among them.
                cursor.execute("DECLARE asked NO SCROLL CURSOR FOR " + query, prepare=True)
                cursor.execute(f"FETCH FORWARD {limit + 1} FROM asked")
                return _answer([column.name for column in cursor.description], cursor.fetchall(), limit)
        except (corpus.engine.dialect.loaded_dbapi.Error, UnicodeError) as error:
            said = str(error).splitlines()[0]
            if "statement timeout" in said:
                raise QueryRefused(_too_long(seconds)) from error
            raise QueryRefused(
                f"The database does not take this query: {said}. It takes one SELECT. {_HELP}"
            ) from error
        finally:
            transaction.rollback()


def _too_long(seconds: float) -> str:
    return f"The query was stopped after {seconds:g} s. Ask for less, or allow more with --seconds."


def _answer(columns: list[str], found: list[Any], limit: int) -> Answer:
    return Answer(tuple(columns), tuple(tuple(row) for row in found[:limit]), len(found) > limit)
