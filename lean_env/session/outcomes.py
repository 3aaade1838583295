"""What one tactic did, and the contract between search and Lean.

`ProofSession` is LeanDojo's `Dojo` as search uses it (`run_tac` raises where LeanDojo raises) plus `run_tacs`, a batch
in which every outcome is a value. The embedded Lean and the unmodified `lean_dojo.Dojo` both stand behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lean_env.session.leandojo import (
    DojoCrashError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticResult,
    TacticState,
)
from lean_env.theorem import Theorem


class Outcome(StrEnum):
    """How a tactic ended."""

    #: A new state.
    ADVANCED = "advanced"
    #: No goals are left: a claim until the gate agrees.
    PROVED = "proved"
    #: Lean said no.
    FAILED = "failed"
    #: The tactic used `sorry`.
    GIVEN_UP = "given_up"
    #: Heartbeats or the soft wall-clock limit ended it. The session lives.
    TIMED_OUT = "timed_out"
    #: The worker is gone and the session with it. Never counted as a failed attempt.
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One tactic's outcome as a value."""

    outcome: Outcome
    result: TacticState | ProofFinished | LeanError | ProofGivenUp | DojoTacticTimeoutError | DojoCrashError
    #: Wall time inside Lean.
    milliseconds: float
    #: Lean's own allocation count in thousands, the unit of `maxHeartbeats`.
    heartbeats: int
    #: The clock ended it, not heartbeats.
    wall_limit: bool = False
    #: Lean ran code that came with the tactic (`native_decide`). From then on what this session's worker says is worth
    #: less than a hint, and it is replaced when the session ends. The outcome stays a claim.
    ran_code: bool = False


class ProofSession(Protocol):
    """One theorem open in one Lean worker."""

    def run_tac(self, state: TacticState, tactic: str) -> TacticResult:
        """One tactic. Raises DojoTacticTimeoutError (the session lives on) and DojoCrashError (it does not)."""
        ...

    def run_tacs(
        self, state: TacticState, tactics: Sequence[str], *, stop_at_proof: bool = True, errors: bool = True
    ) -> list[StepResult]:
        """Each tactic on the same state, in order; stops after the first PROVED when `stop_at_proof`, and after a
        CRASHED. The list may therefore be shorter than `tactics`; it is never reordered. Without `errors` a session
        may leave out why a tactic failed (Lean's text costs more than the failure); outcomes are the same."""
        ...

    def drop(self, states: Sequence[TacticState]) -> None:
        """Frees states that will not be used again (about 24 KB each). Dropping twice is harmless."""
        ...


class OpenSession(Protocol):
    """How search opens a theorem: `with open_session(theorem) as (session, root): ...`. Raises DojoInitError."""

    def __call__(self, theorem: Theorem) -> AbstractContextManager[tuple[ProofSession, TacticState]]: ...
