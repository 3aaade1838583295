"""A trained ranker on disk: a folder with its weights, its tokenizer and a `meta.json` that can rebuild it.

Written beside its final place and renamed, so a folder of that name is either whole or absent. The weights' SHA-256
identifies the model everywhere (rounds and generations record it) and is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from prover.actions.repertoire import LIBRARY, Repertoire
from prover.actions.space import ActionSpace
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.network import ActionRanker, ModelConfig
from prover.policies.ranker.policy import RankerOptions, RankerPolicy
from prover.policies.ranker.prompt import MARKS, PromptEncoder

WEIGHTS, TOKENIZER, META = "weights.safetensors", "tokenizer.json", "meta.json"
_FORMAT = 1
#: What `save_checkpoint` works with beside the folder, by process.
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.(?P<kind>draft|retired)")


class CheckpointError(Exception):
    """The folder is no checkpoint of a ranker, is damaged, or was trained with another action space."""


@dataclass(frozen=True)
class Checkpoint:
    """A ranker as read from disk. `meta` is the whole `meta.json`, the training's record under `training`."""

    model: ActionRanker
    tokenizer: Tokenizer
    meta: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        return str(self.meta["weights_sha256"])


def save_checkpoint(folder: Path, model: ActionRanker, tokenizer: Tokenizer, training: Mapping[str, Any]) -> str:
    """Writes the folder (replacing one that is there) and returns the SHA-256 of its weights."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, draft / WEIGHTS)
    tokenizer.save(str(draft / TOKENIZER))
    digest = _sha256(draft / WEIGHTS)
    meta = {
        "format": _FORMAT,
        "model": model.config.model_dump(),
        "vocabulary": model.vocabulary,
        "templates": model.repertoire.names,
        "marks": list(MARKS),
        "weights_sha256": digest,
        "tokenizer_sha256": _sha256(draft / TOKENIZER),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "training": dict(training),
    }
    (draft / META).write_text(json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    if folder.exists():
        retired = folder.with_name(f".{folder.name}.{os.getpid()}.retired")
        folder.rename(retired)
        draft.rename(folder)
        shutil.rmtree(retired)
    else:
        draft.rename(folder)
    return digest


def remove_leftovers(models: Path) -> None:
    """Removes from the folder of a run's checkpoints what a process left that was killed while it saved. A checkpoint
    that it had just moved aside comes back where its successor did not arrive."""
    for path in models.glob(".*"):
        named = _LEFTOVER.fullmatch(path.name)
        if named is None or not path.is_dir() or _writes_still(int(named["pid"]), path):
            continue
        if named["kind"] == "retired" and not (models / named["name"]).exists():
            path.rename(models / named["name"])
        else:
            shutil.rmtree(path, ignore_errors=True)


def _writes_still(pid: int, folder: Path) -> bool:
    """Whether the process that made the folder may still be there: one of its number that is older than the folder."""
    try:
        return psutil.Process(pid).create_time() <= folder.stat().st_mtime
    except (psutil.Error, OSError):
        return False


def load_checkpoint(folder: Path, repertoire: Repertoire = LIBRARY) -> Checkpoint:
    """Reads a checkpoint folder of a ranker over `repertoire`. Raises CheckpointError."""
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no trained ranker (no {META}); `flywheel train` makes one") from None
    except ValueError as error:
        raise CheckpointError(f"{folder / META} is damaged: {error}") from None
    if meta.get("format") != _FORMAT:
        raise CheckpointError(f"{folder} has checkpoint format {meta.get('format')}, this version reads {_FORMAT}")
    if meta["templates"] != repertoire.names or meta["marks"] != list(MARKS):
        raise CheckpointError(
            f"{folder} was trained with other tactic templates or prompt marks than {repertoire.name} has here; "
            "train it again from the corpus (`flywheel train`)"
        )
    for name, expected in ((WEIGHTS, meta["weights_sha256"]), (TOKENIZER, meta["tokenizer_sha256"])):
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise CheckpointError(f"{path} is missing or is not the file that {META} describes")
    with torch.random.fork_rng(devices=[]):  # building a network draws weights that the next line replaces
        model = ActionRanker(ModelConfig.model_validate(meta["model"]), meta["vocabulary"], repertoire)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return Checkpoint(model.eval(), Tokenizer.from_file(str(folder / TOKENIZER)), meta)


def is_checkpoint(folder: Path) -> bool:
    """Whether the folder claims to hold a trained ranker; `load_checkpoint` says whether it does."""
    return (folder / META).is_file()


def load_ranker(folder: Path, space: ActionSpace, options: RankerOptions | None = None, name: str = "") -> RankerPolicy:
    """The policy of a checkpoint folder, called `name` or else like the folder. Raises CheckpointError."""
    checkpoint = load_checkpoint(folder, space.repertoire)
    encoder = PromptEncoder(checkpoint.tokenizer)
    return RankerPolicy(Inference(checkpoint.model), encoder, space, options, name or folder.name)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
