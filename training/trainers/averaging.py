"""Two rankers of one kind as one: the average of their weights.

Averaging a trained model with the one that it started from keeps some of the first one's breadth: in Goedel-Prover-V2
pass@1 rose in training while pass@32 fell, and the average had both (Lin et al. 2025, arXiv:2508.03613, section 3.4).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prover.actions.repertoire import Repertoire
from prover.policies.folder import CheckpointError
from prover.policies.ranker.checkpoint import load_checkpoint, save_checkpoint


def average(folder: Path, other: Path, share: float, repertoire: Repertoire) -> str:
    """Replaces the checkpoint in `folder` by (1 - share) of it and `share` of the one in `other`, its scorer of
    premises kept; returns the SHA-256 of the new weights. Raises CheckpointError where the two have not the same sizes
    and vocabulary."""
    mine, theirs = load_checkpoint(folder, repertoire), load_checkpoint(other, repertoire)
    if mine.config != theirs.config or mine.tokenizer.to_str() != theirs.tokenizer.to_str():
        raise CheckpointError(f"{folder} and {other} have other sizes or another vocabulary: they have no average")
    mixed = {name: (1 - share) * value + share * theirs.weights[name] for name, value in mine.weights.items()}
    training = {**mine.meta["training"], "averaged": {"with": theirs.sha256, "share": share}}
    return save_checkpoint(folder, replace(mine, weights=mixed), training)
