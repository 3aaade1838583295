"""A corpus of any size: how fast it fills, how large it is, how long each view takes, what a snapshot costs.

    python -m tests.performance.bench_corpus --proofs 100000 [--server | --db postgresql://…] [--out corpus.json]
    python -m tests.performance.bench_corpus --filled corpus.db           # one that it filled before

`--server` starts the tests' own PostgreSQL. The rows are made up (tests/performance/made_corpus.py). Times are medians
and 95th percentiles over repeated calls in one process; `cpu` is the mean of processor time, a local server's included,
which says what an idle machine would take where this one was busy.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from corpus import schema
from corpus.columns import Base
from corpus.database import reading
from corpus.generations import diff as compare
from corpus.lineage_tree import lineage
from corpus.pages.app import make_app
from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import show_proof, stats
from corpus.read_only import open_read_only
from corpus.records import (
    AttemptRecord,
    AttemptStatus,
    RoundKind,
)
from corpus.round_results import history, outcomes
from corpus.search import search
from corpus.snapshot import SnapshotFilter, snapshots, take_snapshot
from corpus.snapshot_views import describe
from corpus.snapshot_views import diff as snapshot_diff
from corpus.sql import ask
from corpus.store import Corpus
from corpus.theorems import show_theorem
from tests.performance.made_corpus import STEPS_A_PROOF, fill, proof
from tests.postgres import PostgresServer

#: Measured with this program: what a proof with its steps, goals, certificate and attempt takes on disk.
BYTES_A_PROOF = 6_500


@dataclass
class Bench:
    """What was measured, with where. Times in milliseconds, sizes in bytes."""

    proofs: int
    database: str
    commit: str
    machine: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds_to_fill: float = 0.0
    proofs_per_second: float = 0.0
    #: Through `record_attempt`, and through `record_attempts` with twenty to a transaction, as a crew stores them.
    recorded_per_second: float = 0.0
    recorded_together_per_second: float = 0.0
    #: Of each run's snapshot while the corpus grew: as many new proofs each time.
    snapshots_s: list[float] = field(default_factory=list)
    size: int = 0
    bytes_a_proof: float = 0.0
    states: dict[str, float] = field(default_factory=dict)
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    snapshot_ms: dict[str, float] = field(default_factory=dict)
    stream: dict[str, float] = field(default_factory=dict)


def record(corpus: Corpus, count: int, together: int) -> float:
    """Proofs a second as searches store them: so many in a transaction, on disk when it returns."""
    names = [t.name for t in corpus.theorems("made")[:count]]
    round = corpus.start_round(
        run="run 0", generation_id=None, benchmark="made", split="train", stratum="", arm=f"{together} together",
        kind=RoundKind.TRAIN, seed=0, config={}, selection=names,
    )  # fmt: skip
    found = [
        AttemptRecord(name, AttemptStatus.PROVED, 9, 9, steps_to_proof=9, proof=proof(of, 10**8 * together + index))
        for index, name in enumerate(names)
        for of in (corpus.theorem(name, "made"),)
    ]
    started = time.perf_counter()
    for first in range(0, count, together):
        corpus.record_attempts([(round, one) for one in found[first : first + together]])
    return count / (time.perf_counter() - started)


def views(corpus: Corpus) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Every question that the command line asks of a corpus, by its name; the number varies what is asked for."""
    rounds = corpus.rounds("run 0")
    frozen = [one.hash for one in snapshots(corpus)]
    with corpus.engine.connect() as connection:
        last = connection.scalar(select(func.max(schema.Proof.id))) or 1
    yield "corpus stats", lambda _n: stats(corpus)
    yield "corpus list", lambda _n: list_proofs(corpus)
    yield "corpus list, page 50", lambda _n: list_proofs(corpus, offset=1_500)
    yield "corpus list --theorem", lambda n: list_proofs(corpus, ProofFilter(theorem=f"lemma_{n}"))
    yield "corpus list --tactic", lambda n: list_proofs(corpus, ProofFilter(tactic=f"comm_{n % 4000}]"))
    yield "corpus list --run", lambda _n: list_proofs(corpus, ProofFilter(run="run 0"))
    yield "corpus list --stratum", lambda _n: list_proofs(corpus, ProofFilter(stratum="hard"))
    yield "corpus show ID", lambda n: show_proof(corpus, 1 + n * 7919 % last)
    yield "corpus show NAME", lambda n: show_theorem(corpus, f"Family{n % 97}.lemma_{n % 97}")
    yield "corpus search", lambda n: search(corpus, f"comm_{n}")
    yield "corpus lineage PROOF", lambda n: lineage(corpus, f"proof:{1 + n * 7919 % last}")
    yield "corpus diff", lambda _n: compare(corpus, "run 0/M_0", "run 0/M_1")
    yield "corpus sql", lambda _n: ask(corpus, "SELECT id, name FROM theorem LIMIT 100")
    yield "corpus snapshot list", lambda _n: snapshots(corpus)
    yield "corpus snapshot show", lambda _n: describe(corpus, frozen[-1])
    yield "corpus snapshot diff", lambda _n: snapshot_diff(corpus, frozen[-2], frozen[-1])
    yield "runs list", lambda _n: [corpus.generations(run.name) for run in corpus.runs()]
    yield "a run's rounds", lambda _n: corpus.rounds("run 0")
    yield "a round's outcomes", lambda n: outcomes(corpus, rounds[n % len(rounds)])
    yield "history of a split", lambda _n: history(corpus, "made", "train", "run 0")


