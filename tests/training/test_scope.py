"""A run stays in the part of the benchmark that its settings name."""

from __future__ import annotations

from pathlib import Path

from corpus.records import TheoremRecord
from corpus.store import Corpus
from training.config import FlywheelConfig
from training.scope import environments, within

#: Train, valid and test theorems of each environment.
COUNTS = {"Init.A": (9, 1, 0), "Init.B": (2, 2, 1), "Init.C": (3, 1, 2), "Init.D": (0, 0, 4)}


def corpus_of(path: Path) -> Corpus:
    records = [
        TheoremRecord(name, f": {name} = {name}", f"{name:0>64}", environment, None, split, "hard")
        for environment, counts in COUNTS.items()
        for split, count in zip(("train", "valid", "test"), counts, strict=True)
        for name in (f"{environment[-1].lower()}_{split}_{number}" for number in range(count))
    ]
    corpus = Corpus.open(str(path / "corpus.db"))
    corpus.add_benchmark("lean-core-random", "1", "d" * 64, records)
    return corpus


def test_environments_are_those_with_most_held_out_theorems(tmp_path: Path) -> None:
    with corpus_of(tmp_path) as corpus:
        assert environments(corpus, "lean-core-random", 1) == {"Init.D"}
        # B and C have three each: the first by key.
        assert environments(corpus, "lean-core-random", 2) == {"Init.D", "Init.B"}
        assert environments(corpus, "lean-core-random", 9) == COUNTS.keys()


def test_rounds_and_evaluations_stay_in_them(tmp_path: Path) -> None:
    with corpus_of(tmp_path) as corpus:
        config = FlywheelConfig.load(benchmark="lean-core-random", environments=3)
        for split, expected in (("train", {"Init.B", "Init.C"}), ("test", {"Init.B", "Init.C", "Init.D"})):
            kept = within(config, corpus, corpus.theorems("lean-core-random", split))
            assert {one.environment for one in kept} == expected
        train = corpus.theorems("lean-core-random", "train")
        assert within(FlywheelConfig.load(benchmark="lean-core-random"), corpus, train) == list(train)


def test_a_run_without_the_setting_is_described_as_before() -> None:
    assert "environments" not in FlywheelConfig.load(benchmark="lean-core-random").stored()
    assert FlywheelConfig.load(benchmark="lean-core-random", environments=3).stored()["environments"] == 3
