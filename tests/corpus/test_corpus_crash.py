"""Writers die by SIGKILL anywhere and write side by side: nothing accepted is lost, nothing is there twice."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import time
from multiprocessing.context import ForkServerContext

import pytest
from samples import attempt, fill, proof, start_round
from sqlalchemy import func, select, text
from writers import die_at_statement, open_new, write_all

from corpus import schema
from corpus.proof_list import list_proofs
from corpus.query import stats
from corpus.snapshot import snapshot_proofs, take_snapshot, verify
from corpus.store import Corpus


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Children forked from a small server that has imported the corpus: real processes, quickly started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "corpus.snapshot"])
    return context


def check_integrity(corpus: Corpus) -> None:
    with corpus.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def check_whole(corpus: Corpus) -> None:
    """Every proof has its certificate, its steps and an attempt."""
    with corpus.engine.connect() as connection:
        proofs = connection.scalar(select(func.count()).select_from(schema.Proof))
        certificates = connection.scalar(select(func.count()).select_from(schema.Certificate))
        steps = connection.scalar(select(func.count()).select_from(schema.Step))
        lengths = connection.scalar(select(func.sum(schema.Proof.length))) or 0
        found = connection.scalar(select(func.count(schema.Attempt.proof_id.distinct())))
    assert (certificates, found, steps) == (proofs, proofs, lengths)


def test_a_writer_killed_again_and_again_gets_done(context, path):
    kills = 0
    for patience in (0.15, 0.25, 0.35, 0.45):
        writer = context.Process(target=write_all, args=(str(path),))
        writer.start()
        while not path.exists() and writer.is_alive():
            time.sleep(0.01)
        time.sleep(patience)
        writer.kill()
        writer.join()
        kills += writer.exitcode == -signal.SIGKILL
        if path.exists():
            with Corpus.open(str(path)) as corpus:
                check_integrity(corpus)
                check_whole(corpus)
    assert kills, "every writer was done before it was killed: the test says nothing"
    write_all(str(path))
    with Corpus.open(str(path)) as corpus:
        check_whole(corpus)
        found = stats(corpus)
        assert (found.attempts, found.proofs, found.theorems_proved) == (200, 200, 200)
        assert len(corpus.rounds("run")) == 1
        taken = take_snapshot(corpus)
        assert taken.proofs == verify(corpus, taken.hash) == 200


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.long)])
def test_killed_at_any_statement_a_proof_is_there_whole_or_not_at_all(context, tmp_path, stride):
    outcomes: list[tuple[int, int]] = []
    with Corpus.open(str(tmp_path / "prepared.db")) as corpus:
        theorems = fill(corpus, train=1)["train"]
        start_round(corpus, theorems)
    for statement in range(1, 100, stride):
        path = str(tmp_path / f"{statement}.db")
        shutil.copy(tmp_path / "prepared.db", path)
        writer = context.Process(target=die_at_statement, args=(path, statement))
        writer.start()
        writer.join()
        with Corpus.open(path) as corpus:
            check_whole(corpus)
            before = stats(corpus)
            outcomes.append((before.proofs, before.snapshots))
            round = corpus.rounds("run")[0]
            for t in corpus.pending(round):
                corpus.record_attempt(round, attempt(t, proof=proof(t)))
            taken = take_snapshot(corpus)
            after = stats(corpus)
            assert (after.attempts, after.proofs, after.snapshots) == (1, 1, 1)
            assert [p.theorem for p in snapshot_proofs(corpus, taken.hash)] == theorems
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
    assert outcomes == sorted(outcomes)
    assert {(0, 0), (1, 0), (1, 1)} == set(outcomes)
    assert len(outcomes) * stride > 20, "fewer statements than a proof and a snapshot take"


def test_two_writers_of_one_round_share_it_without_doubles(context, path):
    writers = [context.Process(target=write_all, args=(str(path),)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with Corpus.open(str(path)) as corpus:
        check_whole(corpus)
        found = stats(corpus)
        assert (found.attempts, found.proofs) == (200, 200)


def test_two_rounds_that_find_the_same_proofs_store_them_once(context, path):
    writers = [context.Process(target=write_all, args=(str(path), arm)) for arm in ("grammar", "policy")]
    for writer in writers:
        writer.start()
    snapshots = []
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            with Corpus.open(str(path)) as corpus:
                snapshots.append(take_snapshot(corpus).hash)
        time.sleep(0.05)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with Corpus.open(str(path)) as corpus:
        check_whole(corpus)
        assert stats(corpus).attempts == 400
        assert {line.found for line in list_proofs(corpus, limit=1000).proofs} == {2}
        assert take_snapshot(corpus).proofs == 200, "no proof slipped past a snapshot taken in between"
        for taken in snapshots:
            verify(corpus, taken)


def test_processes_that_create_at_once_agree(context, path):
    writers = [context.Process(target=open_new, args=(str(path),)) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 6
    with Corpus.open(str(path), create=False) as corpus:
        assert stats(corpus).theorems == 8
