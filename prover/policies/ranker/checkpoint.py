"""A trained ranker on disk: a folder with its weights, its tokenizer and a `meta.json` that can rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from prover.actions.premise_scorer import PremiseScorer
from prover.actions.premise_table import FEATURES
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.actions.space import ActionSpace
from prover.policies.folder import (
    CheckpointError,
    read_meta,
    replacing,
    require_files,
    require_format,
    sha256_of,
    write_meta,
)
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.network import ActionRanker, ModelConfig
from prover.policies.ranker.policy import RankerOptions, RankerPolicy
from prover.policies.ranker.prompt import MARKS, PromptEncoder

WEIGHTS, TOKENIZER, PREMISES = "weights.safetensors", "tokenizer.json", "premises.safetensors"
_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A ranker as read from disk. `meta` is the whole `meta.json`, the training's record under `training`. `scorer`:
    what ranked the premises that it learned with."""

    model: ActionRanker
    tokenizer: Tokenizer
    meta: Mapping[str, Any]
    scorer: PremiseScorer | None = None

    @property
    def sha256(self) -> str:
        return str(self.meta["weights_sha256"])


def save_checkpoint(
    folder: Path,
    model: ActionRanker,
    tokenizer: Tokenizer,
    training: Mapping[str, Any],
    scorer: PremiseScorer | None = None,
) -> str:
    """Writes the folder (replacing one that is there) and returns the SHA-256 of its weights."""
    with replacing(folder) as draft:
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, draft / WEIGHTS)
        tokenizer.save(str(draft / TOKENIZER))
        digest = sha256_of(draft / WEIGHTS)
        meta = {
            "format": _FORMAT,
            "model": model.config.model_dump(),
            "vocabulary": model.vocabulary,
            "templates": model.repertoire.names,
            "marks": list(MARKS),
            "weights_sha256": digest,
            "tokenizer_sha256": sha256_of(draft / TOKENIZER),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "training": dict(training),
        }
        if scorer is not None:
            scorer.save(draft / PREMISES)
            meta["premises_sha256"], meta["premise_features"] = sha256_of(draft / PREMISES), list(FEATURES)
        write_meta(draft, meta)
    return digest


def load_checkpoint(folder: Path, repertoire: Repertoire = LIBRARY) -> Checkpoint:
    """Reads a checkpoint folder of a ranker over `repertoire`. Raises CheckpointError."""
    meta = read_meta(folder)
    if "templates" not in meta:
        raise CheckpointError(f"{folder} holds a language model; a ranker cannot go on from it")
    require_format(folder, meta, _FORMAT)
    if meta["templates"] != repertoire.names or meta["marks"] != list(MARKS):
        raise CheckpointError(
            f"{folder} was trained with other tactic templates or prompt marks than {repertoire.name} has here; "
            "train it again from the corpus (`flywheel train`)"
        )
    files = {WEIGHTS: meta["weights_sha256"], TOKENIZER: meta["tokenizer_sha256"]}
    scored = "premises_sha256" in meta
    require_files(folder, files | ({PREMISES: meta["premises_sha256"]} if scored else {}))
    if scored and meta.get("premise_features") != list(FEATURES):
        raise CheckpointError(
            f"{folder} has a scorer of premises that reads other features than this version; train it again from the "
            "corpus (`flywheel train`)"
        )
    scorer = PremiseScorer.load(folder / PREMISES) if scored else None
    with torch.random.fork_rng(devices=[]):  # building a network draws weights that the next line replaces
        model = ActionRanker(ModelConfig.model_validate(meta["model"]), meta["vocabulary"], repertoire)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return Checkpoint(model.eval(), Tokenizer.from_file(str(folder / TOKENIZER)), meta, scorer)


def load_ranker(folder: Path, space: ActionSpace, options: RankerOptions | None = None, name: str = "") -> RankerPolicy:
    """The policy of a checkpoint folder, called `name` or else like the folder. Raises CheckpointError."""
    checkpoint = load_checkpoint(folder, space.repertoire)
    encoder = PromptEncoder(checkpoint.tokenizer)
    scored = space.with_scorer(checkpoint.scorer)
    return RankerPolicy(Inference(checkpoint.model), encoder, scored, options, name or folder.name)
