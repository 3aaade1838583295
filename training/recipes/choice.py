"""Which recipe a run has: `recipe = "NAME"` in its settings, and `without` for the steps that are left out."""

from __future__ import annotations

from importlib import import_module

from training.config import FlywheelConfig
from training.recipes.recipe import Recipe, RecipeRefused

#: Where each one is: what trains language models is an extra, and is imported only by whoever asks for it.
RECIPES = {
    "expert-iteration": "training.recipes.expert_iteration:ExpertIteration",
    "alphaproof": "training.recipes.alphaproof:AlphaProof",
    "dpo": "training.recipes.dpo:Dpo",
    "star": "training.recipes.star:Star",
    "llama3": "training.recipes.llama3:Llama3",
    "r1": "training.recipes.r1:R1",
    "confidence": "training.recipes.unverified:Confidence",
    "judge": "training.recipes.unverified:Judge",
}


def recipe_class(name: str) -> type[Recipe]:
    """The recipe of that name. Raises RecipeRefused."""
    if name not in RECIPES:
        raise RecipeRefused(f"there is no recipe {name!r}: {', '.join(RECIPES)}")
    module, _, kind = RECIPES[name].partition(":")
    try:
        made: type[Recipe] = getattr(import_module(module), kind)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("trl", "datasets", "peft", "accelerate"):
            raise
        raise RecipeRefused(
            f"recipe {name} needs {error.name}: `pip install 'lean-flywheel[text]'` brings it"
        ) from error
    return made


def recipe_of(config: FlywheelConfig) -> Recipe:
    """The recipe that these settings name. Raises RecipeRefused where they do not fit it."""
    made = recipe_class(config.recipe)
    if unknown := sorted(set(config.without) - made.parts):
        has = f"it has {', '.join(sorted(made.parts))}" if made.parts else "nothing can be left out of it"
        raise RecipeRefused(f"recipe {made.name} has no step {', '.join(unknown)} to leave out: {has}")
    if config.recipe != "expert-iteration" and (
        config.continued or config.sources or config.last_round or config.unverified
    ):
        raise RecipeRefused(
            f"recipe {made.name} says itself what it learns from and where it starts: leave `continued`, `sources`, "
            "`last_round` and `unverified` out"
        )
    recipe = made(frozenset(config.without))
    recipe.require(config)
    return recipe
