"""What can happen to a database while it is written, made to happen: processes that are killed, run out of disk, lose
their rights or their connection. Each function returns what was seen; test_corpus_faults.py judges it.

    python tests/corpus/faults.py [--kills 200]      # the table of results/corpus/
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pwd
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from samples import attempt, fill, proof, start_round  # noqa: E402
from sqlalchemy import func, select, text  # noqa: E402

from corpus import database, schema  # noqa: E402
from corpus.errors import CorpusError  # noqa: E402
from corpus.query import stats  # noqa: E402
from corpus.store import Corpus  # noqa: E402

#: Proofs that a writer reports before it is let go on without one.
ENOUGH = 2_000


@dataclass(frozen=True)
class Seen:
    """`accepted`: proofs whose storing had returned. `stored`: those in the database afterwards. `lost`: accepted ones
    that are not. `doubled`: stored more than once. `whole`: every proof has its steps, certificate and attempt."""

    fault: str
    times: int
    accepted: int
    stored: int
    lost: int
    doubled: int
    whole: bool
    said: str


def write_on(url: str, log: str, limit: int | None = None) -> None:
    """Stores one proof after the other, noting each in `log` once it is accepted; a CorpusError ends it, noted too."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    notes = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        with Corpus.open(url) as corpus:
            (a, *_) = fill(corpus)["train"]
            round = start_round(corpus, [a])
            for number in range(stats(corpus).attempts, ENOUGH):
                tactics = ("intro a b", f"exact foo_{number} {'x' * 500}")
                corpus.record_attempt(round, attempt(a, proof=proof(a, *tactics), ordinal=number))
                os.write(notes, f"{number}\n".encode())
    except CorpusError as error:
        os.write(notes, f"error: {error}\n".encode())


def judge(fault: str, url: str, log: Path, times: int) -> Seen:
    """What is in the database against what was reported as accepted."""
    lines = log.read_text().splitlines() if log.exists() else []
    accepted = {int(line) for line in lines if line.isdigit()}
    said = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    with Corpus.open(url) as corpus, corpus.engine.connect() as connection:
        ordinals = connection.scalars(select(schema.Attempt.ordinal).where(schema.Attempt.proof_id.is_not(None))).all()
        counts = [connection.scalar(select(func.count()).select_from(t)) for t in (schema.Proof, schema.Certificate)]
        steps = connection.scalar(select(func.count()).select_from(schema.Step)) or 0
        length = connection.scalar(select(func.sum(schema.Proof.length))) or 0
        whole = counts[0] == counts[1] == len(set(ordinals)) and steps == length
        if corpus.engine.dialect.name == "sqlite":
            whole = whole and connection.scalar(text("PRAGMA integrity_check")) == "ok"
            whole = whole and not connection.execute(text("PRAGMA foreign_key_check")).all()
    return Seen(
        fault, times, len(accepted), len(set(ordinals)), len(accepted - set(ordinals)),
        len(ordinals) - len(set(ordinals)), whole, said,
    )  # fmt: skip


