"""The corpus bench runs, small: what it fills is a corpus whose snapshot verifies, and it measures every view."""

from __future__ import annotations

from corpus.snapshot import snapshots, verify
from corpus.store import Corpus
from tests.performance.bench_corpus import measure


def test_a_small_corpus_is_measured(tmp_path):
    url = str(tmp_path / "corpus.db")
    bench = measure(url, 400)
    with Corpus.open(url, create=False) as corpus:
        last = snapshots(corpus)[-1]
        assert (
            400 < verify(corpus, last.hash) == bench.stream["proofs"] < bench.rows["proof"]
        )  # evaluations are not in it
    assert len(bench.snapshots_s) == 1  # of one run
    assert {"page /", "page /lineage", "page /proofs/77"} <= bench.latency_ms.keys()
    assert bench.rows["step"] == 10 * bench.rows["proof"]
    assert 0.2 < bench.states["share_left"] < 0.5 and bench.latency_ms["corpus show ID"]["calls"] >= 3
