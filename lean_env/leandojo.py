"""LeanDojo's own types, imported in the one place that contains what importing lean_dojo does.

Importing lean_dojo logs in to GitHub when GITHUB_ACCESS_TOKEN is set, reads a `.env`, and asks a remote cache for
traced repositories unless told otherwise. None of that may happen because someone proves a theorem here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _quiet_import() -> Iterator[None]:
    """The environment that makes `import lean_dojo` silent and local; restored afterwards."""
    wanted = {"DISABLE_REMOTE_CACHE": "1", "GITHUB_ACCESS_TOKEN": None, "NUM_PROCS": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    real_load = None
    try:
        for name, value in wanted.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ.setdefault(name, value)
        import dotenv

        real_load = dotenv.load_dotenv
        dotenv.load_dotenv = lambda *_args, **_kwargs: False
        yield
    finally:
        if real_load is not None:
            dotenv.load_dotenv = real_load
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


with _quiet_import():
    from lean_dojo import (
        DojoCrashError,
        DojoInitError,
        DojoTacticTimeoutError,
        LeanError,
        ProofFinished,
        ProofGivenUp,
        TacticState,
    )
    from lean_dojo.interaction.parse_goals import Goal

TacticResult = TacticState | ProofFinished | LeanError | ProofGivenUp

__all__ = [
    "DojoCrashError",
    "DojoInitError",
    "DojoTacticTimeoutError",
    "Goal",
    "LeanError",
    "ProofFinished",
    "ProofGivenUp",
    "TacticResult",
    "TacticState",
]
