"""The corpus bench runs: small, on SQLite, with every test run; `long`: 100,000 proofs on both databases, and what
must not grow with the corpus does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.snapshot import snapshots, verify
from corpus.store import Corpus
from tests.performance.bench_corpus import Bench, measure
from tests.postgres import PostgresServer


def test_a_small_corpus_is_measured(tmp_path):
    url = str(tmp_path / "corpus.db")
    bench = measure(url, 400, calls=3)
    with Corpus.open(url, create=False) as corpus:
        last = snapshots(corpus)[-1]
        assert (
            400 < verify(corpus, last.hash) == bench.stream["proofs"] < bench.rows["proof"]
        )  # evaluations are not in it
    assert len(bench.snapshots_s) == 1  # of one run
    assert {"page /", "page /lineage", "page /proofs/77"} <= bench.latency_ms.keys()
    assert bench.rows["step"] == 10 * bench.rows["proof"]
    assert 0.2 < bench.states["share_left"] < 0.5 and bench.latency_ms["corpus show ID"]["calls"] >= 3


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Bench]]:
    """By the number of proofs."""
    sizes = (10_000, 100_000)
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("sizes")
        yield {proofs: measure(str(folder / f"{proofs}.db"), proofs) for proofs in sizes}
        return
    with PostgresServer() as server:
        yield {proofs: measure(server.create(), proofs) for proofs in sizes}


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_no_view_of_a_hundred_thousand_proofs_takes_long(measured):
    """In processor time, which a busy machine leaves as it is."""
    slow = {name: found["cpu"] for name, found in measured[100_000].latency_ms.items() if found["cpu"] > 200}
    assert not slow


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_snapshot_costs_what_is_new(measured):
    """Ten times the corpus: as long, within what a busy machine does to seconds."""
    small, large = (measured[proofs].snapshot_ms for proofs in (10_000, 100_000))
    for new in ("nothing new", "1 new", "100 new", "1000 new"):
        assert large[new] < 3 * small[new] + 50, (new, small, large)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_streaming_takes_constant_memory(measured):
    """Nearly nine times the proofs, a fifth more memory: SQLite's page cache and prepared statements fill up."""
    small, large = (measured[proofs].stream for proofs in (10_000, 100_000))
    assert large["proofs"] > 8 * small["proofs"]
    assert large["peak_rss_mb"] < 1.35 * small["peak_rss_mb"], (small, large)