def pages(corpus: Corpus, url: str) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Every kind of page of `flywheel serve`, by its address, asked for within this process. Raises where one fails."""
    with reading(corpus.engine) as session:
        tree = session.scalar(select(func.max(schema.SearchTree.attempt_id)))
        model = session.scalar(select(func.max(schema.Generation.id)))
        run = session.scalar(select(func.max(schema.Round.run_id)))
        name = session.get_one(schema.Run, run).name
    frozen = [one.hash[:12] for one in snapshots(corpus)]
    addresses = (
        "/", "/theorems", "/theorems?status=proved", "/theorems?sort=newest", "/theorems?q=lemma_77", "/theorems/5",
        "/proofs/77", f"/attempts/{tree}", "/generations", f"/generations/{model}",
        f"/compare?a={name}/M_0&b={name}/M_1", "/lineage", "/snapshots", f"/snapshots/{frozen[-1]}",
        f"/snapshots/diff?a={frozen[-2]}&b={frozen[-1]}", "/live",
    )  # fmt: skip
    with open_read_only(url) as only_read:
        browser = TestClient(make_app(only_read), base_url="http://localhost")
        for address in addresses:
            yield f"page {address}", lambda _n, address=address: browser.get(address).raise_for_status()


def processor_seconds(corpus: Corpus) -> float:
    """Of this process, and of the server's processes that serve this database where they are on this machine."""
    spent = time.process_time()
    if corpus.engine.dialect.name == "postgresql":
        with corpus.engine.connect() as connection:
            here = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            pids = connection.scalars(text(here)).all()
        for pid in pids:
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
                spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def latency(corpus: Corpus, call: Callable[[int], object], budget_s: float = 6.0, most: int = 40) -> dict[str, float]:
    times: list[float] = []
    call(0)  # what a process does once: templates are compiled, connections opened, an index for searching made
    before = processor_seconds(corpus)
    while len(times) < 3 or (len(times) < most and sum(times) < budget_s):
        started = time.perf_counter()
        call(len(times))
        times.append(time.perf_counter() - started)
    cpu = 1000 * (processor_seconds(corpus) - before) / len(times)
    ordered = sorted(1000 * one for one in times)
    return {
        "calls": len(ordered),
        "cpu": round(cpu, 1),
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
    }


def size(corpus: Corpus) -> int:
    if corpus.engine.dialect.name == "postgresql":
        with corpus.engine.connect() as connection:
            return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    with corpus.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(corpus.engine.url.database or "").stat().st_size


def states_saved(corpus: Corpus) -> dict[str, float]:
    """What the steps' states would take as text in each step, and what they take stored once."""
    with corpus.engine.connect() as connection:
        before, after = (
            connection.scalar(
                select(func.sum(func.length(schema.State.text))).select_from(schema.Step).join(schema.State, of)
            )
            or 0
            for of in (schema.State.id == schema.Step.state_id, schema.State.id == schema.Step.state_after_id)
        )
        count, once = connection.execute(
            select(func.count(), func.sum(func.length(schema.State.text))).select_from(schema.State)
        ).one()
        steps = connection.scalar(select(func.count()).select_from(schema.Step)) or 0
    return {
        "steps": steps,
        "states": count,
        "text_in_each_step": int(before + after),
        "text_once": int(once or 0),
        "share_left": round(int(once or 0) / max(int(before + after), 1), 3),
    }


#: Streams a snapshot in a process of its own, so that the peak is of nothing else: the kernel's of this program, since
#: `ru_maxrss` begins with what its parent had.
_STREAM = """
import sys, time
from pathlib import Path
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus

def peak_kib():
    return int(next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM")).split()[1])

corpus = Corpus.open(sys.argv[1], create=False)
before = peak_kib()
started, count = time.perf_counter(), 0
for proof in snapshot_proofs(corpus, sys.argv[2]):
    count += 1
print(count, time.perf_counter() - started, before, peak_kib())
"""


