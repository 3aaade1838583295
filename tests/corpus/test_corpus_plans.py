"""Hot queries are answered from indexes, however large the corpus is: no table that grows is read as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from postgres import PostgresServer
from samples import attempt, fill, proof, search_tree, start_round
from sqlalchemy import event, text
from test_corpus_lineage import evaluate, train

from corpus.attempts import attempts_at
from corpus.curves import growth, rates_of, solve_curves
from corpus.database import reading
from corpus.descent import turns
from corpus.generations import diff as generation_diff
from corpus.lineage_tree import lineage
from corpus.live import latest_proofs, rounds_in_progress
from corpus.pages.app import ROUTERS, make_app
from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import show_proof, stats, totals
from corpus.records import RoundKind, RoundRecord
from corpus.round_results import history, outcomes
from corpus.rows import state_texts
from corpus.search import search
from corpus.snapshot import snapshot_proofs, snapshots, take_snapshot
from corpus.snapshot_views import describe
from corpus.snapshot_views import diff as snapshot_diff
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
    "history of a split": lambda corpus, _round: history(corpus, "core", "train", "run"),
    "growth": lambda corpus, _round: growth(corpus),
    "latest proofs": lambda corpus, _round: latest_proofs(corpus),
    "solve curves": lambda corpus, _round: solve_curves(corpus, "run"),
    "rates of the lineage page": lambda corpus, round: rates_of(corpus, [round.id]),
    "snapshots": lambda corpus, _round: snapshots(corpus),
    "a snapshot's page": lambda corpus, _round: describe(corpus, snapshots(corpus)[-1].hash),
    "snapshots' difference": lambda corpus, _round: snapshot_diff(
        corpus, *(one.hash for one in snapshots(corpus)[-2:])
    ),
    "generations' difference": lambda corpus, _round: generation_diff(corpus, "run/M_0", "run/M_1"),
    "lineage of a proof": lambda corpus, _round: lineage(corpus, "proof:2"),
    "lineage of a generation": lambda corpus, _round: lineage(corpus, "run/M_0"),
    "lineage of a snapshot": lambda corpus, _round: lineage(corpus, f"snapshot:{snapshots(corpus)[-1].hash}"),
    "a run's turns": lambda corpus, _round: turns(corpus, "run"),
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


def filled(corpus: Corpus) -> RoundRecord:
    """Two snapshots, two models, a round and an evaluation of each, with search trees; the last training round."""
    splits = fill(corpus, train=40, valid=3)
    theorems = splits["train"]
    searched = start_round(corpus, theorems[:20])
    for one in theorems[:2] + theorems[4:20]:
        corpus.record_attempt(searched, attempt(one, proof=proof(one)))
    parent = None
    for number in (0, 1):
        parent = train(corpus, number, parent)
        searched = start_round(corpus, theorems, generation_id=parent, arm="policy", seed=number)
        for one in theorems[:2] + theorems[4:]:
            record = replace(attempt(one, proof=proof(one, f"step {number}")), trees=(search_tree(one),))
            corpus.record_attempt(searched, record)
        evaluate(corpus, parent, number, [None, 2, 3])
    take_snapshot(corpus)
    return searched


@pytest.fixture(scope="module")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    server: PostgresServer = request.getfixturevalue("postgres")
    urls = {"sqlite": str(tmp_path_factory.mktemp("plans") / "corpus.db"), "postgresql": server.create("corpus_1")}
    for url in urls.values():
        with Corpus.open(url) as corpus:
            filled(corpus)
    return urls


@pytest.fixture(params=["sqlite", "postgresql"])
def plans(request: pytest.FixtureRequest, databases: dict[str, str]) -> Iterator[Corpus]:
    with Corpus.open(databases[request.param]) as corpus:
        yield corpus


@pytest.mark.parametrize("name", HOT)
def test_no_large_table_is_read_as_a_whole(plans, name):
    round = plans.rounds("run", RoundKind.TRAIN)[-1]
    with statements(plans) as asked:
        HOT[name](plans, round)
    check(plans, asked)


def check(corpus: Corpus, asked: list[tuple[str, Any]]) -> None:
    assert asked
    assert not (scans := [one for one in full_scans(corpus, asked) if not WALKS.search(one)]), "\n\n".join(scans)


def test_no_page_reads_a_large_table_as_a_whole(plans):
    """Every route of the application, with what its address can ask for."""
    first, last = (one.hash for one in snapshots(plans)[-2:])
    with plans.engine.connect() as connection:
        tree = connection.execute(text("SELECT max(attempt_id) FROM search_tree")).scalar_one()
    addresses = {
        "/": ["/", "/?run=run"],
        "/theorems": [
            f"/theorems?{query}"
            for query in (
                "", "page=2", "status=proved", "status=tried", "status=untried", "sort=newest", "sort=name",
                "q=train_1", "benchmark=core", "split=train&stratum=hard",
            )
        ],
        "/theorems/{theorem_id}": ["/theorems/1"],
        "/proofs/{proof_id}": ["/proofs/2", "/proofs/2?all=true"],
        "/attempts/{attempt_id}": [f"/attempts/{tree}"],
        "/attempts/{attempt_id}/graph.json": [f"/attempts/{tree}/graph.json"],
        "/generations": ["/generations"],
        "/generations/{generation_id}": ["/generations/1", "/generations/2"],
        "/compare": ["/compare", "/compare?a=run/M_0&b=run/M_1", "/compare?a=run&b=run"],
        "/lineage": ["/lineage", "/lineage?run=run"],
        "/snapshots": ["/snapshots"],
        "/snapshots/diff": [f"/snapshots/diff?a={first}&b={last}"],
        "/snapshots/{snapshot_hash}": [f"/snapshots/{last}"],
        "/live": ["/live"],
    }  # fmt: skip
    routes = {route.path for module in ROUTERS for route in module.router.routes if isinstance(route, APIRoute)}
    assert addresses.keys() == routes - {"/live/events"}, "which streams what /live shows"
    browser = TestClient(make_app(plans), base_url="http://localhost")
    with statements(plans) as asked:
        for address in [one for ones in addresses.values() for one in ones]:
            browser.get(address).raise_for_status()
    check(plans, asked)


def test_a_comparison_asks_no_more_where_a_run_has_more_generations(corpus):
    filled(corpus)
    _asked_by_compare(corpus)  # counts once what is past the kept counts
    asked = [_asked_by_compare(corpus)]
    for number in (2, 3, 4):
        train(corpus, number)
        asked.append(_asked_by_compare(corpus))
    assert len(set(asked)) == 1, asked


def _asked_by_compare(corpus: Corpus) -> int:
    browser = TestClient(make_app(corpus), base_url="http://localhost")
    with statements(corpus) as asked:
        browser.get("/compare?a=run/M_0&b=run/M_1").raise_for_status()
    return len(asked)


def test_states_are_asked_for_in_one_statement_however_many_they_are(plans):
    """SQLite's driver keeps the last 128 statements: for lists of ever other lengths they took 60 MB."""
    with statements(plans) as asked, reading(plans.engine) as session:
        some, more = state_texts(session, [1, 2]), state_texts(session, [1, 2, 3])
    assert len(asked) == 2 and len({statement for statement, _ in asked}) == 1
    assert len(some) == 2 and len(more) == 3 and some.items() < more.items()


def test_a_scan_would_be_seen(corpus):
    fill(corpus)
    with statements(corpus) as asked, corpus.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM step WHERE tactic LIKE '%omega%'")).all()
    assert full_scans(corpus, asked)
