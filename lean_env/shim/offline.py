"""What makes an unmodified `lean_dojo.trace` work without a network: a `sitecustomize` for the user's own Python.

`flywheel dojo env` puts a copy of this file, under that name, first on PYTHONPATH: Python runs it when it starts. The
package on disk stays as it is; two of its modules are changed as they are imported.

- `LeanGitRepo.get_dependencies` asks GitHub for the commit of Lean 4 that `lean-toolchain` names, before anything else
  and whatever is cached, and no setting turns that off. The sources of that dependency are looked at nowhere, so there
  are none.
- `trace` takes everything in LeanDojo's cache for a trace. What `--trace` put there is enough for Dojo and is none.

Standard library only, and nearly nothing of it before lean_dojo is imported, since every Python that the script starts
runs this, with or without our packages.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own would be an import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

#: The name under which Python looks for it.
NAME = "sitecustomize"


def _no_dependencies(module: Any) -> None:
    """Changes `lean_dojo.data_extraction.lean`."""
    module.LeanGitRepo.get_dependencies = lambda _repository, _path=None: {}


def _no_half_made_trace(module: Any) -> None:
    """Changes `lean_dojo.data_extraction.trace`."""
    from functools import wraps
    from shutil import rmtree

    original = module.trace

    @wraps(original)
    def trace(repo: Any, *arguments: Any, **options: Any) -> Any:
        present = module.cache.cache_dir / repo.get_cache_dirname() / repo.name
        # A trace is a clone.
        if present.exists() and not (present / ".git").exists():
            rmtree(present.parent)
        return original(repo, *arguments, **options)

    module.trace = trace


_CHANGES = {
    "lean_dojo.data_extraction.lean": _no_dependencies,
    "lean_dojo.data_extraction.trace": _no_half_made_trace,
}


class _Finder:
    """Finds those two modules where they are, and changes them once they are executed."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if (change := _CHANGES.get(name)) is None:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            loader: Any = spec.loader
            loader.exec_module = _then(loader.exec_module, change)
        return spec


def _then(execute: Callable[[ModuleType], None], change: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def both(module: ModuleType) -> None:
        execute(module)
        change(module)

    return both


def _next_sitecustomize() -> None:
    """Python runs the first module of this name only: the one that this hides is run here, and stays in its place.

    Raises what that one raises, which `site` reports as it would have done without us."""
    this, folder = sys.modules.pop(NAME), os.path.dirname(__file__)  # noqa: PTH120  (pathlib costs 5 ms)
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    try:
        __import__(NAME)
    except ModuleNotFoundError as error:
        if error.name != NAME:
            raise
    finally:
        sys.modules.setdefault(NAME, this)


if __name__ == NAME:
    sys.meta_path.insert(0, _Finder)
    _next_sitecustomize()
