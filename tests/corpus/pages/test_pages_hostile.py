"""What a model, a benchmark or a neighbour's web site could try: text that is markup, other hosts, writing."""

from __future__ import annotations

import json
import re
import socket
import sqlite3

import httpx
import pytest
from fastapi import FastAPI
from looking import served
from samples import attempt, proof, start_round
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import JSON, DateTime, Enum, String, Text

from corpus import schema
from corpus.columns import Base
from corpus.database import reading, writing
from corpus.errors import CorpusUnusable
from corpus.pages.shell import POLICY
from corpus.read_only import open_read_only
from corpus.records import SearchTree, TreeState, TreeStep
from corpus.search_tree import pack
from corpus.serving import HEADERS, Guarded
from prover.cli.main import run

pytestmark = pytest.mark.timeout(600)

EVIL = (
    "<script>window.owned = 1</script><img class=evil src=/static/x onerror='window.owned = 1'>"
    "\"'><svg class=evil onload='window.owned = 1'></svg><a class=evil href='javascript:window.owned = 1'>x</a>"
    "{{ 7 * 7 }}{% raw %}</pre></title></textarea><!--"
)


def poisoned(path) -> int:
    """Puts EVIL behind every text of every table; says how many columns it is in."""
    columns = 0
    with sqlite3.connect(path) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{trigger}"')
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, Enum | DateTime) or column.foreign_keys or column.name.endswith("hash"):
                    continue
                if isinstance(column.type, JSON):
                    nested = json.dumps({EVIL: EVIL, "deep": {EVIL: [EVIL]}})
                    lists = {"axioms": [EVIL], "auxiliaries": [EVIL], "contents": [[1, EVIL, 1]]}
                    value = json.dumps(lists[column.name]) if column.name in lists else nested
                    raw.execute(f'UPDATE "{table.name}" SET "{column.name}" = ?', (value,))
                elif isinstance(column.type, String | Text):
                    raw.execute(f'UPDATE "{table.name}" SET "{column.name}" = "{column.name}" || ?', (EVIL,))
                else:
                    continue
                columns += 1
        state = TreeState(EVIL, 1, 0)
        steps = (
            TreeStep(0, 0, 1, EVIL, EVIL, -1.0, EVIL, "", True, 1.0, 1),
            TreeStep(1, 1, None, EVIL, EVIL, -1.0, EVIL, EVIL, False, 1.0, 1),
        )
        tree = SearchTree(EVIL, EVIL, (state, state), steps, (0,))
        raw.execute("UPDATE search_tree SET data = ?", (pack([tree, tree]).data,))
    return columns


def test_markup_in_every_text_column_is_inert_on_every_page(browser, handmade):
    corpus, home = handmade
    corpus.close()
    assert poisoned(home / "corpus.db") > 40
    with sqlite3.connect(home / "corpus.db") as raw:
        run = raw.execute("SELECT name FROM run").fetchone()[0]
        ids = {table: raw.execute(f"SELECT min(id) FROM {table}").fetchone()[0] for table in ("theorem", "generation")}
        hashes = [row[0] for row in raw.execute("SELECT hash FROM snapshot")]
        proofs = [row[0] for row in raw.execute("SELECT id FROM proof")]
        attempts = [row[0] for row in raw.execute("SELECT id FROM attempt")]
        tree = raw.execute("SELECT attempt_id FROM search_tree").fetchone()[0]
    pages = ["/", "/theorems", f"/theorems/{ids['theorem']}", "/generations", f"/generations/{ids['generation']}"]
    pages += ["/compare", "/lineage", "/snapshots", f"/snapshots/{hashes[0]}", "/live", f"/theorems?q={EVIL}"]
    pages += [f"/snapshots/diff?a={hashes[0]}&b={hashes[-1]}", f"/compare?a={run}&b={run}", f"/?run={EVIL}"]
    pages += [f"/proofs/{id}?all=true" for id in proofs] + [f"/attempts/{id}" for id in attempts]
    with served(home) as address:
        met = 0
        for page in pages:
            browser.get(str(httpx.URL(address).join(httpx.URL(page))))
            messages = [m["message"] for m in browser.get_log("browser") if "status of 404" not in m["message"]]
            assert not messages, f"{page}: {messages}"  # a script that the policy stopped would be named here
            assert browser.execute_script("return window.owned === undefined"), page
            assert not browser.find_elements(By.CSS_SELECTOR, ".evil, main script"), page
            text = browser.execute_script("return document.documentElement.textContent")
            assert "49{% raw" not in text, page
            met += "window.owned = 1" in text
        assert met > len(pages) * 0.8  # it was there, as text
        graph = httpx.get(f"{address}/attempts/{tree}/graph.json", timeout=60)
        assert graph.headers["content-type"] == "application/json"


