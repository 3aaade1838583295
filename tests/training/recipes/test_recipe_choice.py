"""Which recipe a run has, and what is refused before anything runs."""

import json
from pathlib import Path

import pytest

from prover.cli.main import run
from prover.cli.output import CANNOT_START
from training.config import FlywheelConfig
from training.recipes.choice import RECIPES, recipe_class, recipe_of
from training.recipes.recipe import RecipeRefused
from training.retrain import CannotRetrain, Options, retrain


def test_a_run_without_a_recipe_is_described_as_before_there_were_any() -> None:
    base, named = FlywheelConfig.load(), FlywheelConfig.load(recipe="expert-iteration")
    assert not {"recipe", "without"} & base.stored().keys()
    assert named.digest() == base.digest() == FlywheelConfig.load(without=()).digest()
    assert FlywheelConfig.load(recipe="other").digest() != base.digest()
    other = FlywheelConfig.load(recipe="other", without=("step",))
    again = FlywheelConfig.load(started=json.loads(json.dumps(other.stored())))
    assert (again.recipe, again.without, again.digest()) == ("other", ("step",), other.digest())


def test_each_recipe_says_what_it_is_in_one_line() -> None:
    for name in RECIPES:
        recipe = recipe_class(name)
        assert recipe.name == name and 10 < len(recipe.about) < 100 and "\n" not in recipe.about
        assert len(Path(__import__(recipe.__module__, fromlist=["x"]).__file__).read_text().splitlines()) < 200


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"recipe": "alchemy"}, "there is no recipe 'alchemy': expert-iteration"),
        ({"recipe": "alphaproof", "continued": True}, "says itself what it learns from and where it starts"),
        ({"without": ("dpo",)}, "recipe expert-iteration has no step dpo to leave out: nothing can be left out"),
        ({"recipe": "dpo"}, r"reads what Lean refused from search trees: set \[trees\] training = 1"),
        ({"recipe": "dpo", "train": {"kind": "text"}}, "recipe dpo is for the ranker"),
        ({"recipe": "dpo", "trees": {"training": 1}, "library": "snapshot"}, "without borrowed lemmas"),
    ],
)
def test_what_does_not_fit_is_refused(settings, said: str) -> None:
    with pytest.raises(RecipeRefused, match=said):
        recipe_of(FlywheelConfig.load(**settings))


def test_a_snapshot_alone_does_not_make_a_recipes_model() -> None:
    with pytest.raises(CannotRetrain, match="recipe star makes its models of more than a snapshot"):
        retrain(None, None, "3fa9", FlywheelConfig.load(recipe="star"), Options(Path("model")))  # type: ignore[arg-type]


def test_the_command_line_refuses_in_one_line_before_it_makes_anything(tmp_path, capsys) -> None:
    home = tmp_path / "home"
    assert run(["run", "--recipe", "alchemy", "--home", str(home)]) == CANNOT_START
    error = capsys.readouterr().err
    assert "there is no recipe 'alchemy'" in error and "Traceback" not in error and not (home / "models").exists()
