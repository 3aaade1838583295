"""A Python process of its own, started like every other one here: what it imports, what it may know, and on how many
threads its arithmetic runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from prover.policies.server import KEY_VARIABLE

_START = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from importlib import import_module
import_module(sys.argv[2]).main(*map(int, sys.argv[3:]))"""
#: The arithmetic of one process stays on its core. OpenBLAS reads this when numpy is imported.
_ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def started(module: str, *descriptors: int) -> subprocess.Popen[bytes]:
    """Runs `main(*descriptors)` of the module; these descriptors are open there, too. It is in a session of its own, so
    that Ctrl-C reaches this process alone, and does not get the key of a model server."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, json.dumps(sys.path), module, *map(str, descriptors)],
        pass_fds=descriptors,
        env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE} | _ONE_THREAD,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
