"""Where everything that is not source code lives. The one module that knows a path; others ask it.

cache_root()/                  env FLYWHEEL_CACHE, else the user's cache folder
    lean-<package version>/    an installation of embedded Lean (see `lean_env.embedded.install`)
    setup.lock                 held while `flywheel setup` works
    leandojo/                  LeanDojo's traced repositories, unless CACHE_DIR says otherwise
    tmp-*/                     an installation that is being made; left behind only by a killed setup
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOST = Path(__file__).resolve().parent / "embedded" / "host"
"""The JavaScript that runs beside Lean, as shipped in this package."""


def cache_root() -> Path:
    """The folder for what can be made again: `FLYWHEEL_CACHE`, else the user's cache folder. It may not exist yet."""
    override = os.environ.get("FLYWHEEL_CACHE")
    return Path(override).expanduser().resolve() if override else Path(platformdirs.user_cache_dir("lean-flywheel"))


def installation_root() -> Path:
    """The folder of the embedded Lean installation; complete when it contains `install.json`."""
    return cache_root() / "lean-4.28.0-pre"


def setup_lock() -> Path:
    """The file lock that lets only one `flywheel setup` write the cache."""
    return cache_root() / "setup.lock"


def leandojo_cache() -> Path:
    """LeanDojo's own folder for traced repositories, unless the user's CACHE_DIR names another."""
    return cache_root() / "leandojo"


def benchmark_work() -> Path:
    """Where a benchmark that is being built keeps its measurements, so that it can go on after an interruption."""
    return cache_root() / "benchmark"
