"""Repositories for LeanDojo: one of our own for single theorems, and a user's, traced by its words alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

from filelock import FileLock

import lean_env.session.leandojo  # noqa: F401  # makes the import of lean_dojo silent and local
from lean_env.embedded.errors import SetupError
from lean_env.lean_text.project import LAKE_FILES
from lean_env.shim.extraction import lean_files
from lean_env.shim.spans import theorems_in
from lean_env.shim.traced import TracedRepository

import lean_dojo.data_extraction.cache  # isort: skip

_NAME = "lean-flywheel-theorems"
_TOOLCHAIN = "leanprover/lean4:v4.28.0\n"
_BORN = "2026-01-01T00:00:00 +0000"


class GitMissing(SetupError):
    """LeanDojo finds theorems in git repositories only, and this machine has no git."""


def own_repository(parent: Path) -> lean_dojo.LeanGitRepo:
    """A git repository with one commit that has the same hash everywhere, and so the same place in LeanDojo's cache.

    Raises GitMissing."""
    if shutil.which("git") is None:
        raise GitMissing("LeanDojo needs git, which is not on PATH. Install it, or search without `--backend dojo`.")
    import git

    folder = parent / _NAME
    repo = git.Repo.init(folder)
    (folder / "lean-toolchain").write_text(_TOOLCHAIN)
    (folder / "lakefile.toml").write_text(f'name = "{_NAME}"\n')
    repo.index.add(["lean-toolchain", "lakefile.toml"])
    author = git.Actor("lean-flywheel", "")
    repo.index.commit(
        "Theorems", author=author, committer=author, author_date=_BORN, commit_date=_BORN, skip_hooks=True
    )
    repo.close()
    return _from_path(folder)


def trace_repository(folder: Path) -> tuple[lean_dojo.LeanGitRepo, int]:
    """Puts a local git repository into LeanDojo's cache as traced, with the theorems that its files hold.

    Its newest commit counts, as for `LeanGitRepo.from_path`, and it needs a `lean-toolchain` that names a release.
    Returns the repository and the number of its theorems. Raises what LeanDojo and git raise."""
    repository = _from_path(folder)
    files = TracedRepository(traced(repository))
    count = 0
    checkout = Path(repository.repo.working_dir)
    for lakefile in LAKE_FILES:
        if (checkout / lakefile).is_file():
            files.add_text(Path(lakefile), (checkout / lakefile).read_text(encoding="utf-8"))
    for path in (paths := lean_files(checkout)):
        text = (checkout / path).read_text(encoding="utf-8")
        found = list(theorems_in(text))
        files.add_file(path, text, found, files=paths)
        count += len(found)
    return repository, count


def traced(repository: lean_dojo.LeanGitRepo) -> Path:
    """Where LeanDojo looks for the repository's traced files."""
    return leandojo_folder() / str(repository.get_cache_dirname()) / str(repository.name)


def leandojo_folder() -> Path:
    """LeanDojo's cache as this process uses it."""
    return Path(lean_dojo.constants.CACHE_DIR)


def _from_path(folder: Path) -> lean_dojo.LeanGitRepo:
    """LeanDojo copies the repository into its cache, and two processes that do so at once are in each other's way."""
    cache = leandojo_folder()
    cache.mkdir(parents=True, exist_ok=True)
    # Where a program imported lean_dojo before this package, it would ask a remote cache for the repository.
    local = mock.patch.object(lean_dojo.data_extraction.cache, "DISABLE_REMOTE_CACHE", True)
    with FileLock(cache / "lean-flywheel.lock"), local:
        return lean_dojo.LeanGitRepo.from_path(folder)
