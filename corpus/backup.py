"""A whole database into one SQLite file while others write to it, and back: `flywheel corpus backup | restore`.

The file is a corpus like any other (`--db FILE` opens it), whether it came from SQLite or PostgreSQL, and it can be
restored into either. What is in it is what was committed at one moment.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import Engine

from corpus.copying import copy_rows
from corpus.database import address, connect, head_revision, shown, unusable_as_clear_error
from corpus.errors import CorpusError, CorpusUnusable
from corpus.store import Corpus

Report = Callable[[int], None]


def backup(corpus: Corpus, file: Path, report: Report = lambda _rows: None) -> int:
    """Writes the whole corpus to `file`, which must not be there; returns its size in bytes.

    Others may read and write meanwhile. Raises CorpusError, and CorpusUnusable when the database is damaged.
    """
    with _new_file(file) as partial, unusable_as_clear_error(corpus.engine):
        if corpus.engine.dialect.name == "sqlite":
            _copy_file(Path(corpus.engine.url.database or ""), partial)
        else:
            _copy_rows_to_file(corpus.engine, partial, report)
        _finish(partial)
    return file.stat().st_size


def restore(file: Path, url: str, report: Report = lambda _rows: None) -> None:
    """Makes a corpus at `url` from a backup. There must be none: a corpus is never overwritten.

    Raises CorpusError, SchemaMismatch when a newer version wrote the backup.
    """
    target = address(url)
    _require_backup(file)
    if target.get_backend_name() == "sqlite":
        place = Path(target.database or "")
        place.parent.mkdir(parents=True, exist_ok=True)
        with _new_file(place) as partial:
            _copy_file(file, partial)
            _finish(partial)
            connect(str(partial), create=False, upgrade=True).dispose()
            _finish(partial)
        return
    engine = create_engine(target)
    with unusable_as_clear_error(engine), engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise CorpusError(f"{shown(target)} has tables already: a corpus is never overwritten. Make an empty one.")
    engine.dispose()
    with tempfile.TemporaryDirectory(prefix="flywheel-restore-") as folder:
        copy = Path(folder) / "corpus.db"
        _copy_file(file, copy)
        source = connect(str(copy), create=False, upgrade=True)
        filled = connect(url, create=True, upgrade=False)
        try:
            with source.connect() as reading, filled.begin() as writing:
                copy_rows(reading, writing, report)
        finally:
            source.dispose()
            filled.dispose()


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's own online backup: one step in one read transaction, which keeps no writer waiting."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
    except sqlite3.Error as error:
        raise CorpusUnusable(f"{source} cannot be copied: {error}. Is it damaged, or the disk full?") from error


def _copy_rows_to_file(engine: Engine, file: Path, report: Report) -> None:
    """PostgreSQL row by row, as one repeatable read sees it."""
    target = connect(str(file), create=True, upgrade=False)
    try:
        steady = engine.execution_options(isolation_level="REPEATABLE READ")
        with steady.connect() as reading, target.begin() as writing:
            copy_rows(reading, writing, report)
    finally:
        target.dispose()


def _finish(file: Path) -> None:
    """One file without a log beside it, and a whole one."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        said, broken = str(error), None
    if said != "ok" or broken:
        raise CorpusUnusable(f"The copy is not whole: {said if said != 'ok' else broken}. The database is damaged.")


def _require_backup(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise CorpusError(
            f"{file} is no backup of a corpus ({error}). `flywheel corpus backup FILE` makes one, of schema revision "
            f"{head_revision()} or before."
        ) from error


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """A file that appears under its name when it is whole."""
    if file.exists():
        raise CorpusError(f"{file} is there already and is not overwritten: choose another name, or move it away.")
    if not file.parent.is_dir():
        raise CorpusError(f"There is no folder {file.parent}: make it first, or choose another place.")
    folder = Path(tempfile.mkdtemp(prefix=f".{file.name}.", dir=file.parent))
    try:
        yield folder / "corpus.db"
        (folder / "corpus.db").rename(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
