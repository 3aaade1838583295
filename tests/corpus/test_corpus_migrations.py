"""Every old schema that was ever shipped can be opened and brought up to date with what it holds."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
import textwrap
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from samples import attempt, fill, proof, start_round
from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError

from corpus import database, schema
from corpus.append_only import protect
from corpus.columns import Base
from corpus.copying import copy_rows
from corpus.errors import CorpusError, CorpusMissing, SchemaMismatch
from corpus.guard import held_back
from corpus.query import show_proof, stats
from corpus.records import RoundKind
from corpus.snapshot import snapshots, take_snapshot, verify
from corpus.store import Corpus

#: One dump for each released revision, named after it, with rows in every table.
OLD = sorted(Path(__file__).parent.glob("databases/*.sql.gz"))


def load(dump: Path, path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(gzip.decompress(dump.read_bytes()).decode())
    connection.close()


@pytest.fixture(params=OLD, ids=[dump.name for dump in OLD])
def dump(request) -> Path:
    return request.param


def test_a_stored_database_has_rows_in_every_table(dump, path):
    load(dump, path)
    with sqlite3.connect(path) as raw:
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert len(tables) > 15
        for table in tables:
            assert raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0, table


def test_an_old_database_opens_with_everything_in_it(dump, path):
    load(dump, path)
    check_upgrade(str(path))


def test_an_old_database_on_postgresql_opens_with_everything_in_it(dump, path, postgres):
    """What that revision's migrations made there, with the rows of the stored database."""
    load(dump, path)
    url = postgres.create()
    config = database.migration_config()
    with (
        create_engine(f"sqlite:///{path}").connect() as stored,
        create_engine(database.address(url)).begin() as server,
    ):
        config.attributes["connection"] = server
        command.upgrade(config, revision := dump.name.removesuffix(".sql.gz"))
        copy_rows(stored, server)
        if revision == database.head_revision():
            protect(server)
    check_upgrade(url)
    postgres.drop(url)


def check_upgrade(address: str) -> None:
    with Corpus.open(address, create=False, upgrade=True) as corpus:
        found = stats(corpus)
        assert (found.attempts, found.proofs, found.retracted, found.test_evaluations) == (7, 3, 1, 1)
        assert [(s.proofs, verify(corpus, s.hash)) for s in snapshots(corpus)] == [(2, 2), (2, 2)]
        assert take_snapshot(corpus) == snapshots(corpus)[-1]
        generation = corpus.generations("run")[0]
        assert generation.snapshot_hash == snapshots(corpus)[0].hash
        view = show_proof(corpus, 3)
        assert view.proof.steps == proof(view.proof.theorem).steps
        assert view.findings[0].trained_on == generation.snapshot_hash
        unfinished = [r for r in corpus.rounds("run", RoundKind.TRAIN) if r.finished_at is None]
        pending = corpus.pending(unfinished[0])
        assert [t.name for t in pending] == ["train_2"]
        assert corpus.record_attempt(unfinished[0], attempt(pending[0], proof=proof(pending[0]))).new_proof
        with pytest.raises(IntegrityError, match="never changed"), corpus.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE step SET tactic = 'sorry'")


def test_every_state_is_stored_once_after_the_upgrade(path):
    load(OLD[0], path)
    with sqlite3.connect(path) as raw:
        states = {row[0] for row in raw.execute("SELECT state FROM step UNION SELECT state_after FROM step")}
    with Corpus.open(str(path), upgrade=True) as corpus, corpus.engine.connect() as connection:
        kept = dict(connection.execute(select(schema.State.text, schema.State.digest)).all())
    assert kept == {state: hashlib.sha256(state.encode()).digest() for state in states}


def test_classes_that_other_benchmarks_had_join_the_guard(path):
    load(OLD[0], path)
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO benchmark (id, name, revision, library_digest, digest, theorem_count, meta, created_at) "
            "SELECT 9, 'external/x', 'r', library_digest, digest, 2, meta, created_at FROM benchmark LIMIT 1"
        )
        for name, split in (("copy", "train"), ("held", "test")):
            raw.execute(
                "INSERT INTO theorem (benchmark_id, name, statement, statement_hash, environment, split, stratum, "
                "family, extra) VALUES (9, ?, '', ?, 'Init', ?, 'external', '', ?)",
                (name, name, split, json.dumps({"class": "near"})),
            )
    with Corpus.open(str(path), create=False, upgrade=True) as corpus:
        assert held_back(corpus.engine, "external/x") == {"copy"}


