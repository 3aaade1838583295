"""LeanDojo Benchmark 4: names of theorems with traced tactics; the statements are in the repository that was traced.

A row whose theorem is in Lean's own library, in the same file, is posed as that theorem is in lean-core. Others have no
statement that could be read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lean_env.benchmark.external.row import Row
from lean_env.lean_text.scope import Scope


@dataclass(frozen=True, slots=True)
class TracedTactic:
    """One step of a human proof: printed state, tactic, printed state after it."""

    theorem: str
    state_before: str
    tactic: str
    state_after: str


def is_leandojo(value: object) -> bool:
    """Whether a JSON object is a row of this benchmark."""
    return isinstance(value, dict) and "full_name" in value and "traced_tactics" in value


def leandojo_row(value: dict[str, object], place: str, split: str) -> Row:
    """A row that names its theorem. `extra` has the module that its file is, and where the file came from."""
    name = str(value["full_name"])
    file = str(value.get("file_path", ""))
    parts = Path(file).with_suffix("").parts
    module = ".".join(parts[parts.index("Init") :]) if "Init" in parts else ""
    extra = {"file": file, "module": module, "url": str(value.get("url", "")), "commit": str(value.get("commit", ""))}
    return Row(name, "", "", Scope(), place, split, proved=True, library=name, extra=extra)


def traced_tactics(path: Path) -> Iterator[TracedTactic]:
    """The tactics of one JSON file (`train.json`, ...) in its order. Raises OSError, ValueError."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        if not is_leandojo(row):
            raise ValueError(f"{path} is no LeanDojo benchmark: a row without full_name and traced_tactics")
        for step in row["traced_tactics"]:
            yield TracedTactic(row["full_name"], step["state_before"], step["tactic"], step["state_after"])
