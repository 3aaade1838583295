"""Backups are whole, whoever writes meanwhile, and come back on either database."""

from __future__ import annotations

import multiprocessing
import sqlite3

import pytest
from databases.make import fill_every_table
from samples import attempt, fill, proof, start_round
from sqlalchemy import MetaData, select
from test_corpus_crash import check_whole
from writers import write_all

from corpus.backup import backup, restore
from corpus.errors import CorpusError, CorpusUnusable, SchemaMismatch
from corpus.query import stats
from corpus.snapshot import snapshots, take_snapshot, verify
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE


def content(corpus: Corpus) -> dict[str, list[tuple]]:
    metadata = MetaData()
    metadata.reflect(corpus.engine)
    with corpus.engine.connect() as connection:
        return {
            table.name: sorted(
                map(repr, connection.execute(select(*(table.c[name] for name in sorted(table.c.keys())))).all())
            )
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_everything_comes_back_on_either_database(corpus, tmp_path, postgres, target):
    fill_every_table(corpus)
    assert backup(corpus, tmp_path / "backup.db") > 0
    url = str(tmp_path / "restored" / "corpus.db") if target == "sqlite" else postgres.create()
    restore(tmp_path / "backup.db", url)
    with Corpus.open(url, create=False) as restored:
        before, after = content(corpus), content(restored)
        if corpus.engine.dialect.name == restored.engine.dialect.name:
            assert after == before
        assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
        assert [(s.hash, verify(restored, s.hash)) for s in snapshots(restored)] == [
            (s.hash, verify(corpus, s.hash)) for s in snapshots(corpus)
        ]
        a = restored.theorem("train_2")
        round = start_round(restored, [a], seed=77)
        assert restored.record_attempt(round, attempt(a, proof=proof(a))).new_proof, "ids go on after those restored"
    if target == "postgresql":
        postgres.drop(url)


def test_a_backup_beside_a_writer_is_whole(path, tmp_path):
    context = multiprocessing.get_context("forkserver")
    writer = context.Process(target=write_all, args=(str(path),))
    with Corpus.open(str(path)) as corpus:
        fill(corpus, train=200)
        writer.start()
        sizes = []
        while writer.is_alive() and len(sizes) < 50:
            backup(corpus, file := tmp_path / f"{len(sizes)}.db")
            with Corpus.open(str(file), create=False) as copy:
                check_whole(copy)
                sizes.append(stats(copy).proofs)
        writer.join()
        assert writer.exitcode == 0
        assert stats(corpus).proofs == 200
    assert sizes == sorted(sizes)


def test_nothing_is_overwritten(corpus, tmp_path, url):
    fill(corpus)
    backup(corpus, tmp_path / "backup.db")
    with pytest.raises(CorpusError, match="already"):
        backup(corpus, tmp_path / "backup.db")
    with pytest.raises(CorpusError, match="is not overwritten" if corpus.engine.dialect.name == "sqlite" else "never"):
        restore(tmp_path / "backup.db", url)
    assert stats(corpus).theorems == 8


@pytest.mark.parametrize("content", [b"", b"my notes" * 1000])
def test_what_is_no_backup_is_refused_and_makes_nothing(tmp_path, content, capsys):
    (tmp_path / "notes").write_bytes(content)
    home = tmp_path / "home"
    assert run(["corpus", "restore", str(tmp_path / "notes"), "--home", str(home)]) == CANNOT_START
    assert "no backup" in capsys.readouterr().err and not (home / "corpus.db").exists()
    with pytest.raises(CorpusError, match="no backup"):
        restore(tmp_path / "missing", str(home / "corpus.db"))


def test_a_damaged_database_gives_no_backup(sqlite_corpus, path, tmp_path):
    fill(sqlite_corpus, train=300)
    sqlite_corpus.close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) * 3 // 5  # pages of theorems, which opening does not read
    damaged[middle : middle + 8192] = bytes(8192)
    path.write_bytes(damaged)
    with Corpus.open(str(path)) as corpus, pytest.raises(CorpusUnusable):
        backup(corpus, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_backup_of_a_newer_version_is_refused(sqlite_corpus, tmp_path):
    backup(sqlite_corpus, tmp_path / "backup.db")
    with sqlite3.connect(tmp_path / "backup.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'future'")
    with pytest.raises(SchemaMismatch, match="newer"):
        restore(tmp_path / "backup.db", str(tmp_path / "restored.db"))
    assert not (tmp_path / "restored.db").exists()


def test_the_commands(sqlite_corpus, path, tmp_path, capsys):
    a, *_ = fill(sqlite_corpus)["train"]
    sqlite_corpus.record_attempt(start_round(sqlite_corpus, [a]), attempt(a, proof=proof(a)))
    hash = take_snapshot(sqlite_corpus).hash
    assert run(["corpus", "backup", str(tmp_path / "b.db"), "--db", str(path)]) == DONE
    assert run(["corpus", "restore", str(tmp_path / "b.db"), "--home", str(tmp_path / "new")]) == DONE
    with Corpus.open(str(tmp_path / "new" / "corpus.db"), create=False) as corpus:
        assert verify(corpus, hash) == 1
