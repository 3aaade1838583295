"""The command that serves the pages, and the browser that looks at them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

ROOT = Path(__file__).parents[3]


@contextmanager
def served(home: Path, *verb: str) -> Iterator[str]:
    """The address at which `flywheel serve` (or another such verb) serves a home; it must end by Ctrl-C."""
    command = [sys.executable, "-m", "lean_flywheel", *(verb or ("serve",)), "--home", str(home), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert " at http://127.0.0.1:" in line, line
        yield line.split()[2].rstrip("/")
    finally:
        process.send_signal(2)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def one_value(home: Path, query: str, *values: object) -> Any:
    """What a query says of a home's database: a row, or the value of its one column."""
    with sqlite3.connect(home / "corpus.db") as connection:
        row = connection.execute(query, values).fetchone()
    return row if len(row) > 1 else row[0]


def addresses(home: Path, run: str = "small") -> dict[str, str]:
    """One address of each kind of page; of generations and proofs those of this run, where there are some."""

    def ask(query: str, *values: object) -> Any:
        return one_value(home, query, *values)

    of_run = "(SELECT id FROM round WHERE run_id = (SELECT id FROM run WHERE name = ?))"
    found = f"proof.id IN (SELECT proof_id FROM attempt WHERE round_id IN {of_run})"
    proof = ask(f"SELECT id FROM proof ORDER BY {found} DESC, abs(length - 11) LIMIT 1", run)
    theorem = ask("SELECT theorem_id FROM proof WHERE id = ?", proof)
    tree = ask(
        "SELECT attempt_id FROM search_tree JOIN attempt ON attempt.id = attempt_id "
        f"ORDER BY proof_id IS NOT NULL DESC, round_id IN {of_run} DESC, states DESC LIMIT 1",
        run,
    )
    without = ask("SELECT min(id) FROM attempt")
    last, number = ask("SELECT id, number FROM generation ORDER BY run_id = (SELECT id FROM run WHERE name = ?) DESC, "
                       "number DESC LIMIT 1", run)  # fmt: skip
    borrowing = ask("SELECT coalesce(max(proof_id), 1) FROM borrowed")
    headed = ask("SELECT coalesce(max(id), 1) FROM theorem WHERE name = 'own_0'")
    first, newest = (ask(f"SELECT hash FROM snapshot ORDER BY proofs {order} LIMIT 1") for order in ("", "DESC"))
    return {
        "overview": f"/?run={run}",
        "theorems": "/theorems",
        "theorem": f"/theorems/{theorem}",
        "proof": f"/proofs/{proof}?step=4",
        "theorem under a header": f"/theorems/{headed}",
        "proof that borrows": f"/proofs/{borrowing}",
        "all states": f"/proofs/{proof}?all=true",
        "attempt": f"/attempts/{tree}",
        "another attempt": f"/attempts/{without}",
        "generations": "/generations",
        "generation": f"/generations/{last}",
        "compare": f"/compare?a={run}/M_0&b={run}/M_{number}",
        "lineage": f"/lineage?run={run}",
        "snapshots": "/snapshots",
        "snapshot": f"/snapshots/{newest}",
        "snapshot-diff": f"/snapshots/diff?a={first}&b={newest}",
        "live": "/live",
    }


class Browser(webdriver.Chrome):
    """A Chromium whose `get` ends when the page is complete.

    The driver's own now and then ends before, where the address is the one that is shown: 2 of 300 times on a
    busy machine.
    """

    def get(self, url: str) -> None:
        super().get(url)
        WebDriverWait(self, 20).until(lambda _: self.execute_script("return document.readyState") == "complete")


def start_browser(profile: Path) -> Browser:
    """Debian's Chromium without a window. Fails, and says what to install, where it is not there."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.fail("The pages are tested in a real browser: `apt-get install chromium chromium-driver` brings one.")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-smooth-scrolling",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Browser(options=options, service=Service(driver))


def look(browser: webdriver.Chrome, width: int, scheme: str, height: int = 900) -> None:
    """Sets the window's size in CSS pixels, and the colour scheme that the user prefers."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
