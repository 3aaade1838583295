"""The policy behind `--model` or `--policy-url`; torch is imported where there is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from prover.cli.output import UserError, errors

if TYPE_CHECKING:
    from prover.actions.space import ActionSpace
    from prover.policies.server.policy import ServerPolicy
    from prover.policy import Policy
    from prover.rounds.attempt import Phase
    from prover.search.kinds import SearchKind

#: A folder or a hub model, a server that has answered, or None for portfolio search.
Source: TypeAlias = "str | ServerPolicy | None"

#: What a folder holds that `policy_of` can load: a trained generation, a causal language model.
_MARKS = ("meta.json", "config.json")


def check_models(models: Sequence[str]) -> None:
    """Whether there is something at each `--model`: a folder, or a hub model that was downloaded before. Quick, so that
    it comes before anything heavy. Raises UserError."""
    for model in models:
        folder = Path(model).expanduser()
        if model == "smollm2" or (folder.suffix == ".gguf" and folder.is_file()):
            continue  # loading it says what is missing
        if folder.is_dir():
            if not any((folder / mark).is_file() for mark in _MARKS):
                raise UserError(
                    f"--model {model}: neither a trained generation (meta.json) nor a causal language model "
                    f"(config.json) is in this folder{_meant(folder / 'M')}"
                )
        elif not _in_hub_cache(model):
            raise UserError(
                f"--model {model}: there is no such folder, and no hub model of this name was downloaded before"
                f"{_meant(folder)}"
            )


def server_of(url: str | None, model: str | None, prompt: str | None, samples: int | None) -> ServerPolicy | None:
    """The policy of the server at `--policy-url`, which has answered; None without one. Raises UserError,
    ServerRefused."""
    if url is None:
        for option, given in (("model", model), ("prompt", prompt), ("samples", samples)):
            if given is not None:
                raise UserError(f"--policy-{option} goes with --policy-url")
        return None
    if prompt is not None and not any(slot in prompt for slot in ("{state}", "{goal}")):
        raise UserError("--policy-prompt has to have {state} or {goal} in it, where the goal stands")
    from prover.policies.server import KEY_VARIABLE
    from prover.policies.server.policy import connect
    from prover.policies.text.policy import TextOptions

    key = os.environ.get(KEY_VARIABLE, "").strip()
    changes = {"prompt": prompt, "samples": samples}
    options = TextOptions(**{name: value for name, value in changes.items() if value is not None})
    policy = connect(url, model, key or None, options)
    if key and policy.client.in_the_clear:
        errors.print(f"{KEY_VARIABLE} goes to {policy.client.url} unencrypted; https:// would hide it", soft_wrap=True)
    return policy


def policy_of(model: Source, space: ActionSpace, device: str = "cpu") -> Policy:
    """A server's model, a trained generation's folder, or else a causal language model; portfolio search without one.
    Raises CheckpointError, ModelUnavailable, CannotConstrain."""
    if model is None:
        from prover.policies.portfolio import PortfolioPolicy

        return PortfolioPolicy(space)
    if not isinstance(model, str):
        return model.limited_to(space.repertoire.allows)
    from prover.policies.folder import is_checkpoint, read_meta

    if not is_checkpoint(Path(model)):
        from prover.policies.text.checkpoint import load_foreign

        return load_foreign(model, allows=space.repertoire.allows, device=device)
    if "kind" in read_meta(Path(model)):
        from prover.policies.text.checkpoint import load_text

        return load_text(Path(model), space=space, device=device)
    from prover.policies.ranker.checkpoint import load_ranker

    return load_ranker(Path(model), space, name=Path(model).name)


def phase_of(model: Source, space: ActionSpace, steps: int, search: SearchKind = "best-first") -> Phase:
    """The search that proves with `policy_of(model)`; what a model that writes whole proofs has written is run.
    Portfolio search goes through all that its policy proposes; cut to 40 proposals a state, as a model's is, it ends
    exhausted where a proof is one of the others."""
    from prover.policies.portfolio import PORTFOLIO_EDGES
    from prover.rounds.attempt import Phase
    from prover.search.budget import Budget
    from prover.search.kinds import search_of

    policy = policy_of(model, space)
    if getattr(getattr(policy, "options", None), "whole", False):
        from prover.search.whole import WholeProofs

        return Phase(policy, Budget(steps), WholeProofs())
    how = search_of(search) if model is not None else search_of(search, edges_per_state=PORTFOLIO_EDGES)
    return Phase(policy, Budget(steps), how)


def _in_hub_cache(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except ValueError:  # no name that a hub model can have
        return False


def _meant(folder: Path) -> str:
    """The folder beside `folder` whose name is the nearest, if it holds a model; else where models are."""
    beside = {
        entry.name: entry for entry in folder.parent.glob("*") if any((entry / mark).is_file() for mark in _MARKS)
    }
    if near := get_close_matches(folder.name, beside, 1, cutoff=0.3):
        return f"; did you mean {beside[near[0]]}?"
    return "; `flywheel train` and `flywheel run` leave them in HOME/models/RUN/M_0, M_1, ..."
