"""A whole text elaborated by a worker, as `lean FILE` does. What Lean says is evidence of nothing; see the gate."""

from __future__ import annotations

from dataclasses import dataclass

from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker
from lean_env.limits import Limits
from lean_env.theorem import Environment

#: A whole text may take this many times a tactic's wall clock.
_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Message:
    """`severity`: error, warning or information; `line` counts from 1, `column` from 0, in characters."""

    severity: str
    data: str
    line: int
    column: int

    def printed(self, file: str) -> str:
        """A line as `lean FILE` prints it."""
        severity = self.severity.replace("information", "info")
        return f"{file}:{self.line}:{self.column}: {severity}: {self.data.rstrip()}\n"


def elaborate(worker: Worker, environment: Environment, text: str, limits: Limits) -> list[Message]:
    """What Lean says of a text without imports, in its order, under the environment's header if there is one; that
    leaves Lean's options as they are. Raises LeanRefused, also for a header that is refused, and WorkerDied."""
    soft_ms = _FACTOR * limits.soft_ms
    where, wall_s = environment.fields(), (soft_ms + limits.hard_margin_ms) / 1000
    if environment.header is not None:
        where["header"] |= {"settings": ""}
        where["header_ms"] = limits.header_ms
        wall_s += limits.opening_s
    try:
        reply = worker.request("check_text", wall_s=wall_s, source=text, soft_ms=soft_ms, **where)
    except LeanRefused as refused:
        # Tasks of a text that was cut short may still be queued, and would run within the next request.
        worker.tainted = worker.tainted or refused.kind is RefusalKind.LIMIT
        raise
    return [Message(m["severity"], m["data"], m["line"], m["column"]) for m in reply["messages"]]
