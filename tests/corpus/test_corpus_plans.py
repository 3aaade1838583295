"""Hot queries are answered from indexes, however large the corpus is: no table that grows is read as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from samples import attempt, fill, proof, start_round
from sqlalchemy import event, text

from corpus.attempts import attempts_at
from corpus.curves import growth, rates_of, solve_curves
from corpus.live import latest_proofs, rounds_in_progress
from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import show_proof, stats, totals
from corpus.records import RoundRecord
from corpus.round_results import outcomes
from corpus.search import search
from corpus.snapshot import snapshot_proofs, snapshots, take_snapshot
from corpus.snapshot_views import describe
from corpus.store import Corpus
from corpus.theorem_list import Order, Standing, TheoremFilter, list_theorems
from corpus.theorems import show_theorem

#: Tables that grow with the proofs.
LARGE = {"attempt", "certificate", "goal", "human_step", "proof", "search_tree", "state", "step"}

Call = Callable[[Corpus, RoundRecord], object]

HOT: dict[str, Call] = {
    "record an attempt": lambda corpus, round: corpus.record_attempt(
        round, attempt(t := corpus.theorem("train_3"), proof=proof(t, "omega"))
    ),
    "find what is pending": lambda corpus, round: corpus.pending(round),
    "show a proof": lambda corpus, _round: show_proof(corpus, 2),
    "snapshot of one new proof": lambda corpus, round: (
        corpus.record_attempt(round, attempt(t := corpus.theorem("train_2"), proof=proof(t, "decide"), ordinal=7)),
        take_snapshot(corpus),
    ),
    "snapshot of nothing new": lambda corpus, _round: take_snapshot(corpus),
    "stream a snapshot": lambda corpus, _round: list(snapshot_proofs(corpus, take_snapshot(corpus).hash)),
    "retract": lambda corpus, _round: corpus.retract(1, "wrong"),
    # What the command line and the pages show.
    "stats": lambda corpus, _round: stats(corpus),
    "totals": lambda corpus, _round: totals(corpus),
    "runs list": lambda corpus, _round: corpus.rounds("run"),
    "a round's outcomes": outcomes,
    "growth": lambda corpus, _round: growth(corpus),
    "latest proofs": lambda corpus, _round: latest_proofs(corpus),
    "solve curves": lambda corpus, _round: solve_curves(corpus, "run"),
    "rates of the lineage page": lambda corpus, round: rates_of(corpus, [round.id]),
    "snapshots": lambda corpus, _round: snapshots(corpus),
    "a snapshot's page": lambda corpus, _round: describe(corpus, snapshots(corpus)[-1].hash),
    "rounds in progress": lambda corpus, _round: rounds_in_progress(corpus),
    "show a theorem": lambda corpus, _round: show_theorem(corpus, "train_0"),
    "attempts at a theorem": lambda corpus, _round: attempts_at(corpus, 1),
    "search": lambda corpus, _round: search(corpus, "rfl"),
    "list": lambda corpus, _round: list_proofs(corpus),
    "list, next page": lambda corpus, _round: list_proofs(corpus, before=20),
    **{
        f"list {name}": lambda corpus, _round, name=name, value=value: list_proofs(corpus, ProofFilter(**{name: value}))
        for name, value in {
            "theorem": "train_1",
            "benchmark": "core",
            "split": "train",
            "stratum": "hard",
            "source": "policy",
            "run": "run",
            "tactic": "rfl",
            "retracted": True,
        }.items()
    },
    **{
        f"theorems {standing or order}": lambda corpus, _round, standing=standing, order=order: list_theorems(
            corpus, TheoremFilter(standing=standing), order=order
        )
        for standing, order in [*((one, Order.BENCHMARK) for one in Standing), *((None, one) for one in Order)]
    },
}


#: A walk over all proofs from the newest, that ends where the page is full, is no scan.
WALKS = re.compile(r"^\{'proof'\}: .*ORDER BY proof\.id DESC\s+LIMIT", re.DOTALL)


@contextmanager
def statements(corpus: Corpus) -> Iterator[list[tuple[str, Any]]]:
    """What the block asks of the database."""
    seen: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, many) -> None:
        if not many and statement.lstrip().upper().startswith(("SELECT", "UPDATE")):
            seen.append((statement, parameters))

    event.listen(corpus.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(corpus.engine, "before_cursor_execute", note)


def full_scans(corpus: Corpus, asked: list[tuple[str, Any]]) -> list[str]:
    """Statements whose plan reads a large table from end to end, though it may choose any index."""
    found = []
    with corpus.engine.connect() as connection:
        if corpus.engine.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        for statement, parameters in asked:
            if corpus.engine.dialect.name == "postgresql":
                plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
                scanned = {m for line in plan for m in re.findall(r"Seq Scan on (\w+)", line)}
            else:
                plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                # SCAN ... USING INDEX is no lookup either: it reads the whole index.
                scanned = {m for line in plan for m in re.findall(r"^SCAN (\w+)", line)}
            if scanned & LARGE:
                found.append(f"{scanned & LARGE}: {statement}\n" + "\n".join(plan))
    return found


@pytest.mark.parametrize("name", HOT)
def test_no_large_table_is_read_as_a_whole(corpus, name):
    theorems = fill(corpus, train=40)["train"]
    round = start_round(corpus, theorems)
    for one in theorems[:2] + theorems[4:]:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    take_snapshot(corpus)
    with statements(corpus) as asked:
        HOT[name](corpus, round)
    assert asked
    assert not (scans := [one for one in full_scans(corpus, asked) if not WALKS.search(one)]), "\n\n".join(scans)


def test_a_scan_would_be_seen(corpus):
    fill(corpus)
    with statements(corpus) as asked, corpus.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM step WHERE tactic LIKE '%omega%'")).all()
    assert full_scans(corpus, asked)