def test_every_revision_has_a_stored_database():
    assert [dump.name.removesuffix(".sql.gz") for dump in OLD][-1] == database.head_revision()


def test_the_migrations_make_what_the_schema_says(corpus):
    with corpus.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.fixture
def later(tmp_path, monkeypatch):
    """As if a later version of this code had one more revision, which alters a table that others refer to."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(database.__file__).parent / "migrations", folder)

    def write(last_line: str) -> None:
        (folder / "versions" / "9999_later.py").write_text(
            textwrap.dedent(f"""
            import sqlalchemy as sa
            from alembic import op

            revision = "9999"
            down_revision = {database.head_revision()!r}

            def upgrade():
                with op.batch_alter_table("proof", recreate="always") as table:
                    table.add_column(sa.Column("note", sa.Text(), nullable=False, server_default="old"))
                {last_line}
            """)
        )
        config = database.migration_config()
        config.set_main_option("script_location", str(folder))
        monkeypatch.setattr(database, "migration_config", lambda: config)
        database.head_revision.cache_clear()

    yield write
    database.head_revision.cache_clear()


def columns(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        return [row[1] for row in raw.execute("PRAGMA table_info(proof)")]


def test_an_older_schema_is_refused_until_asked_to_upgrade(sqlite_corpus, path, later):
    a, *_ = fill(sqlite_corpus)["train"]
    sqlite_corpus.record_attempt(start_round(sqlite_corpus, [a]), attempt(a, proof=proof(a)))
    taken = take_snapshot(sqlite_corpus)
    sqlite_corpus.close()
    later("")
    with pytest.raises(SchemaMismatch, match="flywheel corpus upgrade"):
        Corpus.open(str(path))
    assert "note" not in columns(path)
    with Corpus.open(str(path), upgrade=True) as upgraded:
        assert verify(upgraded, taken.hash) == 1
    assert "note" in columns(path)
    with Corpus.open(str(path), create=False) as again:
        assert stats(again).proofs == 1


@pytest.mark.parametrize(
    "failure",
    ["raise RuntimeError('halfway')", "op.execute('DELETE FROM theorem')"],
    ids=["raises", "breaks references"],
)
def test_a_failed_upgrade_changes_nothing(sqlite_corpus, path, later, failure):
    a, *_ = fill(sqlite_corpus)["train"]
    sqlite_corpus.record_attempt(start_round(sqlite_corpus, [a]), attempt(a, proof=proof(a)))
    sqlite_corpus.close()
    before = list(sqlite3.connect(path).iterdump())
    later(failure)
    with pytest.raises((RuntimeError, CorpusError), match=r"halfway|references"):
        Corpus.open(str(path), upgrade=True)
    assert list(sqlite3.connect(path).iterdump()) == before


def test_a_database_of_a_newer_version_is_refused(sqlite_corpus, path):
    sqlite_corpus.close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'future'")
    for upgrade in (False, True):
        with pytest.raises(SchemaMismatch, match="newer version"):
            Corpus.open(str(path), upgrade=upgrade)


def test_a_database_of_something_else_is_left_alone(path):
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match="something else"):
        Corpus.open(str(path), upgrade=True)
    with sqlite3.connect(path) as raw:
        assert [row[0] for row in raw.execute("SELECT name FROM sqlite_master")] == ["recipes"]
    assert len(path.read_bytes()) == len(before)


def test_nothing_is_created_unasked(path):
    with pytest.raises(CorpusMissing, match="flywheel bench build"):
        Corpus.open(str(path), create=False)
    assert not path.exists()


@pytest.mark.parametrize("address", ["nosuchdriver://x/y", "postgresql+nosuch://x/y", "http://["])
def test_a_bad_address_is_one_clear_error(address):
    with pytest.raises(CorpusError, match="address"):
        Corpus.open(address)


def test_a_file_that_is_no_database_is_one_clear_error(path):
    path.write_text("my notes\n" * 1000)
    with pytest.raises(CorpusError, match="cannot be used"):
        Corpus.open(str(path))
    assert path.read_text().startswith("my notes")


def test_a_folder_is_made_for_a_new_corpus(tmp_path):
    with Corpus.open(str(tmp_path / "new" / "folder" / "corpus.db")) as corpus:
        assert stats(corpus).proofs == 0
    assert Corpus.open(f"sqlite:///{tmp_path}/new/folder/corpus.db", create=False).benchmarks() == []


def test_what_is_accepted_survives_a_power_cut_and_keeps_its_references(sqlite_corpus):
    with sqlite_corpus.engine.connect() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]
