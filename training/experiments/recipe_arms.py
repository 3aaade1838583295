"""Recipes as arms of one comparison: each that these settings can have, and beside it the same without the step that
makes it what it is.

    recipe_arms(config, seeds=3).arms                                              # flywheel experiment recipes

What they share is held equal where it can be: round 0 and so M_0, theorems, attempts and tactic steps of a round,
settings of training. Disproofs are taken from a round's attempts, and a recipe that samples more has fewer of the
loop's. The tables say what was used of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.config import ConfigError, FlywheelConfig, TreeSettings
from training.experiments.variants import Variant
from training.recipes.choice import RECIPES, recipe_class, recipe_of
from training.recipes.recipe import RecipeRefused
from training.trainers.text_config import TextConfig

#: What every arm takes from the settings that all of them have: what M_0 comes from, and what is learned how long.
_SHARED = (
    "generations",
    "seed_proofs",
    "human",
    "rungs",
    "easy_theorems",
    "grammar_theorems",
    "grammar_steps",
    "library",
    "search",
    "health",
    "train",
)
#: Settings of a round that say how many attempts it makes, and what of them are the loop's. `_offered` compares these.
_COUNTS = {"theorems", "disproofs"}
#: The ranker's own filter without a verifier: tactics that the model gave this probability or more.
_CONFIDENT = 0.5


@dataclass(frozen=True, slots=True)
class RecipeArms:
    """The arms, the first one the plainest; and by name why each recipe that is left out cannot be one of them."""

    arms: tuple[Variant, ...]
    left_out: Mapping[str, str]


def recipe_arms(config: FlywheelConfig, seeds: int) -> RecipeArms:
    """All that fit the settings. `round.disproofs` of these is alphaproof's; all others search as many statements to
    prove in their place."""
    arms: list[Variant] = []
    left_out: dict[str, str] = {}
    for name in RECIPES:
        try:
            kind = recipe_class(name)
            for without in ((), *kind.lesser):
                label = name + "".join(f"-no-{step}" for step in without)
                arms.append(_variant(label, _fitted(config, name, without), seeds, _named(name, without)))
        except RecipeRefused as error:
            left_out[name] = str(error)
    if config.train.kind == "ranker":
        sure = _fitted(config, "expert-iteration", ())
        trees = TreeSettings(evaluation=config.trees.evaluation, training=1.0)
        sure = sure.model_copy(update={"unverified": _CONFIDENT, "trees": trees})
        arms.append(_variant("confidence", sure, seeds, {"unverified": _CONFIDENT}))
        left_out.pop("confidence", None)
    found = RecipeArms(tuple(arms), left_out)
    require_equal(found.arms)
    return found


def require_equal(arms: Iterable[Variant]) -> None:
    """Raises ConfigError, in a line, where two arms begin apart or are offered unequal search or training, or where an
    arm's settings do not fit its recipe."""
    first, *others = arms
    for one in (first, *others):
        try:
            recipe_of(one.config)
        except RecipeRefused as error:
            raise ConfigError(f"arm {one.name!r}: {error}") from error
    for one in others:
        begun = _begun_like(one.config, first.config)
        apart = [key for key in _SHARED if getattr(begun, key) != getattr(first.config, key)]
        mine, its = (arm.config.round.model_dump(exclude=_COUNTS) for arm in (first, one))
        apart += [f"round.{key}" for key in mine if mine[key] != its[key]]
        if apart:
            raise ConfigError(
                f"arm {one.name!r} has another {', '.join(apart)} than {first.name!r}: recipes are compared from one "
                "M_0, at equal search and training"
            )
        # An odd number has no half.
        if abs((offered := _offered(one.config)) - (wanted := _offered(first.config))) > 1:
            raise ConfigError(
                f"arm {one.name!r} is offered {offered} attempts a round, {first.name!r} {wanted}: recipes are "
                "compared at equal search (theorems and disproofs together; of star, twice its theorems)"
            )


def _begun_like(config: FlywheelConfig, first: FlywheelConfig) -> FlywheelConfig:
    """A recipe whose M_0 is its own may make it of another base: `config`, with that of `first` in its place."""
    if recipe_class(config.recipe).own_first and isinstance(config.train, TextConfig):
        base = getattr(first.train, "base", "")
        return config.model_copy(update={"train": config.train.model_copy(update={"base": base})})
    return config


def _fitted(config: FlywheelConfig, name: str, without: Sequence[str]) -> FlywheelConfig:
    """The settings as this recipe is to have them. Raises RecipeRefused."""
    recipe = recipe_class(name)(frozenset(without))
    round = config.round
    disproofs = round.disproofs if recipe.has("disproofs") else 0
    theorems = int((round.theorems + round.disproofs - disproofs) * recipe.loops_share)
    round = round.model_copy(update={"theorems": theorems, "disproofs": disproofs})
    fitted = config.model_copy(update={"recipe": name, "without": tuple(without), "round": round})
    recipe_of(fitted)
    return fitted


def _offered(config: FlywheelConfig) -> int:
    """Attempts of a round at most, whosever."""
    share = recipe_class(config.recipe).loops_share
    return int(config.round.theorems / share) + config.round.disproofs


def _variant(name: str, config: FlywheelConfig, seeds: int, changes: Mapping[str, Any]) -> Variant:
    return Variant(name, config, seeds, changes)


def _named(name: str, without: Sequence[str]) -> dict[str, Any]:
    return {"recipe": name, **({"without": list(without)} if without else {})}
