"""Whatever happens to the database: nothing that was accepted is lost or doubled, and the error says what to do."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import faults
import pytest
from samples import attempt, fill, proof, start_round
from sqlalchemy import text

from corpus.errors import CorpusError, CorpusUnusable
from corpus.snapshot import snapshots, take_snapshot, verify
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, FAILED


def unharmed(seen: faults.Seen) -> bool:
    return seen.whole and not seen.lost and not seen.doubled


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_two_hundred_kills_lose_nothing(url, tmp_path):
    seen = faults.killed(url, tmp_path, 200)
    assert unharmed(seen) and seen.accepted > 200


def test_a_writer_killed_at_random_loses_nothing(url, tmp_path):
    seen = faults.killed(url, tmp_path, 6)
    assert unharmed(seen) and seen.accepted > 0


def test_a_full_disk_says_so_and_loses_nothing(tmp_path):
    seen = faults.disk_full(tmp_path)
    assert unharmed(seen) and seen.accepted > 0 and "Is the disk full?" in seen.said


def test_a_read_only_folder_says_so(tmp_path):
    seen = faults.read_only(tmp_path)
    assert unharmed(seen) and seen.stored == 0 and re.search(r"cannot be written|may this user", seen.said)


def test_a_locked_database_says_so(tmp_path):
    seen = faults.locked(tmp_path)
    assert unharmed(seen) and seen.stored == 0 and "Another program holds it" in seen.said


def test_two_rounds_at_once_store_each_proof_once(url, tmp_path):
    seen = faults.two_rounds(url, tmp_path)
    assert unharmed(seen) and seen.stored == 150


def test_a_connection_that_is_ended_is_one_clear_line(postgres, tmp_path):
    url = postgres.create(template="corpus_1")
    seen = faults.cut_off(url, tmp_path)
    assert unharmed(seen) and seen.times and "cannot be used" in seen.said
    postgres.drop(url)


@pytest.fixture
def damaged(path: Path) -> Path:
    """A page in the middle of the file is another than it was."""
    with Corpus.open(str(path)) as corpus:
        theorems = fill(corpus, train=60)["train"]
        round = start_round(corpus, theorems)
        for one in theorems:
            corpus.record_attempt(round, attempt(one, proof=proof(one)))
        take_snapshot(corpus)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'proof'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    return path


def test_a_damaged_database_says_so_and_is_left_as_it_is(damaged, capsys):
    before = damaged.read_bytes()
    for command in (["stats"], ["list"], ["show", "1"]):
        assert run(["corpus", *command, "--db", str(damaged)]) == CANNOT_START
        said = capsys.readouterr().err
        assert "damaged" in said and "restore" in said and said.count("\n") == 1
    with Corpus.open(str(damaged)) as corpus, pytest.raises(CorpusError):
        verify(corpus, snapshots(corpus)[0].hash)
    assert damaged.read_bytes() == before


def test_a_text_that_was_changed_on_disk_is_found_by_its_hash(path, capsys):
    with Corpus.open(str(path)) as corpus:
        a, *_ = fill(corpus)["train"]
        corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=proof(a, "exact the_very_lemma")))
        hash = take_snapshot(corpus).hash
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes().replace(b"the_very_lemma", b"the_very_lemmb"))
    assert run(["corpus", "snapshot", "verify", hash, "--db", str(path)]) == FAILED
    assert "no longer what was accepted" in capsys.readouterr().err


def test_a_server_that_stops_answering_in_a_transaction_leaves_nothing_half(postgres):
    url = postgres.create(template="corpus_1")
    with Corpus.open(url) as corpus, Corpus.open(url) as other:
        a, *_ = fill(corpus)["train"]
        round = start_round(corpus, [a])
        hash = take_snapshot(corpus).hash
        from corpus.database import writing
        from corpus.proofs import store_proof
        from corpus.rounds import theorem_of

        with pytest.raises(CorpusUnusable), writing(corpus.engine) as session:
            store_proof(session, theorem_of(session, round.id, a.name), proof(a))
            with other.engine.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            session.flush()
            session.execute(text("SELECT 1"))
        assert verify(corpus, hash) == 0
        assert corpus.record_attempt(round, attempt(a, proof=proof(a))).new_proof
    postgres.drop(url)
