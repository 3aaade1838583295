"""Arms begin alike: those whose settings differ only in what comes after M_0 have one round 0 and one M_0 between them.

    begin_like([flywheel_config, ...], config, corpus, models / config.name)

Made again, both would cost a fifth of a small arm; and where training is not the same twice, as on many a GPU, arms
would differ before anything that they are to be compared in.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from corpus.beginning import take_beginning
from corpus.errors import NotFound
from corpus.health import HEALTH_ROUNDS
from corpus.records import GenerationRecord
from corpus.store import Corpus
from prover.policies.folder import replacing
from training.config import FlywheelConfig
from training.recipes.choice import recipe_class

#: Settings that say what happens after M_0. All others count, those of its evaluation and its health among them.
_AFTER = {
    "name",
    "generations",
    "retrain",
    "continued",
    "last_round",
    "sources",
    "unverified",
    "recipe",
    "without",
    "round",
}
#: The arms that judge M_0 alike in each run; at the whole budget it has as many steps as one run's rounds took.
_JUDGED_AS = frozenset({"M_0", *HEALTH_ROUNDS})


def alike(one: FlywheelConfig, other: FlywheelConfig) -> bool:
    """Whether round 0 and M_0 of the two are the same."""
    return _beginning(one) == _beginning(other)


def begin_like(others: Iterable[FlywheelConfig], config: FlywheelConfig, corpus: Corpus, models: Path) -> str | None:
    """The name of the run, of `others`, that the run `config` took its beginning over from; None where it has begun
    itself, or none of them begins alike and has an M_0. The run must be started; `models` is its folder."""
    if corpus.rounds(config.name) or corpus.generations(config.name):
        return None
    for other in others:
        if other.name == config.name or not alike(other, config):
            continue
        theirs = next((one for one in _generations(corpus, other.name) if one.number == 0 and one.finished_at), None)
        if theirs is None or not theirs.model_path or not Path(theirs.model_path).is_dir():
            continue
        folder = models / "M_0"
        with replacing(folder) as draft:  # first: a run whose rows say that M_0 is there has its weights
            shutil.copytree(theirs.model_path, draft, dirs_exist_ok=True)
        digest = config.digest()
        taken = take_beginning(
            corpus, config.name, other.name, config_hash=digest, model_path=str(folder), judged_as=_JUDGED_AS
        )
        if taken:
            return other.name
    return None


def _generations(corpus: Corpus, run: str) -> list[GenerationRecord]:
    try:
        return corpus.generations(run)
    except NotFound:  # nobody has begun it
        return []


def _beginning(config: FlywheelConfig) -> dict[str, object]:
    settings = {key: value for key, value in config.stored().items() if key not in _AFTER}
    settings["trees"] = config.trees.training, config.trees.evaluation
    settings["grammar_steps"] = config.grammar_steps or config.round.steps
    if recipe_class(config.recipe).own_first:
        settings["recipe"] = config.recipe
    return settings
