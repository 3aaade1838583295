"""How many tactic steps a theorem gets: as many as any other, or more where its statement asks for a longer proof.

    own_steps(theorems, settings.steps, settings.steps_per_effort)     # {"rung13.p.00001": 404, "rung00.p.00001": 64}

At equal steps for all, the statements whose proof is longer than the budget cannot be solved, and height ends below
their rung. A graded statement's `effort` (lean_logic/effort.py) is an upper bound of its shortest proof, known before
anything is searched and the same for every arm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from corpus.records import TheoremRecord
from training.config import ConfigError


def own_steps(theorems: Iterable[TheoremRecord], least: int, per_effort: float) -> dict[str, int]:
    """By theorem: `per_effort` steps for each of its effort, `least` or more. Raises ConfigError where `per_effort` is
    asked for and no theorem is graded."""
    efforts = {theorem.name: int(theorem.extra.get("effort", 0)) for theorem in theorems}
    if per_effort and not any(efforts.values()):
        raise ConfigError("steps_per_effort needs theorems that are graded by effort; lean-logic-rungs has such")
    return {name: max(least, math.ceil(per_effort * effort)) for name, effort in efforts.items()}
