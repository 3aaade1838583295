"""Opening a database: connection settings, the schema's revision, and the two kinds of transaction.

The migrations in corpus/migrations are the one way a schema comes into being; a new corpus is an empty database that
was upgraded to the newest revision. By hand: `flywheel corpus upgrade`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from corpus.errors import CorpusError, CorpusMissing, SchemaMismatch
from corpus.schema import Clock

#: A writer waits this long for another writer. A transaction takes milliseconds; a snapshot of 100,000 proofs seconds.
BUSY_TIMEOUT_MS = 60_000
#: Any number, the same in every process: PostgreSQL's lock on the schema.
SCHEMA_LOCK = 0x1EA7F1


def migration_config() -> Config:
    """Alembic's settings without an ini file, so that they work from an installed wheel."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def head_revision() -> str:
    """The schema revision that this code reads and writes."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    assert head is not None
    return head


def connect(url: str, *, create: bool, upgrade: bool) -> Engine:
    """An engine on a database of the current schema.

    `url`: an SQLAlchemy URL, or a file path for SQLite. `create`: an empty or absent database becomes a corpus.
    `upgrade`: an older schema is brought up to date. Raises CorpusMissing, SchemaMismatch, or CorpusError when the
    database cannot be reached.
    """
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
        migrating = _engine(parsed, foreign_keys=False)
    except (ArgumentError, ImportError) as error:
        raise CorpusError(f"{url!r} is no usable database address: {error}.") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        file = Path(parsed.database)
        if not file.exists() and not create:
            raise CorpusMissing(f"There is no corpus at {file}. `flywheel run` or `flywheel bench build` makes one.")
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        _settle_schema(migrating, create=create, upgrade=upgrade)
    except DBAPIError as error:
        raise CorpusError(
            f"The database {parsed!r} cannot be used: {error.orig}. Is the file readable, the disk not full, "
            "the server running?"
        ) from error
    finally:
        migrating.dispose()
    return _engine(parsed, foreign_keys=True)


def _engine(url: URL, *, foreign_keys: bool) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        def configure(connection: DBAPIConnection, _record: object) -> None:
            # The driver's own transaction handling would run SELECTs and DDL outside of transactions.
            connection.isolation_level = None
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            _use_wal(cursor)
            cursor.execute("PRAGMA synchronous = FULL")  # a commit is on disk before it returns: accepted is accepted
            cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
            cursor.close()

        event.listen(engine, "connect", configure)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _use_wal(cursor: DBAPICursor) -> None:
    """Write-ahead log. The switch of a new file wants it alone and does not wait as `busy_timeout` says: two processes
    that create a corpus at once met `database is locked`."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _settle_schema(engine: Engine, *, create: bool, upgrade: bool) -> None:
    """Creates, checks or upgrades, in one transaction. Foreign keys are off meanwhile, since SQLite alters a table by
    copying and dropping it; they are checked before the commit."""
    with engine.connect() as connection:
        if _revision(connection) == head_revision():
            return
    # Of two processes that open a new database at once the second waits here, then sees what the first has made.
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))
        found = _revision(connection)
        if found == head_revision():
            return
        if found is None:
            _check_empty(connection, create)
        else:
            _check_older(connection, found, upgrade)
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise CorpusError(
                    f"The upgrade would break references in {sorted({row[0] for row in broken})}: undone."
                )


def _check_empty(connection: Connection, create: bool) -> None:
    address = connection.engine.url.render_as_string(hide_password=True)
    if inspect(connection).get_table_names():
        raise SchemaMismatch(f"{address} is a database of something else: it has tables but no corpus revision.")
    if not create:
        raise CorpusMissing(f"{address} is empty. `flywheel run` or `flywheel bench build` makes a corpus.")


def _check_older(connection: Connection, found: str, upgrade: bool) -> None:
    address, wanted = connection.engine.url.render_as_string(hide_password=True), head_revision()
    known = {script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()}
    if found not in known:
        raise SchemaMismatch(
            f"{address} has schema revision {found}, which this version does not know (its own is {wanted}): "
            "a newer version wrote it. Upgrade lean-flywheel, or use another database."
        )
    if not upgrade:
        raise SchemaMismatch(
            f"{address} has schema revision {found}, this version needs {wanted}. Make a copy of the database, "
            "then run `flywheel corpus upgrade`."
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads: one consistent view, never blocked by writers."""
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A transaction that writes: all of it or nothing. Waits for its turn behind other writers (see schema.Clock)."""
    with Session(engine) as session, session.begin():
        session.execute(update(Clock).values(writes=Clock.writes + 1))
        yield session