def stream(url: str, snapshot: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", _STREAM, url, snapshot], capture_output=True, text=True, check=True)
    count, seconds, before, peak = map(float, done.stdout.split())
    return {
        "proofs": count,
        "seconds": round(seconds, 1),
        "proofs_per_second": round(count / seconds),
        "rss_before_mb": round(before / 1024),
        "peak_rss_mb": round(peak / 1024),
    }


def snapshot_costs(corpus: Corpus) -> tuple[dict[str, float], str]:
    """A new filter's first snapshot reads everything; the next ones what is new: 1, 100 and 1,000 proofs more."""
    every = SnapshotFilter(max_steps=STEPS_A_PROOF)

    def timed() -> tuple[float, str]:
        started = time.perf_counter()
        taken = take_snapshot(corpus, every)
        return round(1000 * (time.perf_counter() - started), 1), taken.hash

    costs = {}
    costs["first, everything new"], hash = timed()
    costs["nothing new"], hash = timed()
    for new in (1, 100, 1_000):
        with corpus.engine.connect() as connection:
            rounds = connection.scalar(select(func.count()).select_from(schema.Round)) or 0
        names = [t.name for t in corpus.theorems("made")[:new]]
        more = corpus.start_round(
            run="run 0", generation_id=None, benchmark="made", split="train", stratum="", arm=f"more {rounds}",
            kind=RoundKind.TRAIN, seed=0, config={}, selection=names,
        )  # fmt: skip
        attempts = []
        for index, name in enumerate(names):
            found = proof(corpus.theorem(name, "made"), 2 * 10**11 + new * 10_000 + index)
            attempts.append(AttemptRecord(name, AttemptStatus.PROVED, 9, 9, steps_to_proof=9, proof=found))
        corpus.record_attempts([(more, one) for one in attempts])
        costs[f"{new} new"], hash = timed()
    return costs, hash


def measure(url: str, proofs: int, calls: int = 40) -> Bench:
    """Fills an empty database and measures it; with `proofs` 0 one that was filled before. `calls`: of each view, at
    most."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if proofs:
        say(f"{proofs} proofs, {proofs * STEPS_A_PROOF} steps: about {proofs * BYTES_A_PROOF / 1e9:.2f} GB of disk")
    with Corpus.open(url) as corpus:
        bench = Bench(proofs, corpus.engine.dialect.name, commit.stdout.strip(), platform.platform())
        if proofs:
            started = time.perf_counter()
            bench.snapshots_s = fill(corpus, proofs, lambda n: say(f"  {n} proofs") if n % 50_000 == 0 else None)
            bench.seconds_to_fill = round(time.perf_counter() - started, 1)
            bench.proofs_per_second = round(proofs / bench.seconds_to_fill)
        bench.size = size(corpus)
        bench.states = states_saved(corpus)
        if corpus.engine.dialect.name == "postgresql":
            with corpus.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
        bench.recorded_per_second = round(record(corpus, 100, 1), 1)
        bench.recorded_together_per_second = round(record(corpus, 400, 20), 1)
        say(f"  recorded a second: {bench.recorded_per_second}, together {bench.recorded_together_per_second}")
        bench.snapshot_ms, hash = snapshot_costs(corpus)
        say(f"  snapshots: {bench.snapshot_ms}")
        for name, call in chain(views(corpus), pages(corpus, url)):
            bench.latency_ms[name] = latency(corpus, call, most=calls)
            say(f"  {name}: {bench.latency_ms[name]}")
        with corpus.engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                bench.rows[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
    bench.proofs = bench.rows["proof"]
    bench.bytes_a_proof = round(bench.size / bench.proofs)
    bench.stream = stream(url, hash)
    return bench


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proofs", type=int, default=100_000)
    parser.add_argument("--filled", metavar="DB", help="measures a database that this program filled before")
    parser.add_argument("--db", help="an empty database instead of a temporary file")
    parser.add_argument("--server", action="store_true", help="a PostgreSQL server of one's own instead")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    need = options.proofs * BYTES_A_PROOF * 2
    with tempfile.TemporaryDirectory(prefix="flywheel-bench-") as folder:
        if options.filled is None and options.db is None and shutil.disk_usage(folder).free < need:
            sys.exit(f"{options.proofs} proofs need {need / 1e9:.1f} GB free in {folder}")
        if options.server:
            with PostgresServer() as server:
                bench = measure(server.create(), options.proofs)
        elif options.filled is not None:
            bench = measure(options.filled, 0)
        else:
            bench = measure(options.db or str(Path(folder) / "corpus.db"), options.proofs)
    document = json.dumps(asdict(bench), indent=2)
    print(document)
    say(f"peak memory of the whole bench: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(document + "\n")


if __name__ == "__main__":
    main()