def context() -> BaseContext:
    """Children forked from a small server that has imported the corpus: real processes, quickly started."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["corpus.snapshot", "faults"])
    return made


def killed(url: str, folder: Path, times: int, seed: int = 1) -> Seen:
    """SIGKILL at random points, while a new database is made too."""
    chance, log, processes = random.Random(seed), folder / "killed.log", context()
    for number in range(times):
        before = log.stat().st_size if log.exists() else 0
        writer = processes.Process(target=write_on, args=(url, str(log)))
        writer.start()
        started = time.monotonic()
        if number % 4:  # one in four dies while it opens the database
            while time.monotonic() - started < 30 and writer.is_alive():
                if log.exists() and log.stat().st_size > before:
                    break
                time.sleep(0.002)
        time.sleep(chance.expovariate(1 / 0.03))
        writer.kill()
        writer.join()
    return judge(f"kill -9 of a writer ({database.address(url).get_backend_name()})", url, log, times)


def disk_full(folder: Path) -> Seen:
    """The database may not grow past 400 kB; then the limit is gone and the writer goes on."""
    url, log = str(folder / "full.db"), folder / "full.log"
    with Corpus.open(url) as corpus:
        fill(corpus)
    writer = context().Process(target=write_on, args=(url, str(log), 400_000))
    writer.start()
    writer.join()
    return judge("disk full (file size limit)", url, log, 1)


def read_only(folder: Path) -> Seen:
    """A writer that may only read the folder and the file."""
    home, log = folder / "readonly", folder / "readonly.log"
    home.mkdir()
    url = str(home / "corpus.db")
    with Corpus.open(url) as corpus:
        fill(corpus)
    before = (home / "corpus.db").read_bytes()
    log.touch()
    for path, mode in ((log, 0o666), (home / "corpus.db", 0o444), (home, 0o555)):
        path.chmod(mode)
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o005)
    writer = context().Process(target=_as_nobody, args=(url, str(log)))
    writer.start()
    writer.join()
    home.chmod(0o755)
    assert (home / "corpus.db").read_bytes() == before
    return judge("read-only folder", url, log, 1)


def _as_nobody(url: str, log: str) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(pwd.getpwnam("nobody").pw_gid)
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    write_on(url, log)


def locked(folder: Path) -> Seen:
    """Another program has begun a transaction and does not end it."""
    url, log = str(folder / "locked.db"), folder / "locked.log"
    with Corpus.open(url) as corpus:
        fill(corpus)
    with closing(sqlite3.connect(url, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        patience, database.BUSY_TIMEOUT_MS = database.BUSY_TIMEOUT_MS, 200
        try:
            write_on(url, str(log))
        finally:
            database.BUSY_TIMEOUT_MS = patience
        holder.execute("ROLLBACK")
    return judge("locked by another program", url, log, 1)


def two_rounds(url: str, folder: Path) -> Seen:
    """Two processes that store the same proofs in the same round at once."""
    log, processes = folder / "two.log", context()
    writers = [processes.Process(target=write_some, args=(url, str(log), 150)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return judge(f"two rounds at once ({database.address(url).get_backend_name()})", url, log, 2)


def write_some(url: str, log: str, count: int) -> None:
    with Corpus.open(url) as corpus:
        (a, *_) = fill(corpus)["train"]
        round = start_round(corpus, [a])
        for number in range(count):
            corpus.record_attempt(round, attempt(a, proof=proof(a, "intro", f"exact {number}"), ordinal=number))
            with Path(log).open("a") as notes:
                notes.write(f"{number}\n")


def cut_off(url: str, folder: Path) -> Seen:
    """A PostgreSQL server that ends the writer's connection, again and again."""
    log = folder / "cut.log"
    writer = context().Process(target=write_on, args=(url, str(log)))
    cuts = 0
    with Corpus.open(url) as corpus:
        fill(corpus)
        writer.start()
        while writer.is_alive():
            if log.exists() and log.read_text().count("\n") >= 20:
                with corpus.engine.begin() as connection:
                    ended = connection.execute(
                        text(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                        )
                    ).all()
                cuts += len(ended)
            time.sleep(0.01)
    writer.join()
    return judge("connection ended by the server (postgresql)", url, log, cuts)


def table(seen: list[Seen]) -> str:
    lines = [
        "| fault | times | accepted | stored | lost | doubled | whole | what is said |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.fault} | {s.times} | {s.accepted} | {s.stored} | {s.lost} | {s.doubled} "
        f"| {'yes' if s.whole else 'NO'} | {s.said.replace('|', '/')} |"
        for s in seen
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    kills = parser.parse_args().kills
    from postgres import PostgresServer

    with tempfile.TemporaryDirectory(prefix="flywheel-faults-") as name, PostgresServer() as server:
        folder = Path(name)
        seen = [
            killed(str(folder / "killed.db"), folder, kills),
            disk_full(folder),
            read_only(folder),
            locked(folder),
            two_rounds(str(folder / "two.db"), folder),
        ]
        (folder / "killed.log").unlink()
        (folder / "two.log").unlink()
        seen += [
            killed(server.create(), folder, kills // 4),
            two_rounds(server.create(), folder),
            cut_off(server.create(), folder),
        ]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    text_ = table(seen).replace(name, "FOLDER")
    print(
        f"Commit {commit.stdout.strip()}; {Counter(s.lost + s.doubled for s in seen)[0]} of {len(seen)} without loss.\n"
    )
    print(text_)


if __name__ == "__main__":
    main()
