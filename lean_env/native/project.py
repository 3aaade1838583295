"""A Lean repository on disk: the toolchain that it names, and the compiled libraries that its files can import.

Only files are read here; neither lake nor a lakefile, which is a program, is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lean_env.native.errors import NativeUnavailable
from lean_env.paths import native_repositories

_RELEASE = re.compile(r"leanprover/lean4:(v4\.(\d+)\.\d+(?:-rc\d+)?)")
#: LeanDojo begins with v4.3.0-rc2.
_OLDEST = 3
_URL = re.compile(r"(?:https|ssh|git|file)://|git@[\w.-]+:")


@dataclass(frozen=True, slots=True)
class Project:
    """A Lake project that was built. All paths are real paths, and the libraries lie in `root`."""

    root: Path
    #: Such as `v4.20.0`.
    version: str
    #: The folder that has `bin/lean`.
    toolchain: Path
    #: The folders of .olean files, the project's own first.
    libraries: tuple[Path, ...]

    @property
    def minor(self) -> int:
        """20 of `v4.20.0`."""
        return int(self.version.split(".")[1])

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which `lean` finds itself and the libraries: what `lake env` would set."""
        return {
            "PATH": str(self.toolchain / "bin"),
            "LEAN_SYSROOT": str(self.toolchain),
            "LEAN_PATH": ":".join(map(str, self.libraries)),
            "LD_LIBRARY_PATH": str(self.toolchain / "lib" / "lean"),
            "LANG": "C.UTF-8",
        }


def open_project(repository: str) -> Project:
    """The project in a folder, or of a git URL, which is cloned once. Raises NativeUnavailable."""
    root = _clone(repository) if _URL.match(repository) else Path(repository).expanduser().resolve()
    if not root.is_dir():
        raise NativeUnavailable(f"{repository} is no folder, nor a URL that git can clone")
    release = _release(root)
    return Project(root, release, _toolchain(release), _libraries(root))


def named_release(root: Path) -> str:
    """The release that a folder's `lean-toolchain` names, '' without one: `v4.20.0`."""
    try:
        named = _RELEASE.fullmatch((root / "lean-toolchain").read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return ""
    return named[1] if named else ""


def _release(root: Path) -> str:
    release = named_release(root)
    if not release:
        raise NativeUnavailable(
            f"{root} needs a `lean-toolchain` that names a release, like leanprover/lean4:v4.20.0 (no nightlies)"
        )
    if int(release.split(".")[1]) < _OLDEST:
        raise NativeUnavailable(f"{root} is on Lean {release}; LeanDojo begins at v4.{_OLDEST}.0")
    return release


def _toolchain(release: str) -> Path:
    home = Path(os.environ.get("ELAN_HOME") or Path.home() / ".elan")
    if not (home / "bin" / "elan").exists() and shutil.which("elan") is None:
        raise NativeUnavailable(
            "elan is not installed, so there is no native Lean: see https://github.com/leanprover/elan. Without "
            "--toolchain native the embedded Lean is used, which needs none"
        )
    # elan's name for `leanprover/lean4:v4.20.0`; a linked toolchain is a symbolic link.
    toolchain = (home / "toolchains" / f"leanprover--lean4---{release}").resolve()
    if not (toolchain / "bin" / "lean").exists():
        raise NativeUnavailable(f"Lean {release} is missing: elan toolchain install leanprover/lean4:{release}")
    return toolchain


def _libraries(root: Path) -> tuple[Path, ...]:
    found = []
    for package in (root, *_packages(root)):
        built = package / ".lake" / "build" / "lib"
        # Lake moved the .olean files one folder down in 2025.
        library = built / "lean" if (built / "lean").is_dir() else built
        if not library.is_dir():
            continue
        library = library.resolve()
        if not library.is_relative_to(root):
            raise NativeUnavailable(
                f"{built} leads out of the repository, to {library}. Such a folder is not shown to a sandboxed Lean; "
                "copy the package into the repository"
            )
        found.append(library)
    if not found:
        raise NativeUnavailable(
            f"{root} is not built: cd {root} && lake exe cache get && lake build (the first only where Mathlib is "
            "used). That runs the repository's own programs, outside any sandbox, so it is left to you"
        )
    return tuple(found)


def _packages(root: Path) -> list[Path]:
    """The folders of the packages that the manifest requires, in its order."""
    try:
        manifest = json.loads((root / "lake-manifest.json").read_text(encoding="utf-8"))
        folder = root / manifest.get("packagesDir", ".lake/packages")
        paths = [root / package["dir"] for package in manifest["packages"] if package["type"] == "path"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NativeUnavailable(f"{root}/lake-manifest.json cannot be read: {type(error).__name__}: {error}") from error
    fetched = sorted(package for package in folder.iterdir() if package.is_dir()) if folder.is_dir() else []
    return [*fetched, *paths]


def _clone(url: str) -> Path:
    name = re.sub(r"[^\w-]", "-", url.rstrip("/").removesuffix(".git").rpartition("/")[2])
    target = native_repositories() / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(
                ["git", "clone", "--quiet", "--depth", "1", "--", url, target],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            )
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            raise NativeUnavailable(f"{url} cannot be cloned: {said.strip()}") from error
    return target.resolve()
