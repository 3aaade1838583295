"""A corpus that can only be read: for the pages and for whatever else looks at a corpus that others write to."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from corpus.database import BUSY_TIMEOUT_MS, CACHE_KIB, CONNECT_TIMEOUT_S, address, connect
from corpus.store import Corpus


def open_read_only(url: str) -> Corpus:
    """The corpus at `url` (as `Corpus.open` takes it), through connections that the database itself keeps from writing.

    Raises CorpusMissing, SchemaMismatch or CorpusError as `Corpus.open` does.
    """
    connect(url, create=False, upgrade=False).dispose()
    parsed = address(url)
    return Corpus(_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed))


def _sqlite(url: URL) -> Engine:
    path = quote(str(Path(url.database or "").absolute()))
    engine = create_engine(url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"}))

    def configure(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _server(url: URL) -> Engine:
    settings = {"options": "-c default_transaction_read_only=on", "connect_timeout": CONNECT_TIMEOUT_S}
    return create_engine(url, connect_args=settings, pool_pre_ping=True)
