"""A corpus that a real small run made, the real command that serves it, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest
from looking import addresses, look, one_value, served, start_browser
from selenium import webdriver
from small_run import make_home

from corpus.store import Corpus

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "databases")]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One generation of the smallest run; tests only read it. All of xdist's processes have one: it takes a minute."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pages"
    with filelock.FileLock(f"{home}.lock"):
        if not (home / "made").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            make_home(home)
            (home / "made").touch()
    return home


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    with served(home) as address:
        yield address


@pytest.fixture
def handmade(tmp_path: Path) -> Iterator[tuple[Corpus, Path]]:
    """A small made-up corpus with rows in every table, open for writing."""
    from make import fill_every_table

    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        fill_every_table(corpus)
        yield corpus, tmp_path


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_browser(Path(profile))
        try:
            yield browser
        finally:
            browser.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> webdriver.Chrome:
    """The session's browser, at the width of a desktop, with empty logs."""
    look(chromium, 1280, "light")
    chromium.get("about:blank")
    chromium.get_log("browser")
    chromium.get_log("performance")
    return chromium


@pytest.fixture
def ask(home: Path) -> Callable[[str], int]:
    """One number out of the small run's database."""
    return lambda query: int(one_value(home, query))


@pytest.fixture
def pages(home: Path) -> dict[str, str]:
    """One address of each kind of page."""
    return addresses(home)
