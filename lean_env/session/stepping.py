"""`run_tac` and `run_tacs` of a session that can take one step: the part that is the same behind every Lean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from lean_env.session.leandojo import DojoCrashError, DojoTacticTimeoutError, TacticResult, TacticState
from lean_env.session.outcomes import Outcome, StepResult

Known = TypeVar("Known")


class UnknownState(RuntimeError):
    """The state belongs to another session, or was dropped."""


class SteppingSession(ABC):
    """The half of `lean_env.session.outcomes.ProofSession` that runs tactics."""

    @abstractmethod
    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        """One tactic, every outcome a value. Raises UnknownState."""

    def run_tac(self, state: TacticState, tactic: str) -> TacticResult:
        """One tactic. Raises DojoTacticTimeoutError (the session lives on), DojoCrashError (it does not, and every
        later call raises it again) and UnknownState (not a state of this session)."""
        result = self._step(state, tactic).result
        if isinstance(result, DojoTacticTimeoutError | DojoCrashError):
            raise result
        return result

    def run_tacs(
        self, state: TacticState, tactics: Sequence[str], *, stop_at_proof: bool = True, errors: bool = True
    ) -> list[StepResult]:
        """Each tactic on the same state, in order, outcomes as values; see `ProofSession.run_tacs`. Without `errors`
        a LeanError may have one fixed text."""
        results: list[StepResult] = []
        for tactic in tactics:
            step = self._step(state, tactic, errors)
            results.append(step)
            if step.outcome is Outcome.CRASHED or (stop_at_proof and step.outcome is Outcome.PROVED):
                break
        return results


class KeepingSession(SteppingSession, Generic[Known]):
    """A session over a Lean that keeps every state as long as it lives: dropping one forgets it here only."""

    def __init__(self) -> None:
        #: What is known of each open state, by its id. The root stays.
        self._states: dict[int, Known] = {}
        self._root_id = -1
        #: Why there are no further steps.
        self._crash: str | None = None

    def drop(self, states: Sequence[TacticState]) -> None:
        """Forgets states. See `lean_env.session.outcomes.ProofSession`."""
        for state in states:
            if state.id != self._root_id:
                self._states.pop(state.id, None)


def unfit(tactic: str, max_bytes: int) -> str | None:
    """Why a tactic is not sent to a Lean that would take what the embedded worker refuses."""
    try:
        size = len(tactic.encode())
    except UnicodeEncodeError:
        return "the tactic is no valid Unicode text"
    if size > max_bytes:
        return f"the tactic has {size} bytes, more than the limit of {max_bytes}"
    return None if tactic.strip() else "the tactic is empty"
