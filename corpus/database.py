"""Opening a database: connection settings, the schema's revision, and the two kinds of transaction.

The migrations in corpus/migrations are the one way a schema comes into being; a new corpus is an empty database that
was upgraded to the newest revision. By hand: `flywheel corpus upgrade`.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from corpus.append_only import protect, unprotect
from corpus.errors import CorpusError, CorpusMissing, CorpusUnusable, RowCorrupt, SchemaMismatch
from corpus.schema import Clock
from corpus.tallies import catch_up

#: A writer waits this long for another writer. A transaction takes milliseconds; a snapshot of 100,000 proofs seconds.
BUSY_TIMEOUT_MS = 60_000
#: SQLite's own 2 MB hold the inner pages of indexes up to some 50,000 proofs; past that every insert reads the disk.
CACHE_KIB = 65_536
#: A server that has not answered after this long is not there.
CONNECT_TIMEOUT_S = 10
#: Any number, the same in every process: PostgreSQL's lock on the schema.
SCHEMA_LOCK = 0x1EA7F1

#: What the databases say when something outside of the program is wrong, and what helps.
_HELP = (
    (r"locked", "Another program holds it: end that one, or wait and run the command again."),
    (r"readonly|read-only|permission denied", "It cannot be written here: mend the permissions, or copy it elsewhere."),
    (
        r"disk (is )?full|No space|disk I/O|could not (extend|write)",
        "Is the disk full? Free some space and run it again.",
    ),
    (
        r"malformed|not a database|corrupt|invalid page",
        "The file is damaged: `flywheel corpus restore` brings a backup.",
    ),
    (r"unable to open", "Is the folder there, and may this user read and write in it?"),
    (r"password|authentication|no password supplied", "Are user and password of the address right?"),
    (r"does not exist", "Is the name right? `createdb NAME` makes an empty database."),
    (r"refused|could not|connect|timeout|resolve|closed", "Is the server running, and are host and port right?"),
)


def migration_config() -> Config:
    """Alembic's settings without an ini file, so that they work from an installed wheel."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@cache
def head_revision() -> str:
    """The schema revision that this code reads and writes. Alembic imports every migration to tell: 40 ms."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    assert head is not None
    return head


def connect(url: str, *, create: bool, upgrade: bool) -> Engine:
    """An engine on a database of the current schema.

    `url`: an SQLAlchemy URL, or a file path for SQLite. `create`: an empty or absent database becomes a corpus.
    `upgrade`: an older schema is brought up to date. Raises CorpusMissing, SchemaMismatch, or CorpusError when the
    database cannot be reached.
    """
    parsed = address(url)
    try:
        migrating = _engine(parsed, foreign_keys=False)
    except (ArgumentError, ImportError) as error:
        raise CorpusError(
            f"{shown(parsed)} is no usable database address: {error}. PostgreSQL needs "
            "`pip install 'lean-flywheel[postgres]'`."
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        file = Path(parsed.database)
        if not file.exists() and not create:
            raise CorpusMissing(f"There is no corpus at {file}. `flywheel run` or `flywheel bench build` makes one.")
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        _settle_schema(migrating, create=create, upgrade=upgrade)
    except DBAPIError as error:
        raise unusable(parsed, error) from error
    finally:
        migrating.dispose()
    return _engine(parsed, foreign_keys=True)


def address(url: str) -> URL:
    """The parsed address: an SQLAlchemy URL, or a file path for SQLite. Raises CorpusError, without the password."""
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except (ArgumentError, ValueError):
        raise CorpusError(
            f"`{url.partition('://')[0]}://…` is no usable database address. One looks like "
            "postgresql://USER:PASSWORD@HOST:5432/NAME, where a password has %40 %3A %2F for @ : /; or give a file."
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def shown(url: URL) -> str:
    """The address as it may be printed: whatever may be a secret is left out."""
    return url.set(query={}).render_as_string(hide_password=True)


def unusable(url: URL, error: DBAPIError) -> CorpusUnusable:
    """One line that says what the database said and what helps."""
    said = " ".join(str(error.orig).split())
    if isinstance(url.password, str) and url.password:
        said = said.replace(url.password, "***")
    helps = next((help for pattern, help in _HELP if re.search(pattern, said, re.IGNORECASE)), "")
    return CorpusUnusable(f"The database {shown(url)} cannot be used: {said.rstrip('.')}. {helps}".rstrip())


def _engine(url: URL, *, foreign_keys: bool) -> Engine:
    if url.get_backend_name() == "postgresql":
        waiting = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_S}
        return create_engine(url, pool_pre_ping=True, connect_args=waiting)
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        def configure(connection: DBAPIConnection, _record: object) -> None:
            # The driver's own transaction handling would run SELECTs and DDL outside of transactions.
            connection.isolation_level = None
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            _use_wal(cursor)
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            cursor.execute("PRAGMA synchronous = FULL")  # a commit is on disk before it returns: accepted is accepted
            cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
            cursor.execute("PRAGMA recursive_triggers = ON")  # else REPLACE would delete past the append-only triggers
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
        unprotect(connection)
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        protect(connection)
        with Session(connection) as session:
            catch_up(session)
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise CorpusError(
                    f"The upgrade would break references in {sorted({row[0] for row in broken})}: undone."
                )


def _check_empty(connection: Connection, create: bool) -> None:
    address = shown(connection.engine.url)
    if inspect(connection).get_table_names():
        raise SchemaMismatch(f"{address} is a database of something else: it has tables but no corpus revision.")
    if not create:
        raise CorpusMissing(f"{address} is empty. `flywheel run` or `flywheel bench build` makes a corpus.")


def _check_older(connection: Connection, found: str, upgrade: bool) -> None:
    address, wanted = shown(connection.engine.url), head_revision()
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
    # SQLite's transactions see one state anyway; PostgreSQL's own default shows every statement a newer one.
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with unusable_as_clear_error(engine), Session(engine.execution_options(**options)) as session, _rows_named(session):
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A transaction that writes: all of it or nothing. Waits for its turn behind other writers (see schema.Clock)."""
    with unusable_as_clear_error(engine), Session(engine) as session, session.begin(), _rows_named(session):
        session.execute(update(Clock).values(writes=Clock.writes + 1))
        yield session


@contextmanager
def unusable_as_clear_error(engine: Engine) -> Iterator[None]:
    """A database that is locked, full, read-only, damaged or gone is a CorpusUnusable. A broken constraint or a
    wrong statement is a fault of the program and stays what it is."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except DBAPIError as error:
        raise unusable(engine.url, error) from error


@contextmanager
def _rows_named(session: Session) -> Iterator[None]:
    """A row that somebody changed by hand surfaces as a KeyError or ValueError of whatever reads it. Raises RowCorrupt
    with the row's name in its place; an error with another cause stays what it is."""
    try:
        yield
    except CorpusError:
        raise
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        from corpus.damage import first_damage

        found = first_damage(session)
        if found is None:
            raise
        raise RowCorrupt(
            f"{found}: somebody changed the database from outside. `flywheel corpus verify` lists every such row; "
            "restore the database from a copy."
        ) from error
