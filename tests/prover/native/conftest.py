"""The user's machine of tests/lean_env/native/, for the prover that runs on it."""

from __future__ import annotations

from tests.lean_env.native.conftest import bubblewrap, elan, native, project, repository, shim

__all__ = ["bubblewrap", "elan", "native", "project", "repository", "shim"]
