"""Opening a database: connection settings, the schema's revision, and the two kinds of transaction.

The migrations in corpus/migrations are the one way a schema comes into being; a new corpus is an empty database that
was upgraded to the newest revision. By hand: `flywheel corpus upgrade`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from corpus.errors import CorpusError, CorpusMissing, SchemaMismatch
from corpus.schema import Clock

#: A writer waits this long for another writer. A transaction takes milliseconds; a snapshot of 100,000 proofs seconds.
BUSY_TIMEOUT_MS = 60_000


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
        file = Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
        if file is not None and not file.exists():
            if not create:
                raise CorpusMissing(
                    f"There is no corpus at {file}. `flywheel run` or `flywheel bench build` makes one."
                )
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, ImportError) as error:
        raise CorpusError(f"{url!r} is no usable database address: {error}.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _settle_schema(engine, create=create, upgrade=upgrade)
    except DBAPIError as error:
        engine.dispose()
        raise CorpusError(
            f"The database {parsed!r} cannot be used: {error.orig}. Is the file readable, the disk not full, "
            "the server running?"
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # The driver's own transaction handling would run SELECTs and DDL outside of transactions.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a commit is on disk before it returns: accepted means accepted
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _settle_schema(engine: Engine, *, create: bool, upgrade: bool) -> None:
    with engine.connect() as connection:
        if _revision(connection) == head_revision():
            return
    # Immediate, so that of two processes which open a new file at once the second sees what the first has made.
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        found, wanted = _revision(connection), head_revision()
        if found == wanted:
            return
        address = engine.url.render_as_string(hide_password=True)
        if found is None:
            if inspect(connection).get_table_names():
                raise SchemaMismatch(
                    f"{address} is a database of something else: it has tables but no corpus revision."
                )
            if not create:
                raise CorpusMissing(f"{address} is empty. `flywheel run` or `flywheel bench build` makes a corpus.")
        elif found not in {
            script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()
        }:
            raise SchemaMismatch(
                f"{address} has schema revision {found}, which this version does not know (its own is {wanted}): "
                "a newer version wrote it. Upgrade lean-flywheel, or use another database."
            )
        elif not upgrade:
            raise SchemaMismatch(
                f"{address} has schema revision {found}, this version needs {wanted}. Make a copy of the database, "
                "then run `flywheel corpus upgrade`."
            )
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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
