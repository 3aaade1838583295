"""What a file that LeanDojo wrote asks for.

LeanDojo puts `import Lean4Repl` in front of a copy of the theorem's file, lifts the heartbeat limit of the theorem, and
replaces its proof by a tactic (`lean_dojo.interaction.dojo.Dojo._get_modified_proof`). Both additions are taken out
again: a worker has limits of its own, and a library theorem's file says `prelude` and has no room for another import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from lean_env.lean_text.header import Header, read_header
from lean_env.theorem import Environment, Theorem

#: Imported by a file that stands for a theorem of Lean's library: the stored expression of its name counts, not the
#: text. No comment, because LeanDojo takes those out.
LIBRARY_MARK = "LeanFlywheelLibraryTheorem"

_REPL = "by\n  lean_dojo_repl\n  sorry\n"
_COMMAND_REPL = "\n#lean_dojo_repl\n"
_NO_LIMIT = "set_option maxHeartbeats 0 in\n"
#: A name with universes after it (`foo.{u}`) does not match.
_THEOREM = re.compile(r"theorem\s+((?:[^\s(){}\[\]⦃:.]|\.(?!\{))++)\s*(?!\.)(.*):=", re.DOTALL)


class NotServed(Exception):
    """The shim does not do what is asked; the text says what."""


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file to elaborate from end to end, as `check_proof` does. `body` keeps the line numbers of the file."""

    environment: Environment
    body: str

    @classmethod
    def of(cls, text: str) -> WholeFile:
        head = read_header(text)
        return cls(_environment(head), head.body)


@dataclass(frozen=True, slots=True)
class TheoremInText:
    """A theorem that is more than a statement over imports. `before` is what precedes it (namespaces, definitions, its
    own attributes), `stated` reads `theorem … :=`."""

    environment: Environment
    before: str
    stated: str


Source = TypeVar("Source", bound=Theorem | TheoremInText | WholeFile)


def read_source(text: str) -> Theorem | TheoremInText | WholeFile:
    """The theorem that a session is to open, or the file to check. Raises NotServed."""
    head = read_header(text)
    environment = _environment(head)
    before, repl, _ = text.partition(_REPL)
    if not repl:
        if _COMMAND_REPL in text:
            raise NotServed("Commands are not served, only tactics: give Dojo a Theorem.")
        return WholeFile(environment, head.body)
    above, limit, stated = before.rpartition(_NO_LIMIT)
    if not limit:
        raise NotServed("LeanDojo did not write this file: the theorem has no line that lifts its limit.")
    above, stated = above[head.length :], stated.strip()
    match = _THEOREM.fullmatch(stated)
    if match is None or above.strip():
        return TheoremInText(environment, above.strip(), stated)
    name, statement = match.groups()
    if LIBRARY_MARK in head.imports:
        return Theorem(name, "", environment, module="")
    return Theorem(name, statement.strip(), environment)


def modified_file(text: str, theorem: int, proof: int) -> str:
    """A file as LeanDojo writes it for the theorem whose word begins at `theorem`, its proof at `proof`."""
    return f"import Lean4Repl\n{text[:theorem]}{_NO_LIMIT}{text[theorem:proof]} {_REPL}"


def _environment(head: Header) -> Environment:
    return Environment(tuple(name for name in head.imports if name not in ("Lean4Repl", LIBRARY_MARK)))
