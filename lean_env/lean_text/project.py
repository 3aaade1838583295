"""Where the modules of a repository lie: a Lake project's configuration, read as far as that goes without running it.

`lakefile.toml` is data. `lakefile.lean` is a program; its `lean_lib` and `package` declarations are read where they
are written out. A folder without either is a project whose modules lie by their names. Nothing is taken from outside a
project: dependencies are not served.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lean_env.lean_text.mask import without_comments

#: In Lake's own order.
LAKE_FILES = ("lakefile.lean", "lakefile.toml")
#: One component of a module's name. What it is besides, a path takes: no separators, no `..`.
_COMPONENT = re.compile(r"[^\W\d][\w'!?-]*")
_DECLARED = re.compile(r"^(?:@\[[^\]]*\]\s*)?(?P<word>package|lean_lib|lean_exe)\s+«?(?P<name>[^\s»]+)»?", re.MULTILINE)
_ANY_COMMAND = re.compile(r"^(?:@\[[^\]]*\]\s*)?[a-z_]+\b", re.MULTILINE)
_FOLDER = re.compile(r"\bsrcDir\s*:=\s*(?:\"(?P<text>[^\"\\]*)\")?")
_ROOTS = re.compile(r"\broots\s*:=\s*#\[(?P<names>[^\]]*)\]")


class ProjectError(Exception):
    """A module of one's own cannot be had; the text says which and why."""


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """Where a Lake library or executable has its modules."""

    #: The first components of its modules' names, joined by dots.
    roots: tuple[str, ...]
    #: From the project's root.
    folder: str

    def holds(self, module: str) -> bool:
        return any(module == root or module.startswith(f"{root}.") for root in self.roots)


@dataclass(frozen=True, slots=True)
class Project:
    """`folders` in the order of its configuration; what none of them holds lies under `folder`."""

    root: Path
    folders: tuple[SourceFolder, ...] = ()
    folder: str = "."

    @classmethod
    def of(cls, file: Path, imports: tuple[str, ...] = ()) -> Project:
        """The project that a file belongs to: the nearest folder above it with a lakefile. Without one, the folder in
        which the file's path begins like the name of a module that it imports, otherwise the file's own.

        Raises ProjectError for a lakefile that cannot be read."""
        above = [Path(folder) for folder in file.absolute().parents]
        for folder in above:
            if any((folder / name).is_file() for name in LAKE_FILES):
                return cls.at(folder)
        first = {module.split(".")[0] for module in imports}
        named = next((folder.parent for folder in above if folder.name in first), above[0])
        return cls(named)

    @classmethod
    def at(cls, root: Path) -> Project:
        """The project of that folder. Raises ProjectError for a lakefile that cannot be read."""
        lakefile = next((root / name for name in LAKE_FILES if (root / name).is_file()), None)
        if lakefile is None:
            return cls(root)
        try:
            text = lakefile.read_text(encoding="utf-8")
            parts = _from_toml(text) if lakefile.suffix == ".toml" else _from_lean(text)
        except (OSError, ValueError) as error:
            raise ProjectError(f"{lakefile} cannot be read: {error}") from error
        package = next((one.folder for one in parts if not one.roots), ".")
        folders = tuple(SourceFolder(one.roots, str(Path(package, one.folder))) for one in parts if one.roots)
        return cls(root, folders, package)

    def path_of(self, module: str) -> Path:
        """Where the module's file is, or would be. Raises ProjectError for a name that is no module's, and for a file
        outside the project."""
        parts = [part.removeprefix("«").removesuffix("»") for part in module.split(".")]
        if not all(_COMPONENT.fullmatch(part) for part in parts):
            raise ProjectError("which is no name of a module")
        candidates = [one.folder for one in self.folders if one.holds(".".join(parts))] or [self.folder]
        paths = [self.root.joinpath(folder, *parts[:-1], f"{parts[-1]}.lean") for folder in candidates]
        path = next((path for path in paths if path.is_file()), paths[0])
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise ProjectError(f"whose file {path} lies outside the project {self.root}")
        return path.resolve()

    def owns(self, module: str) -> bool:
        """Whether a module of this name would be the project's own, as far as that can be told."""
        first = module.split(".", maxsplit=1)[0]
        folders = {self.folder, *(one.folder for one in self.folders)}
        return any(one.holds(module) for one in self.folders) or any(
            (self.root / folder / first).is_dir() or (self.root / folder / f"{first}.lean").is_file()
            for folder in folders
        )


def _from_toml(text: str) -> list[SourceFolder]:
    """Raises ValueError."""
    config = tomllib.loads(text)
    found = [SourceFolder((), _text(config, "srcDir", "."))]
    for kind, default in (("lean_lib", "roots"), ("lean_exe", "root")):
        for one in config.get(kind, []):
            name = _text(one, "name", "")
            roots = one.get(default, name)
            roots = tuple(roots) if isinstance(roots, list) else (roots,)
            if not all(isinstance(root, str) and root for root in roots):
                raise ValueError(f"the {default} of {kind} {name!r} are no names")
            found.append(SourceFolder(roots, _text(one, "srcDir", ".")))
    return found


def _text(table: Any, key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return value


def _from_lean(text: str) -> list[SourceFolder]:
    """Raises ValueError for a source folder that is not written out."""
    text = without_comments(text)
    found = []
    for one in _DECLARED.finditer(text):
        following = _ANY_COMMAND.search(text, one.end())
        body = text[one.end() : following.start() if following else len(text)]
        folder = _FOLDER.search(body)
        if folder and folder["text"] is None:
            raise ValueError(f"the srcDir of {one['word']} {one['name']} is computed, and no lakefile is run here")
        listed = _ROOTS.search(body)
        roots = tuple(re.findall(r"`+«?([\w.'!?-]+)»?", listed["names"])) if listed else (one["name"],)
        found.append(SourceFolder(() if one["word"] == "package" else roots, (folder and folder["text"]) or "."))
    return found
