"""Where everything that is not source code lives. This is the one module that knows a path, and others ask it.

`cache_root()` (environment variable FLYWHEEL_CACHE, else the user's cache folder) holds

- `lean-4.28.0-pre/`: the installation of embedded Lean, see `lean_env.setup.install`; the second kernel's image of
  the library, see `lean_env.gate.second_kernel.image`, lies in it too
- `disagreements/`: proofs on which the two kernels disagreed, one file each, for people; nothing removes them
- `setup.lock`: held while `flywheel setup` works
- `leandojo/`: LeanDojo's traced repositories, unless CACHE_DIR says otherwise
- `benchmark/`: measurements of a benchmark that is being built
- `native/`: for `--toolchain native`, repositories cloned from URLs and lean-interact's builds of the repl
- `tmp-*/`: an installation that is being made; left behind only by a killed setup
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

#: The JavaScript that runs beside Lean, as shipped in this package.
HOST = Path(__file__).resolve().parent / "embedded" / "host"
#: The rewriting of the package. An installation depends on it and on the host.
GLUE = Path(__file__).resolve().parent / "setup" / "glue.py"

#: What a child process may know of this one's environment.
_KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "FLYWHEEL_CACHE", "TMPDIR", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


def cache_root() -> Path:
    """The folder for what can be made again: `FLYWHEEL_CACHE`, else the user's cache folder. It may not exist yet."""
    override = os.environ.get("FLYWHEEL_CACHE")
    folder = Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("lean-flywheel"))
    return folder.resolve()  # Node's permissions are granted to real paths


def installation_root() -> Path:
    """The folder of the embedded Lean installation; complete when it contains `install.json`."""
    return cache_root() / "lean-4.28.0-pre"


SECOND_KERNEL_IMAGE = "second_kernel.image"
"""In an installation's folder: the library as the second kernel maps it into its memory."""

SECOND_KERNEL_RECORD = "second_kernel.json"
"""Beside the image: what it was made from, and its hash."""


def disagreements() -> Path:
    """Where the gate keeps what one kernel accepted and the other rejected."""
    return cache_root() / "disagreements"


def python_path() -> str:
    """A PYTHONPATH with which a process of its own imports what this one imports, in the same order."""
    return os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)


def child_environment() -> dict[str, str]:
    """For a process that imports what this one imports: where things lie, and nothing else, such as somebody's keys."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": python_path()}


def setup_lock() -> Path:
    """The file lock that lets only one `flywheel setup` write the cache."""
    return cache_root() / "setup.lock"


def leandojo_cache() -> Path:
    """LeanDojo's own folder for traced repositories, unless the user's CACHE_DIR names another."""
    return cache_root() / "leandojo"


def benchmark_work() -> Path:
    """Where a benchmark that is being built keeps its measurements, so that it can go on after an interruption."""
    return cache_root() / "benchmark"


def native_repositories() -> Path:
    """The user's Lean repositories that were given as URLs."""
    return cache_root() / "native" / "repositories"


def native_repl() -> Path:
    """lean-interact's folder: the repl's source, and a build for each Lean."""
    return cache_root() / "native" / "repl"


@dataclass(frozen=True, slots=True)
class CacheItem:
    """One thing in the cache and the bytes it takes."""

    name: str
    path: Path
    bytes: int


def setup_folders() -> list[Path]:
    """The folders that setup made, as far as they exist: what `flywheel cache clear` removes and setup brings back."""
    return [path for path in (installation_root(), *sorted(cache_root().glob("tmp-*"))) if path.is_dir()]


def cache_report() -> list[CacheItem]:
    """What the cache holds, part by part, the largest first."""
    others = (leandojo_cache(), benchmark_work(), native_repositories(), native_repl())
    folders = [*setup_folders(), *(path for path in others if path.is_dir())]
    parts = [part for folder in folders for part in folder.iterdir()]
    items = [CacheItem(str(part.relative_to(cache_root())), part, _size(part)) for part in parts]
    return sorted(items, key=lambda item: -item.bytes)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
