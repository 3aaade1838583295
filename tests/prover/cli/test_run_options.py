"""Which settings a command has for a run: its own where it is there, a file's where one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from prover.cli.context import Place
from prover.cli.run_options import settings_of
from training.config import FlywheelConfig


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place.of(tmp_path / "home", None)
    started = FlywheelConfig.load(name="first", benchmark="lean-logic", generations=7, round__steps=12)
    with found.corpus(create=True) as corpus:
        corpus.start_run("first", started.stored())
    return found


def test_a_run_that_is_there_needs_no_file(place: Place) -> None:
    found = settings_of(None, "first", place, {"benchmark": None}, workers=3, seed=None)
    assert (found.benchmark, found.generations, found.round.steps, found.workers) == ("lean-logic", 7, 12, 3)
    with place.corpus() as corpus:
        corpus.start_run("first", found.stored())  # raises Conflict for any other configuration


def test_a_file_counts_where_it_is_named_and_the_benchmark_stays(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("generations = 2\n", encoding="utf-8")
    found = settings_of(file, "first", place)
    assert (found.benchmark, found.generations) == ("lean-logic", 2)


def test_a_new_run_has_the_defaults(place: Place) -> None:
    found = settings_of(None, "second", place, {"benchmark": None})
    assert (found.name, found.benchmark, found.generations) == (
        "second",
        "lean-core",
        FlywheelConfig.load().generations,
    )
