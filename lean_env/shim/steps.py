"""The tactics of a proof with the states around them, as LeanDojo's `trace()` wants them: proofs are run step by step.

A proof is cut where a line begins in the column of its first tactic; what is inside a structured tactic, or behind a
semicolon, is no step of its own. A proof that does not go through so has no traced tactics.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from lean_env.lean_text.mask import mask
from lean_env.shim.conversation import Conversation
from lean_env.shim.spans import Span


@dataclass(frozen=True, slots=True)
class TracedStep:
    """One tactic: its place in the file in characters, and the printed states before and after it."""

    start: int
    end: int
    state_before: str
    state_after: str


def tactics_in(text: str, theorem: Span) -> Iterator[tuple[int, int]]:
    """Where the tactics of a `by` proof stand, in order; nothing for a proof term."""
    code = mask(text[: theorem.end])
    if not code.startswith("by", theorem.proof) or code[theorem.proof + 2 : theorem.proof + 3].strip():
        return
    start = column = -1
    end = position = theorem.proof + 2
    while position < theorem.end:
        stop = code.find("\n", position, theorem.end)
        stop = theorem.end if stop < 0 else stop
        line = code[position:stop]
        if line.strip():
            first = position + len(line) - len(line.lstrip())
            indent = first - (code.rfind("\n", 0, first) + 1)
            if column < 0:
                start, column = first, indent
            elif indent <= column:
                yield start, end
                start = first
            end = position + len(line.rstrip())
        position = stop + 1
    if start >= 0:
        yield start, end


def traced_steps(text: str, theorem: Span, conversation: Conversation) -> list[TracedStep]:
    """Runs the proof in an open theorem; [] where it does not go through step by step. Raises what the worker's end
    raises, and DojoInitError."""
    answer = conversation.begin()
    steps: list[TracedStep] = []
    for start, end in tactics_in(text, theorem):
        before, sid = answer["tacticState"], answer["sid"]
        if before == "no goals":
            return []
        column = start - (text.rfind("\n", 0, start) + 1)
        tactic = text[start:end].replace("\n" + " " * column, "\n")
        answer = conversation.answer(json.dumps({"sid": sid, "cmd": tactic}))
        if answer["error"] is not None:
            return []
        steps.append(TracedStep(start, end, before, answer["tacticState"]))
    return steps if answer["tacticState"] == "no goals" else []
