"""A trained ranker on disk: a folder with its weights, its tokenizer and a `meta.json` that can rebuild it.

Nothing here needs torch: a program that proves with a trained ranker does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from prover.actions.premise_scorer import PremiseScorer
from prover.actions.premise_table import FEATURES
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.actions.space import ActionSpace
from prover.policies.decoder import Floats
from prover.policies.folder import (
    CheckpointError,
    read_meta,
    replacing,
    require_files,
    require_format,
    sha256_of,
    write_meta,
)
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.policy import RankerOptions, RankerPolicy
from prover.policies.ranker.prompt import MARKS, PromptEncoder

WEIGHTS, TOKENIZER, PREMISES = "weights.safetensors", "tokenizer.json", "premises.safetensors"
_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """All that a ranker is. `weights`: by their names in prover/policies/ranker/network.py. `scorer`: what ranked the
    premises that it learned with. `meta`: the whole `meta.json` that was read, the training's record under
    `training`."""

    weights: Mapping[str, Floats]
    config: ModelConfig
    repertoire: Repertoire
    tokenizer: Tokenizer
    scorer: PremiseScorer | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Of the file of weights that it was read from."""
        return str(self.meta["weights_sha256"])

    @property
    def vocabulary(self) -> int:
        """Number of tokens that it knows."""
        return len(self.weights["decoder.embed_tokens.weight"])


def save_checkpoint(folder: Path, checkpoint: Checkpoint, training: Mapping[str, Any]) -> str:
    """Writes the folder (replacing one that is there) with this record of its training; returns the SHA-256 of its
    weights."""
    with replacing(folder) as draft:
        save_file(dict(checkpoint.weights), draft / WEIGHTS)
        checkpoint.tokenizer.save(str(draft / TOKENIZER))
        digest = sha256_of(draft / WEIGHTS)
        meta = {
            "format": _FORMAT,
            "model": checkpoint.config.model_dump(),
            "vocabulary": checkpoint.vocabulary,
            "templates": checkpoint.repertoire.names,
            "marks": list(MARKS),
            "weights_sha256": digest,
            "tokenizer_sha256": sha256_of(draft / TOKENIZER),
            "versions": {name: metadata.version(name) for name in ("torch", "transformers")},
            "training": dict(training),
        }
        if checkpoint.scorer is not None:
            checkpoint.scorer.save(draft / PREMISES)
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
    config, tokenizer = ModelConfig.model_validate(meta["model"]), Tokenizer.from_file(str(folder / TOKENIZER))
    return Checkpoint(load_file(folder / WEIGHTS), config, repertoire, tokenizer, scorer, meta)


def load_ranker(folder: Path, space: ActionSpace, options: RankerOptions | None = None, name: str = "") -> RankerPolicy:
    """The policy of a checkpoint folder, called `name` or else like the folder. Raises CheckpointError."""
    checkpoint = load_checkpoint(folder, space.repertoire)
    encoder = PromptEncoder(checkpoint.tokenizer)
    scored = space.with_scorer(checkpoint.scorer)
    inference = Inference(checkpoint.weights, checkpoint.config, checkpoint.repertoire)
    return RankerPolicy(inference, encoder, scored, options, name or folder.name)
