"""Arms begin alike: those whose settings differ only in what comes after M_0 have one round 0 and one M_0 between them,
and those that make another M_0 of the same round 0 have that.

    begin_like([flywheel_config, ...], config, corpus, models / config.name)

Made again, both would cost a fifth of a small arm; and where training is not the same twice, as on many a GPU, arms
would differ before anything that they are to be compared in.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from corpus.beginning import take_m_0, take_round_0
from corpus.health import HEALTH_ROUNDS
from corpus.records import GenerationRecord
from corpus.store import Corpus
from prover.policies.folder import CheckpointError, read_meta, replacing
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
#: Settings that say what is made of round 0 and how that is judged.
_AFTER_ROUND_0 = {"train", "evaluation", "health", "human"}
#: The arms that judge M_0 alike in each run; at the whole budget it has as many steps as one run's rounds took.
_JUDGED_AS = frozenset({"M_0", *HEALTH_ROUNDS})


def alike(one: FlywheelConfig, other: FlywheelConfig) -> bool:
    """Whether round 0 and M_0 of the two are the same."""
    return _beginning(one) == _beginning(other)


def same_round_0(one: FlywheelConfig, other: FlywheelConfig) -> bool:
    """Whether round 0 of the two is the same."""
    return _round_0(one) == _round_0(other)


def begin_like(others: Sequence[FlywheelConfig], config: FlywheelConfig, corpus: Corpus, models: Path) -> str | None:
    """What the run `config` took over, and of which of the runs `others`, in words; None where it has begun itself, or
    none of them has anything for it. The run must be started; `models` is its folder."""
    if corpus.rounds(config.name) or corpus.generations(config.name):
        return None
    digest = config.digest()
    there = {run.name for run in corpus.runs()}
    others = [one for one in others if one.name in there and one.name != config.name]
    for other in others:
        weights = _weights(corpus, other.name) if alike(other, config) else None
        if weights is None:
            continue
        folder = models / "M_0"
        with replacing(folder) as draft:  # first: a run whose rows say that M_0 is there has its weights
            shutil.copytree(weights, draft, dirs_exist_ok=True)
        if take_m_0(corpus, config.name, other.name, digest, str(folder), _JUDGED_AS):
            return f"round 0 and M_0 are those of {other.name}, which begins alike"
    for other in others:
        if same_round_0(other, config) and take_round_0(corpus, config.name, other.name, digest):
            return f"round 0 is that of {other.name}, which begins alike"
    return None


def worth_waiting(
    others: Sequence[FlywheelConfig], config: FlywheelConfig, running: Collection[str], corpus: Corpus
) -> bool:
    """Whether the run `config` would take over more if it began later: one of `others`, by name among `running`, is
    making what none of them has yet."""
    there = {run.name for run in corpus.runs()}

    def made(run: str) -> list[GenerationRecord]:
        return corpus.generations(run) if run in there else []

    if config.name in there and (made(config.name) or corpus.rounds(config.name)):
        return False
    with_m_0 = [one for one in others if alike(one, config)]
    if any(one.name in running for one in with_m_0):
        return not any(found.finished_at for one in with_m_0 for found in made(one.name))
    with_round_0 = [one for one in others if same_round_0(one, config)]
    if any(one.name in running for one in with_round_0):
        return not any(made(one.name) for one in with_round_0)  # M_0's row is written when round 0 is there
    return False


def _weights(corpus: Corpus, run: str) -> Path | None:
    """The folder of a run's M_0; None where there is none, or another model by now."""
    found = next((one for one in corpus.generations(run) if one.number == 0 and one.finished_at), None)
    if found is None or not found.model_path:
        return None
    try:
        there = read_meta(Path(found.model_path)).get("weights_sha256")
    except CheckpointError:
        return None
    return Path(found.model_path) if there == found.model_hash else None


def _beginning(config: FlywheelConfig) -> dict[str, object]:
    stored = config.stored()
    settings = _round_0(config) | {key: stored.get(key) for key in _AFTER_ROUND_0}
    if recipe_class(config.recipe).own_first:
        settings["recipe"] = config.recipe
    return settings


def _round_0(config: FlywheelConfig) -> dict[str, object]:
    settings = {key: value for key, value in config.stored().items() if key not in _AFTER | _AFTER_ROUND_0}
    settings["trees"] = config.trees.training, config.trees.evaluation
    settings["grammar_steps"] = config.grammar_steps or config.round.steps
    settings["writes_proofs"] = config.writes_proofs  # whose proofs are not shortened
    return settings
