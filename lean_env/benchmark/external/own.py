"""The modules of its own repository that a benchmark's Lean file imports: followed without asking Lean.

What no project has is left to the check of a row: it may be a module of the library, or one that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from lean_env.lean_text.commands import SCOPES, commands_of
from lean_env.lean_text.header import read_header
from lean_env.lean_text.mask import mask
from lean_env.lean_text.modules import ModulesError, OwnModules, modules_behind
from lean_env.lean_text.project import Project, ProjectError

#: The first words of modules that come with Lean, whatever a repository calls its own.
_LEAN_S = frozenset({"Init", "Std", "Lean", "Lake"})
#: What ends with the section that a module stands in.
_ENDS_WITH_IT = frozenset(SCOPES) - {"export"}


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """The modules that are not the project's own."""

    project: Project

    def __contains__(self, module: object) -> bool:
        return str(module).partition(".")[0] in _LEAN_S or not self.project.owns(str(module))


def own_modules_of(file: Path, text: str, base: Path) -> OwnModules | None:
    """What `file` brings along of its repository, or of the folder `base` that is loaded; None where it imports nothing
    of it. Raises ModulesError for a circle, a missing file, a lakefile that cannot be read."""
    imports = read_header(text).imports
    if all(module.partition(".")[0] in _LEAN_S for module in imports):
        return None
    try:
        projects = (Project.of(file, imports), Project.at(base))
    except ProjectError as error:
        raise ModulesError(str(error)) from error
    elsewhere = next((one for one in map(_Elsewhere, projects) if not all(m in one for m in imports)), None)
    if elsewhere is None:
        return None
    own = modules_behind(imports, file, elsewhere, elsewhere.project.root)
    return own if _leaves_something(own.text) else replace(own, text="")


@lru_cache(maxsize=16)
def _leaves_something(text: str) -> bool:
    """Whether modules do more than open and set something, each in its section."""
    return any(command.word not in _ENDS_WITH_IT for command in commands_of(text, mask(text)))
