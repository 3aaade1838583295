"""A corpus that a real small run made, the real command that serves it, and a real Chromium that looks at it."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from looking import look, served, start_browser
from selenium import webdriver

from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.cli.main import run
from prover.lean import Lean
from training.config import FlywheelConfig
from training.flywheel import Flywheel

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "databases")]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One generation on a small lean-logic: grammar, M_0, a round, M_1, evaluations with their search trees."""
    home = tmp_path_factory.mktemp("pages")
    config = FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="small",
        generations=1,
        workers=2,
        grammar_theorems=24,
        grammar_steps=48,
        round__theorems=8,
        round__steps=24,
        round__disproofs=2,
        round__canaries=2,
        evaluation__theorems=5,
        evaluation__steps=16,
        evaluation__whole_budget=False,
        train__epochs=1,
        trees__training=1.0,
    )
    with Lean(2, config.limits) as lean, Corpus.open(str(home / "corpus.db")) as corpus:
        LogicBenchmark(LogicConfig(train=40, held_out=6, beyond=6, non_theorems=6)).register(corpus, lean)
        Flywheel(config, lean, corpus, home / "models").run()
        _by_hand(corpus)
    with sqlite3.connect(home / "corpus.db") as connection:
        (longest,) = connection.execute("SELECT id FROM proof ORDER BY length DESC LIMIT 1").fetchone()
    assert run(["corpus", "score", str(longest), "--home", str(home)]) == 0
    return home


def _by_hand(corpus: Corpus) -> None:
    """What so small a run does not come to: theorems under a header, and a proof that borrows."""
    from samples import attempt, proof, start_round, under_header

    lender, borrower = under_header("own_0"), under_header("own_1")
    corpus.add_benchmark("own", "1", "library", [lender, borrower])
    by_hand = start_round(corpus, [lender, borrower], run="small", benchmark="own", arm="seed")
    lemma = replace(proof(lender, "rfl", source="seed"), term="a term")
    lent = corpus.record_attempt(by_hand, attempt(lender, proof=lemma)).proof_id or 0
    rests = replace(proof(borrower, "simp", source="seed"), borrowed=(lent,))
    corpus.record_attempt(by_hand, attempt(borrower, proof=rests))
    corpus.finish_round(by_hand)


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

    def number(query: str) -> int:
        with sqlite3.connect(home / "corpus.db") as connection:
            (value,) = connection.execute(query).fetchone()
        return int(value)

    return number
