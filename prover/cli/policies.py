"""The policy behind `--model`; torch is imported where there is one."""

from __future__ import annotations

from pathlib import Path

from prover.actions.space import ActionSpace
from prover.policies.portfolio import PortfolioPolicy
from prover.policy import Policy


def policy_of(model: str | None, space: ActionSpace) -> Policy:
    """A trained generation's folder, or else a causal language model; portfolio search without one. Raises
    CheckpointError, ModelUnavailable."""
    if model is None:
        return PortfolioPolicy(space)
    from prover.policies.ranker.checkpoint import is_checkpoint, load_ranker

    if is_checkpoint(Path(model)):
        return load_ranker(Path(model), space, name=Path(model).name)
    from prover.policies.free_text import FreeTextPolicy

    return FreeTextPolicy.load(model)
