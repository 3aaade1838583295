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


def one_value(home: Path, query: str) -> Any:
    """Of a home's database."""
    with sqlite3.connect(home / "corpus.db") as connection:
        (value,) = connection.execute(query).fetchone()
    return value


def addresses(home: Path, run: str = "small") -> dict[str, str]:
    """One address of each kind of page."""

    def ask(query: str) -> Any:
        return one_value(home, query)

    proof = ask("SELECT id FROM proof ORDER BY length DESC LIMIT 1")
    theorem = ask(f"SELECT theorem_id FROM proof WHERE id = {proof}")
    tree = ask("SELECT attempt_id FROM search_tree ORDER BY states DESC LIMIT 1")
    without = ask("SELECT min(id) FROM attempt")
    last = ask("SELECT max(id) FROM generation")
    number = ask("SELECT max(number) FROM generation")
    borrowing = ask("SELECT max(proof_id) FROM borrowed")
    headed = ask("SELECT id FROM theorem WHERE name = 'own_0'")
    first, newest = (ask(f"SELECT hash FROM snapshot ORDER BY id {order} LIMIT 1") for order in ("", "DESC"))
    return {
        "overview": "/",
        "theorems": "/theorems",
        "theorem": f"/theorems/{theorem}",
        "proof": f"/proofs/{proof}",
        "theorem under a header": f"/theorems/{headed}",
        "proof that borrows": f"/proofs/{borrowing}",
        "all states": f"/proofs/{proof}?all=true",
        "attempt": f"/attempts/{tree}",
        "another attempt": f"/attempts/{without}",
        "generations": "/generations",
        "generation": f"/generations/{last}",
        "compare": f"/compare?a={run}/M_0&b={run}/M_{number}",
        "lineage": "/lineage",
        "snapshots": "/snapshots",
        "snapshot": f"/snapshots/{newest}",
        "snapshot-diff": f"/snapshots/diff?a={first}&b={newest}",
        "live": "/live",
    }


def start_browser(profile: Path) -> webdriver.Chrome:
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
    return webdriver.Chrome(options=options, service=Service(driver))


def look(browser: webdriver.Chrome, width: int, scheme: str, height: int = 900) -> None:
    """Sets the window's size in CSS pixels, and the colour scheme that the user prefers."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
