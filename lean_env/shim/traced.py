"""The files that LeanDojo looks for before it starts a Dojo: a traced repository in its cache, made without tracing.

CACHE_DIR/gitpython-NAME-COMMIT/NAME/Path/File.lean
CACHE_DIR/gitpython-NAME-COMMIT/NAME/Lean4Repl.lean                         present; unused
CACHE_DIR/gitpython-NAME-COMMIT/NAME/.lake/build/ir/Path/File.ast.json      where theorems and their proofs stand
CACHE_DIR/gitpython-NAME-COMMIT/NAME/.lake/build/ir/Path/File.dep_paths     the repository's own files that it imports
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, starmap
from pathlib import Path
from typing import Any

from lean_env.lean_text.header import read_header
from lean_env.lean_text.mask import line_comments, mask
from lean_env.lean_text.theorems import signature
from lean_env.shim.source import LIBRARY_MARK
from lean_env.shim.spans import Span
from lean_env.shim.steps import TracedStep
from lean_env.theorem import Theorem

_PROOF = "by\n  sorry"
_COMMAND = "Lean.Parser.Command"
_IMPORT = re.compile(r"(?P<word>import)\s+(?:all\s+)?(?P<module>\S+)")


class TracedRepository:
    """A traced repository in LeanDojo's cache to which files can be added at any time, by any process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        _write_once(root / "Lean4Repl.lean", "-- The embedded Lean answers instead of this module.\n")

    def add_text(self, path: Path, text: str) -> None:
        """Writes a file that is no module, unless it is there."""
        _write_once(self.root / path, text)

    def add_file(
        self,
        path: Path,
        text: str,
        theorems: Iterable[Span],
        steps: Mapping[Span, Sequence[TracedStep]] | None = None,
        files: Iterable[Path] = (),
    ) -> None:
        """Writes the three files of one Lean file, unless they are there. `steps`: the tactics of theorems, where they
        are known; `files`: the repository's own, among which are those that this one imports."""
        _write_once(self.root / path, text)
        self.write_trace(
            self.root / ".lake" / "build" / "ir" / path.with_suffix(""), text, theorems, steps or {}, files
        )

    @staticmethod
    def write_trace(
        built: Path,
        text: str,
        theorems: Iterable[Span],
        steps: Mapping[Span, Sequence[TracedStep]],
        files: Iterable[Path],
    ) -> None:
        """`built`.dep_paths and `built`.ast.json, unless they are there."""
        modules = {".".join(path.with_suffix("").parts): path for path in files}
        imported = [modules[name] for name in read_header(text).imports if name in modules]
        _write_once(built.with_name(f"{built.name}.dep_paths"), "".join(f"{path.as_posix()}\n" for path in imported))
        tree = json.dumps(syntax_tree(text, theorems, steps), ensure_ascii=False)
        _write_once(built.with_name(f"{built.name}.ast.json"), tree)

    def add(self, theorem: Theorem, head: str | None = None) -> tuple[Path, str]:
        """Gives a theorem a file of its own; its path and the name that LeanDojo is to ask for. `head`: what stands
        before it, where that is not the embedded Lean's.

        One theorem a file, because LeanDojo reads the whole tree at every start (9 MB cost 8 to 13 s). The file's name
        is a hash of its content, so it never changes. Raises ValueError for a text that LeanDojo would change."""
        text, span = theorem_file(theorem, head)
        digest = hashlib.sha256(text.encode()).hexdigest()
        path = Path(f"T{digest[:2]}", f"Goal{digest[2:18]}.lean")  # so that no folder grows large
        self.add_file(path, text, [span])
        return path, span.full_name


def built_at(root: Path, path: Path) -> Path:
    """Where what is built of a file lies, without an ending."""
    return root / ".lake" / "build" / "ir" / path.with_suffix("")


def theorem_file(theorem: Theorem, head: str | None = None) -> tuple[str, Span]:
    """A theorem of ours as a Lean file. A library theorem's statement is for reading only: the mark among the imports
    says so. Raises ValueError where LeanDojo would take out what looks like a comment, also inside a string literal."""
    library = theorem.module is not None
    if not library and ("--" in theorem.statement or "/-" in theorem.statement):
        raise ValueError("LeanDojo takes out what looks like a comment, and with it a part of this statement")
    # The name of a text theorem may be anything, and its statement does not depend on it.
    name = theorem.name if library else "flywheel_goal"
    if head is None:
        modules = [*([LIBRARY_MARK] if library else []), *theorem.environment.imports]
        head = "prelude\n" + "".join(f"import {module}\n" for module in modules) + "\n"
    statement = f": {theorem.statement}" if library else signature(theorem.statement)
    stated = f"{head}theorem {name} {statement} "
    proof = len(stated) + len(":= ")
    span = Span(name, len(head), len(head) + len("theorem "), len(stated), proof, proof + len(_PROOF))
    return f"{stated}:= {_PROOF}\n", span


