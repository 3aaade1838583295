"""The alarm: one kernel accepts a proof and the other rejects it.

One of them has a bug, or this program has; either way nothing that comes next can be believed until a person has
looked. So it is neither a rejection nor an error of one theorem: nothing catches it on the way up, and the round stops.
The case is kept as a file of its own (`lean_env.paths.disagreements`) with all that is needed to run it again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from lean_env import paths
from lean_env.gate.statement import Statement
from lean_env.library.ndjson_writer import write_declarations, write_expression
from lean_env.theorem import Theorem


class KernelsDisagree(Exception):
    """`opinions` are the kernels' words. `case` holds theorem, statement and proof; `kept` is its file, None when that
    could not be written: then the message ends with the whole case."""

    def __init__(self, theorem: Theorem, statement: Statement, proof_ndjson: str, *opinions: str) -> None:
        self.opinions = opinions
        self.case: dict[str, object] = {
            "theorem": asdict(theorem),
            "opinions": opinions,
            "statement": write_expression(statement.type),
            "level_params": statement.level_params,
            "header_ndjson": write_declarations(statement.header.declarations),
            "proof_ndjson": proof_ndjson,
        }
        self.kept = _keep(self.case)
        text = json.dumps(self.case, ensure_ascii=False) if self.kept is None else str(self.kept)
        super().__init__(
            f"ALARM: the kernels disagree about a proof of `{theorem.name}`. {'; '.join(opinions)}. One of them is "
            "wrong, or this program is: trust nothing it says until that is known. This proof was not stored; "
            f"`flywheel corpus verify` asks both kernels about those that are. The case: {text}"
        )


def _keep(case: dict[str, object]) -> Path | None:
    """Writes the case under a name of its content; the same case again is the same file."""
    text = json.dumps(case, ensure_ascii=False, indent=1) + "\n"
    path = paths.disagreements() / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path
