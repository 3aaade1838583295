"""`flywheel corpus explore`: the real datasette over a corpus that a real run made, and over one on PostgreSQL."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from looking import ROOT, served
from test_pages_browser import asked_hosts, logged, wait

from corpus.errors import CorpusError
from corpus.explore import server
from corpus.explore.server import metadata
from prover.cli.main import run
from prover.cli.output import CANNOT_START

pytestmark = pytest.mark.timeout(600)

CORPUS = metadata()["databases"]["corpus"]


@pytest.fixture(scope="module")
def explorer(home: Path) -> Iterator[str]:
    """Its first page. The copy must be gone when the server is."""
    before = set(Path(tempfile.gettempdir()).glob("flywheel-explore-*"))
    with served(home, "corpus", "explore") as address:
        yield address
    assert set(Path(tempfile.gettempdir()).glob("flywheel-explore-*")) <= before


@pytest.mark.parametrize("name", CORPUS["queries"])
def test_each_question_has_an_answer(explorer, name):
    asked = {"tactic": "intro"} if "params" in CORPUS["queries"][name] else {}
    answer = httpx.get(f"{explorer}/{name}.json", params={"_shape": "array", **asked}, timeout=60)
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json(), name
    assert httpx.get(f"{explorer}/{name}", params=asked, timeout=60).status_code == 200


def test_there_are_a_dozen_questions_and_each_says_what_it_asks():
    assert len(CORPUS["queries"]) >= 12
    assert all(query["title"] for query in CORPUS["queries"].values())


def test_the_shipped_file_speaks_of_tables_and_columns_that_are_there(home):
    with closing(sqlite3.connect(home / "corpus.db")) as connection:
        for table, about in CORPUS["tables"].items():
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            assert columns or table == "accepted_proof", table
            assert {about[key] for key in ("label_column", "sort_desc") if key in about} <= columns, table


def test_a_foreign_key_is_shown_by_name(explorer, ask):
    name = httpx.get(f"{explorer}/theorem/1.json", params={"_shape": "array"}).json()[0]["name"]
    rows = httpx.get(f"{explorer}/proof.json", params={"_labels": "on", "_size": "max"}).json()["rows"]
    assert len(rows) == ask("SELECT count(*) FROM proof")
    labels = {row["theorem_id"]["value"]: row["theorem_id"]["label"] for row in rows}
    for id, label in labels.items():
        assert httpx.get(f"{explorer}/theorem/{id}.json", params={"_shape": "array"}).json()[0]["name"] == label
    assert name  # the first theorem, proved or not


def test_it_reads_a_copy_that_nothing_can_change(explorer, home, ask):
    proofs = ask("SELECT count(*) FROM proof")
    for written in (
        "DELETE FROM proof",
        "UPDATE proof SET source = 'x'",
        "ATTACH '/tmp/x.db' AS x",
        "PRAGMA user_version=7",
    ):
        assert httpx.get(explorer, params={"sql": written}).status_code == 400, written
    assert httpx.post(explorer, data={"sql": "SELECT 1"}).status_code == 405
    assert httpx.get(f"{explorer}.db").status_code == 403  # the whole file is not handed out
    assert ask("SELECT count(*) FROM proof") == proofs
    assert str(home) not in httpx.get(explorer.rsplit("/", 1)[0] + "/-/databases.json").text


def test_it_answers_to_this_machine_alone(explorer):
    port = int(explorer.rsplit(":", 1)[1].split("/")[0])
    assert httpx.get(explorer, headers={"Host": f"evil.example:{port}"}).status_code == 421
    policy = httpx.get(explorer).headers["Content-Security-Policy"]
    assert "http" not in policy and "*" not in policy and "default-src 'none'" in policy


def test_a_browser_finds_nothing_missing_and_asks_no_other_host(browser, explorer):
    for page in ("", "/accepted_proof", "/step", "/solve_rates", "/proofs_with?tactic=intro", "?sql=select+1"):
        browser.get(explorer + page)
        wait(browser, lambda: "Powered by" in browser.page_source)
    assert asked_hosts(browser) == {explorer.split("/")[2]}
    assert logged(browser) == []


def test_a_port_in_use_is_one_line(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "lean_flywheel", "corpus", "explore", "--home", str(home), "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == CANNOT_START
    assert len(done.stderr.splitlines()) == 1 and f"Port {port} is in use" in done.stderr


def test_without_the_extra_it_says_what_to_install(home, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "datasette", None)
    monkeypatch.setitem(sys.modules, "corpus.explore.server", None)
    assert run(["corpus", "explore", "--home", str(home)]) == CANNOT_START
    assert "pip install 'lean-flywheel[explore]'" in capsys.readouterr().err.replace("\n", " ")


def test_no_room_for_the_copy_is_said_before_it_is_made(handmade, monkeypatch):
    corpus, _ = handmade
    full = type("Usage", (), {"free": 1})
    monkeypatch.setattr(server.shutil, "disk_usage", lambda _folder: full)
    with pytest.raises(CorpusError, match="TMPDIR"):
        server.explore(corpus, 0, ready=lambda _address: pytest.fail("it serves"))
