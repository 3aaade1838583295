"""Which trainer a run has: `[train] kind` says it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.actions.repertoire import Repertoire
from prover.actions.space import ActionSpace
from prover.policies.ranker.checkpoint import load_checkpoint
from prover.policies.text.constraint import require_elementary
from training.trainers.device import NoDevice, require_device
from training.trainers.halfway import Halfway
from training.trainers.ranker import RankerTrainer, ranker_metrics
from training.trainers.ranker_config import TrainConfig
from training.trainers.text_config import TextConfig

if TYPE_CHECKING:
    from training.trainers.text import TextTrainer


class ExtraMissing(Exception):
    """What this trainer needs is not installed. The text says what to install."""


class NoPremises(Exception):
    """A scorer of premises is asked for where a benchmark has none. The text says so."""


def trainer_of(
    config: TrainConfig | TextConfig,
    space: ActionSpace,
    device: str = "cpu",
    halfway: Halfway | None = None,
    origin: Mapping[str, Any] | None = None,
) -> RankerTrainer | TextTrainer:
    """The trainer of these settings. The ranker runs on the processor, wherever it is trained."""
    if isinstance(config, TrainConfig):
        return RankerTrainer(space, config, device, halfway, origin)
    from training.trainers.text import TextTrainer

    return TextTrainer(space, config, device, halfway, origin)


def require_trainable(config: TrainConfig | TextConfig, device: str, repertoire: Repertoire) -> None:
    """Before anything takes long: whether this machine can train so, for a benchmark with this repertoire. Raises
    NoDevice, ExtraMissing, NoPremises, and ModelUnavailable or CannotConstrain of a base or judge that cannot be
    used."""
    require_device(device)
    if isinstance(config, TrainConfig):
        if config.premise_scorer and not repertoire.retrieves:
            raise NoPremises(
                f"train.premise_scorer ranks the library's premises, and the repertoire {repertoire.name} offers none: "
                "leave it out"
            )
        if device == "mps":
            raise NoDevice("the ranker is trained on cpu and cuda, not on mps: leave --device out")
        return
    missing = [name for name in ("trl", "peft", "accelerate", "datasets") if importlib.util.find_spec(name) is None]
    if missing:
        raise ExtraMissing(
            f"[train] kind = \"text\" needs {', '.join(missing)}: `pip install 'lean-flywheel[text]'` brings it"
        )
    if config.constrained:
        require_elementary(repertoire)
    for model in filter(None, (config.base, config.judge)):
        from prover.policies.text.checkpoint import digest_of, load_tokenizer, pieces_of

        digest_of(model)
        pieces = pieces_of(load_tokenizer(model))
        if config.constrained:
            pieces.vocabulary()


def made(
    config: TrainConfig | TextConfig, folder: Path, space: ActionSpace
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The SHA-256 of a trained model's weights, its training's own record, and what the corpus keeps of that. Raises
    CheckpointError."""
    if isinstance(config, TrainConfig):
        meta = load_checkpoint(folder, space.repertoire).meta
        return meta["weights_sha256"], meta["training"], ranker_metrics(meta["training"])
    from prover.policies.text.checkpoint import text_meta
    from training.trainers.text import text_metrics

    meta = text_meta(folder)
    return meta["weights_sha256"], meta["training"], text_metrics(meta["training"])


def base_digest(config: TrainConfig | TextConfig, base: Path, space: ActionSpace) -> str:
    """SHA-256 of the weights in a folder that a training is to start from. Raises CheckpointError, ModelUnavailable."""
    if isinstance(config, TrainConfig):
        return load_checkpoint(base, space.repertoire).sha256
    from prover.policies.text.checkpoint import digest_of, load_tokenizer

    load_tokenizer(str(base))
    return digest_of(str(base))
