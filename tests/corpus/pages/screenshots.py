"""Renews docs/img: each page at the width of a desk in light, and at that of a telephone in the dark.

    python -m tests.corpus.pages.screenshots --home flywheel-demo --run demo-logic      # after `make demo`
    python -m tests.corpus.pages.screenshots --only live

Without `--home` a real small run of some minutes makes the corpus. `live` needs one: it is taken while that searches.
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

from PIL import Image
from selenium import webdriver

sys.path.insert(0, str(Path(__file__).parent))
from looking import ROOT, addresses, look, one_value, served, start_browser
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
#: Attempts of rounds in progress.
BUSY = "SELECT count(*) FROM attempt WHERE round_id IN (SELECT id FROM round WHERE finished_at IS NULL)"


def shoot(browser: webdriver.Chrome, url: str, name: str, folder: Path) -> None:
    for suffix, width, scheme in (("", 1280, "light"), ("-narrow-dark", 375, "dark")):
        look(browser, width, scheme, HEIGHTS[0])
        browser.get(url)
        height = browser.execute_script("return document.documentElement.scrollHeight")
        look(browser, width, scheme, min(max(height, HEIGHTS[0]), HEIGHTS[1]))
        time.sleep(0.3)  # the highlighting and the graph's script
        picture = folder / f"{name}{suffix}.png"
        browser.save_screenshot(str(picture))
        _with_few_colours(picture)
        size = picture.stat().st_size
        print(f"{picture}: {size / 1000:.0f} kB", flush=True)
        if size > MOST_BYTES:
            sys.exit(f"{picture} has {size} bytes, more than {MOST_BYTES}")


def _with_few_colours(picture: Path) -> None:
    """A third of the bytes, and nobody sees it."""
    with Image.open(picture) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


def shoot_live(
    browser: webdriver.Chrome, home: Path, folder: Path, search: multiprocessing.process.BaseProcess
) -> None:
    """As soon as a round has something to show: the server stands ready before."""
    while not _holds(home, "SELECT count(*) FROM run"):
        _require(search)
    with served(home) as address:
        while not _holds(home, BUSY, 6):
            _require(search)
        shoot(browser, f"{address}/live", "live", folder)


def _holds(home: Path, query: str, least: int = 1) -> bool:
    try:
        return (home / "corpus.db").exists() and int(one_value(home, query)) >= least
    except sqlite3.OperationalError:  # its tables are being made
        return False


def _require(search: multiprocessing.process.BaseProcess) -> None:
    if not search.is_alive():
        sys.exit("The run ended before a round of it had something to show.")
    time.sleep(0.1)


def pictures(home: Path, run: str, wanted: Sequence[str], folder: Path, *, search: bool) -> None:
    """`search`: the home is empty, and a small run fills it first."""
    folder.mkdir(parents=True, exist_ok=True)
    still = [name for name in wanted if name != "live"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_browser(Path(profile))
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        try:
            if search:
                process = multiprocessing.get_context("spawn").Process(target=_run, args=(home,))
                process.start()
                if "live" in wanted:
                    shoot_live(browser, home, folder, process)
                if not still:
                    process.terminate()
                    return
                process.join()
                if process.exitcode:
                    sys.exit("The run failed.")
            with served(home) as address:
                found = addresses(home, run)
                for name in still:
                    shoot(browser, address + found[name], name, folder)
        finally:
            browser.quit()


def _run(home: Path) -> None:
    make_home(home, generations=GENERATIONS, size=SIZE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="of an earlier run; default: a new run in a temporary folder")
    parser.add_argument("--run", default="small", help="the run whose curves and models are shown")
    parser.add_argument("--only", nargs="+", choices=PAGES, default=PAGES)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "img")
    options = parser.parse_args()
    if options.home is not None:
        pictures(options.home, options.run, options.only, options.to, search=False)
        return
    with tempfile.TemporaryDirectory(prefix="flywheel-pictures-", ignore_cleanup_errors=True) as folder:
        pictures(Path(folder), "small", options.only, options.to, search=True)


if __name__ == "__main__":
    main()
