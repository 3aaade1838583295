"""The files that LeanDojo looks for before it starts a Dojo: a traced repository in its cache, made without tracing.

    CACHE_DIR/gitpython-NAME-COMMIT/NAME/Path/File.lean
    CACHE_DIR/gitpython-NAME-COMMIT/NAME/Lean4Repl.lean                         present; unused
    CACHE_DIR/gitpython-NAME-COMMIT/NAME/.lake/build/ir/Path/File.ast.json      where the theorem and its proof stand
    CACHE_DIR/gitpython-NAME-COMMIT/NAME/.lake/build/ir/Path/File.dep_paths     empty

A theorem has a file of its own, named by its content: LeanDojo reads the whole syntax tree at every start (a tree of
9 MB costs 8 to 13 s), and files that are never changed can be shared by all processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lean_env.shim.source import LIBRARY_MARK
from lean_env.theorem import Theorem

_PROOF = "by\n  sorry\n"


@dataclass(frozen=True, slots=True)
class TheoremFile:
    """One theorem as a Lean file. `name` is what LeanDojo knows it by; offsets are UTF-8 bytes."""

    text: str
    name: str
    #: Of `theorem`, of `:=`, of `by`.
    start: int
    colon_equals: int
    proof: int

    @classmethod
    def of(cls, theorem: Theorem) -> TheoremFile:
        """A library theorem's statement is for reading only: the mark among the imports says so.

        Raises ValueError for a text that LeanDojo would change: it takes out comments, also inside string literals."""
        library = theorem.module is not None
        if not library and ("--" in theorem.statement or "/-" in theorem.statement):
            raise ValueError("LeanDojo takes out what looks like a comment, and with it a part of this statement")
        # The name of a text theorem may be anything, and its statement does not depend on it.
        name = theorem.name if library else "flywheel_goal"
        colon = ": " if library else ""
        modules = [*([LIBRARY_MARK] if library else []), *theorem.environment.imports]
        head = "prelude\n" + "".join(f"import {module}\n" for module in modules) + "\n"
        stated = f"{head}theorem {name} {colon}{theorem.statement} "
        start, colon_equals = len(head.encode()), len(stated.encode())
        return cls(f"{stated}:= {_PROOF}", name, start, colon_equals, colon_equals + len(":= "))

    @property
    def path(self) -> Path:
        """Where it lies in the repository. Two letters a folder, so that no folder grows large."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return Path(f"T{digest[:2]}", f"Goal{digest[2:18]}.lean")

    def syntax_tree(self) -> dict[str, Any]:
        """The least that LeanDojo takes for a traced file (ExtractData.lean's JSON)."""
        command = "Lean.Parser.Command."
        name_start = self.start + len("theorem ")
        name = {
            "ident": {
                **_source_info(name_start, name_start + len(self.name.encode())),
                "rawVal": self.name,
                "val": self.name,
                "preresolved": [],
            }
        }
        sorry_start = self.proof + _PROOF.index("sorry")
        value = _node(
            f"{command}declValSimple",
            _atom(":=", self.colon_equals),
            _node("Lean.Parser.Term.byTactic", _atom("by", self.proof), _atom("sorry", sorry_start)),
        )
        theorem = _node(
            f"{command}theorem",
            _atom("theorem", self.start),
            _node(f"{command}declId", name),
            _node(f"{command}declSig"),
            value,
        )
        declaration = _node(f"{command}declaration", _node(f"{command}declModifiers"), theorem)
        return {
            "commandASTs": [_node("Lean.Parser.Module.header"), declaration],
            "tactics": [],
            "premises": [],
        }


class TracedRepository:
    """A traced repository in LeanDojo's cache to which files can be added at any time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        _write_once(root / "Lean4Repl.lean", "-- The embedded Lean answers instead of this module.\n")

    def add(self, theorem: Theorem) -> TheoremFile:
        """Writes a theorem's files unless they are there."""
        file = TheoremFile.of(theorem)
        built = self.root / ".lake" / "build" / "ir" / file.path
        _write_once(self.root / file.path, file.text)
        _write_once(built.with_suffix(".dep_paths"), "")
        _write_once(built.with_suffix(".ast.json"), json.dumps(file.syntax_tree(), ensure_ascii=False))
        return file


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, whoever else writes the same."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)  # noqa: PTH105


def _node(kind: str, *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"node": {"info": "none", "kind": kind, "args": list(arguments)}}


def _atom(value: str, start: int) -> dict[str, Any]:
    return {"atom": {**_source_info(start, start + len(value.encode())), "val": value}}


def _source_info(start: int, end: int) -> dict[str, Any]:
    return {"info": {"original": {"leading": "", "pos": start, "trailing": "", "endPos": end}}}
