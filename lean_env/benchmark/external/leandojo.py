"""LeanDojo Benchmark 4: names of theorems with traced tactics; the statements are in the repository that was traced.

A row whose theorem is in Lean's own library, in the same file, is posed as that theorem is in lean-core. Others can be
stated as their first state prints them, which says what core Lean makes of it.
"""

from __future__ import annotations

import re
from pathlib import Path

from lean_env.benchmark.external.row import Row, TracedTactic
from lean_env.benchmark.external.text_class import hypotheses_of
from lean_env.lean_text.scope import Scope

_UNIVERSE = re.compile(r"\b(Type|Sort) (?:u_\d+|[a-z]\w*)\b")


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
    traced = _tactics(value["traced_tactics"])
    binders, conclusion = statement_of_state(traced[0].state_before) if traced else ("", "")
    return Row(
        name,
        binders,
        conclusion,
        Scope(),
        place,
        split,
        proved=True,
        library=name,
        extra=extra,
        traced=traced or (),
        objection="its traced tactics are not in LeanDojo's format" if traced is None else "",
    )


def statement_of_state(state: str) -> tuple[str, str]:
    """Binders and conclusion of a theorem that begins in this printed state; two '' where names cannot be written."""
    found = hypotheses_of(state)
    if found is None:
        return "", ""
    hypotheses, conclusion = found
    binders = []
    for names, type in hypotheses:
        if all(name.startswith("inst") and "✝" in name for name in names):
            binders += [f"[{type}]" for _ in names]
        else:
            binders.append(f"({' '.join(names)} : {type})")
    text = " ".join(" ".join(binders).split())
    if "✝" in text + conclusion or ":=" in text:
        return "", ""
    return _UNIVERSE.sub(r"\1 _", text), " ".join(conclusion.split())


def linear(traced: tuple[TracedTactic, ...]) -> list[str] | None:
    """The tactics that lead from the first state to no goals when each is run on the first open goal.

    A trace has a structured tactic and, behind it, the tactics inside it; those begin in a state in which the proof is
    not, and are left out. None where no such list is there (a `case` that picks another goal, a tactic that was not
    traced).
    """
    if not traced:
        return None
    goals, tactics = _goals(traced[0].state_before), []
    for step in traced:
        before = _goals(step.state_before)
        if before and goals[: len(before)] == before:
            goals = _goals(step.state_after) + goals[len(before) :]
            tactics.append(step.tactic)
    return None if goals else tactics


def introductions(state: str) -> list[str]:
    """The tactic that brings a closed statement to this first state, in which a theorem's binders are hypotheses; none
    where there are none. Names that cannot be written become `_`."""
    hypotheses, _ = hypotheses_of(state) or ([], "")
    names = ["_" if "✝" in name else name for group, _ in hypotheses for name in group]
    return [f"intro {' '.join(names)}"] if names else []


def _goals(state: str) -> list[str]:
    """A state's goals without their case names, which depend on what else is open."""
    if state.strip() in ("", "no goals"):
        return []
    return [re.sub(r"^case .*\n", "", goal.strip()) for goal in state.split("\n\n")]


def _tactics(value: object) -> tuple[TracedTactic, ...] | None:
    if not isinstance(value, list):
        return None
    found = []
    for step in value:
        match step:
            case {"state_before": str(before), "tactic": str(tactic), "state_after": str(after)}:
                found.append(TracedTactic(before, tactic, after))
            case _:
                return None
    return tuple(found)
