"""Arms that differ only in what comes after M_0 begin alike, and the second takes over what the first has made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from corpus.beginning import TAKEN_FROM
from corpus.records import RoundKind, RoundRecord, TheoremRecord
from corpus.store import Corpus
from prover.policies.folder import META, write_meta
from training.config import FlywheelConfig
from training.experiments.beginning import alike, begin_like, same_round_0, worth_waiting
from training.recipes.choice import RECIPES, recipe_class


def config(**given: Any) -> FlywheelConfig:
    """Settings of a run that writes proofs, unless `given` says otherwise."""
    text = {"kind": "text", "writes": "proof"}
    shared: dict[str, Any] = {"benchmark": "lean-logic", "workers": 1, "name": "first", "train": text}
    return FlywheelConfig.load(contents=shared | given)


def round_0(corpus: Corpus, of: FlywheelConfig) -> RoundRecord:
    """The grammar's round of a run, as it asks for it."""
    return corpus.start_round(
        run=of.name,
        generation_id=None,
        benchmark="lean-logic",
        split="train",
        stratum="",
        arm="grammar",
        kind=RoundKind.TRAIN,
        seed=1,
        config={"config_hash": of.digest()},
        selection=[],
    )


def started_m_0(corpus: Corpus, of: FlywheelConfig) -> int:
    """The id of M_0's row, as it is written before M_0 is trained."""
    return corpus.start_generation(
        run=of.name,
        number=0,
        parent=None,
        recipe="expert-iteration",
        config={},
        config_hash=of.digest(),
        seeds={},
        versions={},
        snapshot_hash=None,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"name": "other", "generations": 7},
        {"retrain": False},
        {"continued": True, "last_round": True, "sources": ["grammar"]},
        {"round": {"theorems": 7, "disproofs": 0}},
        {"recipe": "llama3", "without": ["averaging"]},
        {"workers": 3},
    ],
)
def test_what_comes_after_m_0_changes_no_beginning(given: dict[str, Any]) -> None:
    assert alike(config(), config(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"train": {"kind": "text", "writes": "proof", "epochs": 9}},
        {"evaluation": {"theorems": 9}},
        {"health": {"attempts": 2}},
        {"recipe": "star"},
    ],
)
def test_another_m_0_may_come_from_the_same_round_0(given: dict[str, Any]) -> None:
    assert not alike(config(), config(**given)) and same_round_0(config(), config(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"seed": 1},
        {"grammar_theorems": 7},
        {"search": {"max_depth": 9}},
        {"round": {"steps": 9}},  # the grammar's too, where it has none of its own
        {"trees": {"training": 0.5}},
        {"train": {"kind": "text"}},  # proofs that are written whole are not shortened
    ],
)
def test_what_round_0_comes_from_makes_another(given: dict[str, Any]) -> None:
    assert not alike(config(), config(**given)) and not same_round_0(config(), config(**given))


def test_a_recipe_with_an_m_0_of_its_own_begins_as_the_same_without_a_step() -> None:
    assert alike(config(recipe="star"), config(recipe="star", without=["hint"]))
    assert [name for name in RECIPES if recipe_class(name).own_first] == ["star"]


def test_the_weights_come_with_it_and_a_run_that_lost_them_gives_nothing(tmp_path: Path) -> None:
    corpus, first = Corpus.open(str(tmp_path / "corpus.db")), config()
    apart, other = config(name="apart", seed=3), config(name="other", retrain=False)
    for one in (first, other):
        corpus.start_run(one.name, one.stored())
    weights = tmp_path / "first" / "M_0"
    weights.mkdir(parents=True)
    (weights / "weights").write_text("of M_0", encoding="utf-8")
    write_meta(weights, {"weights_sha256": "f" * 64})
    assert begin_like([apart, other, first], other, corpus, tmp_path / "other") is None, "there is no M_0 yet"
    made = started_m_0(corpus, first)
    corpus.finish_generation(made, model_path=str(weights), model_hash="f" * 64, metrics={})
    assert begin_like([apart], other, corpus, tmp_path / "other") is None
    # Weights that are no longer M_0's are nobody's.
    for damage in ((weights / META).unlink, lambda: write_meta(weights, {"weights_sha256": "e" * 64})):
        damage()
        assert begin_like([first], other, corpus, tmp_path / "other") is None
        assert not (tmp_path / "other").exists()
    write_meta(weights, {"weights_sha256": "f" * 64})
    said = begin_like([apart, first], other, corpus, tmp_path / "other")
    assert said == "round 0 and M_0 are those of first, which begins alike"
    assert (tmp_path / "other" / "M_0" / "weights").read_text(encoding="utf-8") == "of M_0"
    (m_0,) = corpus.generations("other")
    assert m_0.metrics == {TAKEN_FROM: "first"} and m_0.config_hash == other.digest() != first.digest()
    assert m_0.model_path == str(tmp_path / "other" / "M_0")
    assert begin_like([apart, first], other, corpus, tmp_path / "other") is None, "it has begun"
    # Weights that are gone are nobody's beginning.
    third = config(name="third", generations=9)
    corpus.start_run(third.name, third.stored())
    shutil.rmtree(weights)
    assert begin_like([first], third, corpus, tmp_path / "third") is None
    assert corpus.generations("third") == [] and not (tmp_path / "third").exists()
    # Round 0 is still there for it, and for one that makes another M_0 of it.
    theorem = TheoremRecord("t", "True", "0" * 64, "Init", "", "train", "same-size")
    corpus.add_benchmark("lean-logic", "1", "library", [theorem])
    corpus.finish_round(round_0(corpus, first))
    star = config(name="star", recipe="star")
    corpus.start_run(star.name, star.stored())
    for one in (third, star):
        assert begin_like([apart, first], one, corpus, tmp_path / one.name) == (
            "round 0 is that of first, which begins alike"
        )
        assert [found.id for found in corpus.rounds(one.name)] == [round_0(corpus, one).id]
        assert corpus.generations(one.name) == []
    corpus.close()


def test_it_is_worth_waiting_for_what_is_being_made_and_for_nothing_else(tmp_path: Path) -> None:
    first, like, other = config(), config(name="like", generations=7), config(name="other", recipe="star")
    stranger, begun = config(name="stranger", seed=1), config(name="begun")
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:

        def waits(one: FlywheelConfig, *running: str) -> bool:
            return worth_waiting([first], one, running, corpus)

        assert waits(like, "first") and waits(other, "first"), "it is at work, and has not even started its run"
        assert not waits(like) and not waits(stranger, "first")
        corpus.add_benchmark("lean-logic", "1", "formula", [TheoremRecord("t", "p → p", "h", "", "easy", "train", "")])
        for one in (first, like, other, begun):
            corpus.start_run(one.name, one.stored())
        round_0(corpus, begun)
        assert not waits(begun, "first"), "it makes its own"
        corpus.finish_round(round_0(corpus, first))
        assert waits(like, "first") and waits(other, "first"), "more than one round may come before M_0"
        id = started_m_0(corpus, first)
        assert waits(like, "first") and not waits(other, "first"), "round 0 is all that star takes"
        corpus.finish_generation(id, model_path=str(tmp_path), model_hash="h", metrics={})
        assert not waits(like, "first") and not waits(like, "first", "other")
