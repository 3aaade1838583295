"""LeanDojo's own types, imported in the one place that contains what importing lean_dojo does.

Importing lean_dojo logs in to GitHub when GITHUB_ACCESS_TOKEN is set, reads a `.env`, asks a remote cache for traced
repositories unless told otherwise, and fails where there is no git. None of that may happen because someone proves a
theorem here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from lean_env.paths import leandojo_cache


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Makes `import lean_dojo` silent and local; everything is as before afterwards."""
    import dotenv

    settings = {
        "CACHE_DIR": str(leandojo_cache()),
        "DISABLE_REMOTE_CACHE": "1",
        "GIT_PYTHON_REFRESH": "quiet",
        "NUM_PROCS": "1",
    }
    with (
        mock.patch.dict(os.environ, settings | os.environ),
        mock.patch.object(dotenv, "load_dotenv"),
    ):
        os.environ.pop("GITHUB_ACCESS_TOKEN", None)
        # lean_dojo makes its cache if it is not there, and fails where another process has made it in between.
        Path(os.environ["CACHE_DIR"]).mkdir(parents=True, exist_ok=True)
        if shutil.which("git"):
            yield
        else:
            # lean_dojo asks for git's version, only to refuse old ones; its Dojo types need no git.
            answer = subprocess.CompletedProcess("git --version", 0, b"git version 2.25.0", b"")
            with mock.patch.object(subprocess, "run", return_value=answer):
                yield


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
    from lean_dojo.interaction.parse_goals import Goal, parse_goals

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
    "parse_goals",
]