def syntax_tree(
    text: str, theorems: Iterable[Span], steps: Mapping[Span, Sequence[TracedStep]] | None = None
) -> dict[str, Any]:
    """The least that LeanDojo takes for a traced file (the JSON of its ExtractData.lean): its imports, and theorems
    with the tactics that are known of them. Names are full names, so that no namespaces are needed."""
    steps = steps or {}
    offsets = [0, *accumulate(len(character.encode()) for character in text)]

    def info(start: int, end: int) -> dict[str, Any]:
        return {"info": {"original": {"leading": "", "pos": offsets[start], "trailing": "", "endPos": offsets[end]}}}

    def atom(value: str, start: int, end: int | None = None) -> dict[str, Any]:
        return {"atom": {**info(start, start + len(value) if end is None else end), "val": value}}

    def declaration(theorem: Span) -> dict[str, Any]:
        names = {"rawVal": theorem.full_name, "val": theorem.full_name, "preresolved": []}
        name = {"ident": {**info(theorem.name, theorem.name + 1), **names}}
        tactics = text.startswith("by", theorem.proof)
        kind = f"Lean.Parser.Term.{'byTactic' if tactics else 'proof'}"
        if found := steps.get(theorem):
            proof = _node(kind, atom("by", theorem.proof), block(found))
        else:
            proof = _node(kind, atom("by", theorem.proof, theorem.end))
        return _node(
            f"{_COMMAND}.declaration",
            _node(f"{_COMMAND}.declModifiers"),
            _node(
                f"{_COMMAND}.theorem",
                atom("theorem", theorem.start),
                _node(f"{_COMMAND}.declId", name),
                _node(f"{_COMMAND}.declSig"),
                _node(f"{_COMMAND}.declValSimple", atom(":=", theorem.colon_equals), proof),
            ),
        )

    def block(found: Sequence[TracedStep]) -> dict[str, Any]:
        sequence: list[dict[str, Any]] = []
        for step in found:
            text_of_it = atom(text[step.start : step.end], step.start, step.end)
            sequence += [*([_node("null")] if sequence else []), _node("Lean.Parser.Tactic.traced", text_of_it)]
        inside = _node("Lean.Parser.Tactic.tacticSeq1Indented", _node("null", *sequence))
        return _node("Lean.Parser.Tactic.tacticSeq", inside)

    def comment(start: int, end: int) -> dict[str, Any]:
        # LeanDojo takes comments out of what it gives to Lean. One that it does not know of goes with its line's end.
        nothing = atom("", start)
        nothing["atom"]["info"]["original"]["trailing"] = text[start:end]
        return _node("Lean.Parser.comment", nothing)

    def importing(word: re.Match[str]) -> dict[str, Any]:
        names: dict[str, Any] = {"rawVal": word["module"], "val": word["module"], "preresolved": []}
        module = {"ident": {**info(word.start("module"), word.end("module")), **names}}
        return _node("Lean.Parser.Module.import", atom("import", word.start("word")), module)

    # `prelude` is left out of the tree: LeanDojo opens no theorem of a file that has it there.
    code = mask(text[: read_header(text).length])
    header = _node("Lean.Parser.Module.header", *map(importing, _IMPORT.finditer(code)))
    return {
        "commandASTs": [header, *map(declaration, theorems), *starmap(comment, line_comments(text))],
        "tactics": [
            {
                "stateBefore": step.state_before,
                "stateAfter": step.state_after,
                "pos": offsets[step.start],
                "endPos": offsets[step.end],
            }
            for found in steps.values()
            for step in found
        ],
        "premises": [],
    }


def _node(kind: str, *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"node": {"info": "none", "kind": kind, "args": list(arguments)}}


_WORD = {"info": {"original": {"leading": "", "pos": 0, "trailing": "", "endPos": 7}}, "val": "prelude"}
#: The tree of a file that says `prelude` and no more, which therefore depends on nothing.
PRELUDE = {
    "commandASTs": [_node("Lean.Parser.Module.header", _node("Lean.Parser.Module.prelude", {"atom": _WORD}))],
    "tactics": [],
    "premises": [],
}


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, whoever else writes the same."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)  # noqa: PTH105
