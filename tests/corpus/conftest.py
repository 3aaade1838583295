"""A fresh corpus for every test that wants one, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.store import Corpus

sys.path.insert(0, str(Path(__file__).parents[1]))
from postgres import NoServer, PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server. Its database `corpus_1` is an empty corpus, the template of the others."""
    try:
        server = PostgresServer().__enter__()
    except NoServer as error:
        pytest.fail(str(error))
    try:
        Corpus.open(server.create()).close()
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """For what concerns SQLite alone: the file."""
    return tmp_path / "corpus.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a corpus that is not there yet, on each of the two databases."""
    if request.param == "sqlite":
        yield str(tmp_path / "corpus.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    database = server.create(template="corpus_1")
    yield database
    server.drop(database)


@pytest.fixture
def corpus(url: str) -> Iterator[Corpus]:
    with Corpus.open(url) as corpus:
        yield corpus


@pytest.fixture
def sqlite_corpus(path: Path) -> Iterator[Corpus]:
    with Corpus.open(str(path)) as corpus:
        yield corpus
