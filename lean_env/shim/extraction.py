"""What LeanDojo's `trace()` has `lake` and `lean` do in a repository, done from its words and by the workers.

lake build                                  every file is elaborated; an error in one fails the build
lean --print-prefix                         a folder that stands for the toolchain: an empty Init and no more
lake env lean --run ExtractData.lean        a syntax tree for each file, with the theorems and their tactics
lake build Lean4Repl                        nothing: the server answers instead of that module
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from lean_env.embedded.worker import LeanRefused, WorkerDied
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.shim.conversation import Conversation
from lean_env.shim.source import NotServed, Source, TheoremInText, WholeFile, modified_file, read_source
from lean_env.shim.spans import Span, theorems_in
from lean_env.shim.steps import TracedStep, traced_steps
from lean_env.shim.traced import PRELUDE, TracedRepository, built_at
from lean_env.theorem import Theorem

#: Files in a repository that are none of its modules.
_OTHERS = frozenset({"lakefile.lean", "ExtractData.lean", "Lean4Repl.lean"})

#: Opens the theorem of a file that LeanDojo wrote.
Open = Callable[[Theorem | TheoremInText], AbstractContextManager[Conversation]]
#: Elaborates a whole file. Raises LeanRefused, WorkerDied.
Check = Callable[[WholeFile], list[Message]]


class Place(Protocol):
    """Puts what a file of a repository asks for over the repository's own modules. Raises NotServed."""

    def __call__(self, source: Source, repository: Path, file: Path, /) -> Source: ...


def lean_files(folder: Path) -> list[Path]:
    """The modules of a repository, as paths in it."""
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*.lean")))
    return [path for path in found if not path.parts[0].startswith(".") and str(path) not in _OTHERS]


def build(folder: Path, check: Check, place: Place) -> Iterator[tuple[str, bool]]:
    """What there is to say, and whether it is an error. Puts an empty `.olean` where lake would put a module: LeanDojo
    counts them."""
    for path in lean_files(folder):
        text = (folder / path).read_text(encoding="utf-8")
        try:
            messages = check(place(WholeFile.of(text), folder, folder / path))
        except (LeanRefused, NotServed) as refused:
            yield f"warning: {path}: not elaborated here: {refused}\n", False
        else:
            for message in messages:
                if message.severity != "information":
                    yield message.printed(str(path)), message.severity == "error"
        olean = (folder / ".lake/build/lib/lean" / path).with_suffix(".olean")
        olean.parent.mkdir(parents=True, exist_ok=True)
        olean.touch()


def extract(folder: Path, open: Open, place: Place) -> tuple[int, int]:
    """Writes the traced files of a repository, with tactics where Lean runs the proof; returns how many theorems there
    are, and how many have tactics."""
    theorems = traced = 0
    for path in (files := lean_files(folder)):
        text = (folder / path).read_text(encoding="utf-8")
        spans = list(theorems_in(text))
        steps = {span: found for span in spans if (found := _steps(text, span, open, place, folder, path))}
        TracedRepository.write_trace(built_at(folder, path), text, spans, steps, files)
        theorems += len(spans)
        traced += len(steps)
    return theorems, traced


def toolchain(folder: Path) -> Path:
    """A folder for what stands for Lean's own: `Init`, on which every file depends, without a line in it."""
    source, built = folder / "src" / "lean", folder / "lib" / "lean"
    for one in (source, built):
        one.mkdir(parents=True, exist_ok=True)
    (source / "Init.lean").write_text("prelude\n", encoding="utf-8")
    (built / "Init.dep_paths").touch()
    (built / "Init.ast.json").write_text(json.dumps(PRELUDE), encoding="utf-8")
    return folder


def _steps(text: str, theorem: Span, open: Open, place: Place, folder: Path, path: Path) -> list[TracedStep]:
    """[] where Lean does not know what the file imports, or cannot open the theorem."""
    try:
        source = read_source(modified_file(text, theorem.start, theorem.colon_equals + len(":=")))
        if isinstance(source, WholeFile):
            return []
        with open(place(source, folder, folder / path)) as conversation:
            return traced_steps(text, theorem, conversation)
    except (NotServed, DojoInitError, DojoCrashError, LeanRefused, WorkerDied):
        return []
