"""What a policy wrote as a whole proof, and what became of it in Lean. No proof yet: only the gate makes one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SampleOutcome(StrEnum):
    """CLOSED: no goals are left, a claim. OPEN: goals are left at its end. REFUSED: Lean refuses a line, or a line
    stands behind the last goal. UNRUN: the budget ended before it."""

    CLOSED = "closed"
    OPEN = "open"
    REFUSED = "refused"
    UNRUN = "unrun"


@dataclass(frozen=True, slots=True)
class Sample:
    """`text` as it was written, comments included; `tactics` of it; its natural log-probability, end included; how
    often it was drawn; and why it is no proof, '' for one that is CLOSED."""

    text: str
    tactics: tuple[str, ...]
    log_prob: float
    count: int
    outcome: SampleOutcome
    reason: str = ""


def tactics_of(text: str) -> tuple[str, ...]:
    """The tactics of a written proof, without its comments and empty lines."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("--"))