def test_other_hosts_other_methods_and_frames_are_refused(handmade):
    _, home = handmade
    with served(home) as address, httpx.Client(base_url=address, timeout=60) as client:
        port = address.rpartition(":")[2]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "192.0.2.7", "[::2]:80"):
            assert client.get("/", headers={"Host": host}).status_code == 421, host
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "[::1]:80"):
            assert client.get("/", headers={"Host": host}).status_code == 200, host
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert client.request(method, "/theorems").status_code == 405
        for page in (
            "/",
            "/nothing",
            "/theorems/x",
            "/static/pages.css",
            "/static/../app.py",
            "/docs",
            "/openapi.json",
        ):
            answer = client.get(page)
            wanted = {**HEADERS, "Content-Security-Policy": POLICY}
            del wanted["Cache-Control"]
            assert {name: answer.headers[name] for name in wanted} == wanted, page
        policy = client.get("/").headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        for page in ("/static/../app.py", "/static/%2e%2e/app.py", "/docs", "/openapi.json"):
            assert client.get(page).status_code == 404, page


def test_where_it_listens_to_the_network_numbers_are_names_too():
    exposed = Guarded(FastAPI(), frozenset({"lab.example"}), POLICY, any_address=True)
    assert exposed.knows("192.0.2.7:8765") and exposed.knows("[2001:db8::1]:80") and exposed.knows("lab.example:80")
    assert not exposed.knows("evil.example:8765") and not exposed.knows("192.0.2.7.evil.example")


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [
        ("/theorems/999999", 404, "no theorem"),
        ("/proofs/999999", 404, "no proof"),
        ("/attempts/999999", 404, "no attempt"),
        ("/generations/999999", 404, "no generation"),
        ("/snapshots/abcdef", 404, "no snapshot"),
        ("/snapshots/diff?a=zz&b=zz", 404, "no hash of a snapshot"),
        ("/theorems?benchmark=nix", 404, "no benchmark"),
        ("/compare?a=nix&b=nix", 404, "no run"),
        ("/?run=nix", 404, "no run"),
        ("/attempts/1/graph.json?search=99", 404, "no stored search"),
        ("/theorems?status=all", 400, "status"),
        ("/theorems?page=0", 400, "page"),
        ("/theorems/one", 400, "theorem_id"),
        ("/snapshots/diff?a=1", 400, "b"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(handmade_address, page, status, said):
    answer = httpx.get(handmade_address + page, timeout=60)
    assert answer.status_code == status
    assert said in re.search("<p>(.*?)</p>", answer.text.partition("<h1>")[2], re.DOTALL)[1]


@pytest.fixture(scope="module")
def handmade_address(tmp_path_factory):
    from make import fill_every_table

    from corpus.store import Corpus

    home = tmp_path_factory.mktemp("handmade")
    with Corpus.open(str(home / "corpus.db")) as corpus:
        fill_every_table(corpus)
    with served(home) as address:
        yield address


def test_the_pages_connection_cannot_write(url):
    """On both databases; `url` comes from tests/corpus/conftest.py."""
    from make import fill_every_table

    from corpus.store import Corpus

    with Corpus.open(url) as corpus:
        fill_every_table(corpus)
    with open_read_only(url) as corpus:
        with reading(corpus.engine) as session:
            assert session.query(schema.Run).count() == 1
        with pytest.raises(CorpusUnusable, match=r"(?i)read-?only"), writing(corpus.engine):
            pass


def test_what_a_round_stores_appears_in_the_open_page(browser, handmade):
    corpus, home = handmade
    theorems = [t for t in corpus.theorems("core", "train")]
    round = start_round(corpus, theorems, arm="watched")
    with served(home) as address:
        browser.get(f"{address}/live")
        # Read in one go: what is read in pieces may be replaced in between.
        read = "return document.getElementById('content').innerText.replaceAll('\\n', ' ')"
        assert re.search(rf"run: watched .*?done 0 of {len(theorems)}", browser.execute_script(read))
        corpus.record_attempt(round, attempt(theorems[0], proof=proof(theorems[0], "exact seen_live")))

        def arrived(b):
            return re.search(rf"run: watched .*?done 1 of {len(theorems)} proved 1", b.execute_script(read))

        WebDriverWait(browser, 30).until(arrived)
        newest = browser.execute_script("return document.querySelector('.feed a').href")
        assert browser.get_log("browser") == []
        browser.get(newest)
        assert "exact seen_live" in browser.find_element(By.CSS_SELECTOR, ".tactics").text


def test_what_cannot_be_served_is_said_in_a_line(handmade, tmp_path, capsys):
    _, home = handmade
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = {
            "is in use": ["--home", str(home), "--port", port],
            "without a password": ["--home", str(home), "--host", "0.0.0.0"],
            "There is no corpus": ["--home", str(tmp_path / "empty")],
            "Cannot listen": ["--home", str(home), "--host", "203.0.113.1", "--expose"],
        }
        for said, arguments in refused.items():
            assert run(["serve", *arguments]) == 2, arguments
            error = capsys.readouterr().err
            assert said in error and error.count("\n") == 1, error
