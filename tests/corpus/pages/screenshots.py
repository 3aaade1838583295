"""Renews docs/img: each page at the width of a desk in light, and at that of a telephone in the dark.

    python -m tests.corpus.pages.screenshots [--home HOME] [--only proof ...] [--to FOLDER]

The corpus is made by a real small run of two generations, some minutes; `live` is taken while it searches.
`--home` keeps that run there, or looks at one that is there again, but for `live`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from selenium import webdriver

sys.path.insert(0, str(Path(__file__).parent))
from looking import ROOT, addresses, look, served, start_browser
from small_run import make_home

PAGES = (
    "overview", "theorems", "theorem", "proof", "attempt", "generation", "generations", "compare", "lineage",
    "snapshots", "snapshot-diff", "live",
)  # fmt: skip
#: What a picture may weigh: they are in the repository for good.
MOST_BYTES = 150_000
#: A picture shows the whole page, but no more than this and no less.
HEIGHTS = (800, 1300)
GENERATIONS, SIZE = 2, 2
#: A round of a model with so many attempts stored has something to show.
BUSY = """
SELECT count(*) FROM attempt WHERE round_id IN (
    SELECT id FROM round WHERE finished_at IS NULL AND generation_id IS NOT NULL)
"""


def shoot(browser: webdriver.Chrome, url: str, name: str, folder: Path) -> None:
    for suffix, width, scheme in (("", 1280, "light"), ("-narrow-dark", 375, "dark")):
        look(browser, width, scheme, HEIGHTS[0])
        browser.get(url)
        while browser.execute_script("return document.readyState") != "complete":
            time.sleep(0.05)
        height = browser.execute_script("return document.documentElement.scrollHeight")
        look(browser, width, scheme, min(max(height, HEIGHTS[0]), HEIGHTS[1]))
        time.sleep(0.3)  # the highlighting and the graph's script
        picture = folder / f"{name}{suffix}.png"
        browser.save_screenshot(str(picture))
        size = picture.stat().st_size
        print(f"{picture}: {size / 1000:.0f} kB", flush=True)
        if size > MOST_BYTES:
            sys.exit(f"{picture} has {size} bytes, more than {MOST_BYTES}")


def wait_until_busy(home: Path, run: multiprocessing.process.BaseProcess, attempts: int = 9) -> None:
    while run.is_alive():
        if (home / "corpus.db").exists():
            with sqlite3.connect(home / "corpus.db") as connection:
                tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'attempt'").fetchone()
                if tables[0] and connection.execute(BUSY).fetchone()[0] >= attempts:
                    return
        time.sleep(0.2)
    sys.exit("The run ended before its round had something to show.")


def pictures(home: Path, wanted: Sequence[str], folder: Path, *, run: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_browser(Path(profile))
        try:
            if run:
                process = multiprocessing.get_context("spawn").Process(target=_run, args=(home,))
                process.start()
                wait_until_busy(home, process)
                with served(home) as address:
                    if "live" in wanted:
                        shoot(browser, f"{address}/live", "live", folder)
                process.join()
                if process.exitcode:
                    sys.exit("The run failed.")
            with served(home) as address:
                found = addresses(home)
                for name in wanted:
                    if name != "live":
                        shoot(browser, address + found[name], name, folder)
        finally:
            browser.quit()


def _run(home: Path) -> None:
    make_home(home, generations=GENERATIONS, size=SIZE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="of an earlier run; default: a new run in a temporary folder")
    parser.add_argument("--only", nargs="+", choices=PAGES, default=PAGES)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "img")
    options = parser.parse_args()
    if options.home is not None:
        empty = not (options.home / "corpus.db").exists()
        options.home.mkdir(parents=True, exist_ok=True)
        pictures(options.home, options.only, options.to, run=empty)
        return
    with tempfile.TemporaryDirectory(prefix="flywheel-pictures-") as folder:
        pictures(Path(folder), options.only, options.to, run=True)


if __name__ == "__main__":
    main()
