"""The unmodified LeanDojo over the shim: its tests run `lean_dojo.Dojo` itself, the real `lake` being ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from lean_env.embedded.pool import WorkerPool
from lean_env.shim.backend import LeanDojoBackend


@pytest.fixture(scope="session")
def backend(pool: WorkerPool) -> Iterator[LeanDojoBackend]:
    """Over the two workers that the whole run shares."""
    with LeanDojoBackend(pool) as backend:
        yield backend


@pytest.fixture
def on_path(backend: LeanDojoBackend, monkeypatch: pytest.MonkeyPatch) -> LeanDojoBackend:
    """The backend, its `lake` and `lean` first on PATH as a user's own script wants them."""
    monkeypatch.setenv("PATH", f"{backend.bin}{os.pathsep}{os.environ['PATH']}")
    return backend


def read_exports(serving: subprocess.Popen[bytes]) -> str:
    """What a `flywheel dojo env` prints for a shell; fails with its words where it ends before that."""
    assert serving.stdout is not None and serving.stderr is not None
    exports = b""
    for line in serving.stdout:
        exports += line
        if line.startswith(b"unset"):
            return exports.decode()
    pytest.fail(serving.stderr.read().decode())
