"""Recipes as arms: all that fit, each beside itself without its steps, offered the same; what is unequal is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from prover.cli.main import run
from prover.cli.output import CANNOT_START
from training.config import ConfigError, FlywheelConfig, RoundSettings
from training.experiments.recipe_arms import recipe_arms, require_equal
from training.experiments.variants import Variant, variants_of
from training.recipes.choice import recipe_of

ROOT = Path(__file__).parents[3]
RANKERS = ["expert-iteration", "alphaproof", "alphaproof-no-disproofs", "alphaproof-no-replay"]
WRITERS = [
    *RANKERS,
    *("star", "star-no-hint", "llama3", "llama3-no-reward", "llama3-no-dpo-no-averaging", "llama3-no-averaging"),
    *("r1", "r1-no-student", "r1-no-dpo", "confidence", "judge"),
]


def settings(**more) -> FlywheelConfig:
    return FlywheelConfig.load(benchmark="lean-logic-rungs", name="r", round={"theorems": 84, "disproofs": 16}, **more)


def half(config: FlywheelConfig) -> RoundSettings:
    offered = config.round.theorems + config.round.disproofs
    return config.round.model_copy(update={"theorems": offered // 2, "disproofs": 0})


def test_the_ranker_has_those_that_mean_something_for_it_and_says_why_not_the_others() -> None:
    found = recipe_arms(settings(), 3)
    arms = {one.name: one for one in found.arms}
    assert {*RANKERS, "confidence"} <= arms.keys() and not {"star", "llama3", "r1", "judge"} & arms.keys()
    assert all("needs a model that writes proofs" in found.left_out[name] for name in ("star", "llama3", "r1"))
    assert "confidence" not in found.left_out and arms["confidence"].config.unverified == 0.5
    offered = {one.config.round.theorems + one.config.round.disproofs for one in found.arms}
    assert offered == {100}, "the same attempts a round for all"
    assert {name for name, one in arms.items() if one.config.round.disproofs} == {"alphaproof", "alphaproof-no-replay"}
    assert len({one.run(2).name for one in found.arms}) == len({one.run(2).digest() for one in found.arms}) == len(arms)


def test_a_writer_has_all_and_each_without_its_steps() -> None:
    config = settings(train={"kind": "text", "writes": "proof", "samples": 8})
    found = recipe_arms(config, 1)
    assert [one.name for one in found.arms if one.name != "dpo"] == WRITERS
    arms = {one.name: one for one in found.arms}
    assert arms["star"].config.round.theorems == 50, "half of them are tried again, with and without a hint"
    for one in found.arms:
        assert recipe_of(one.config).without == frozenset(one.config.without)


def test_a_recipe_with_an_m_0_of_its_own_may_make_it_of_another_base() -> None:
    first = settings(train={"kind": "text", "writes": "proof", "samples": 8, "base": "folder"})
    planned = first.train.model_copy(update={"base": "planned"})
    star = first.model_copy(update={"recipe": "star", "train": planned, "round": half(first)})
    require_equal([Variant("plain", first, 1, {}), Variant("star", star, 1, {})])
    with pytest.raises(ConfigError, match="arm 'r1' has another train than 'plain'"):
        r1 = first.model_copy(update={"recipe": "r1", "train": planned})
        require_equal([Variant("plain", first, 1, {}), Variant("r1", r1, 1, {})])
    with pytest.raises(ConfigError, match="arm 'star' has another train than 'plain'"):
        longer = planned.model_copy(update={"epochs": 99})
        require_equal(
            [Variant("plain", first, 1, {}), Variant("star", star.model_copy(update={"train": longer}), 1, {})]
        )


FILE = """
benchmark = "lean-logic"
name = "few"
round = { theorems = 30, disproofs = 0 }
[[arm]]
name = "expert-iteration"
[[arm]]
name = "other"
"""


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("round = { theorems = 40 }", "'other' is offered 40 attempts a round, 'expert-iteration' 30"),
        ('recipe = "alphaproof"\nround = { disproofs = 5 }', "'other' is offered 35 attempts a round"),
        ("round = { steps = 9 }", "another round.steps than 'expert-iteration'"),
        ("train = { epochs = 99 }", "another train than"),
        ("grammar_theorems = 7", "another grammar_theorems than .*from one M_0"),
        ('recipe = "llama3"', "arm 'other': recipe llama3 needs a model that writes proofs"),
        ('recipe = "alphaproof"', "arm 'other': recipe alphaproof learns from disproofs"),
        ('without = ["hint"]', "arm 'other': recipe expert-iteration has no step hint"),
    ],
)
def test_arms_that_would_not_be_compared_fairly_are_refused_in_one_line(
    arm: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "arms.toml"
    file.write_text(FILE + arm + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        require_equal(variants_of(file, 1))
    home = ["--home", str(tmp_path / "home")]
    assert run(["experiment", "recipes", "--config", str(file), *home]) == CANNOT_START
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "home").exists(), "before anything runs"


def test_the_arms_that_results_ask_for_can_be_compared() -> None:
    found = variants_of(ROOT / "results" / "recipes.toml", 3)
    require_equal(found)
    assert len({one.config.digest() for one in found}) == len(found) >= 5
