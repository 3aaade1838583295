"""A theorem open in a native repl: LeanDojo's contract over its tactic mode.

The repl has no limit of its own: a tactic that does not answer in time is ended with its process, and the next one
starts another, where the tactics that led to its state are run again.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lean_env.dojo import PrintedState
from lean_env.leandojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_env.limits import Limits
from lean_env.native.interact import Command, CommandResponse, ProofStep, ProofStepResponse
from lean_env.native.repl import ReplServer
from lean_env.outcomes import Outcome, StepResult
from lean_env.stepping import KeepingSession, UnknownState

#: Seconds for what precedes the proof: importing Mathlib takes ten on an idle machine.
OPENING_SECONDS = 300.0
_ids = itertools.count()


@dataclass(frozen=True, slots=True)
class _Known:
    """A state: its text, the tactics that lead to it, and its number in the process of that `life`."""

    pp: str
    tactics: tuple[str, ...]
    life: int
    number: int


class NativeSession(KeepingSession[_Known]):
    """`lean_env.outcomes.ProofSession`. `header`: what stands before the theorem, imports first; `stated` ends in
    `sorry`."""

    def __init__(self, start: Callable[[], ReplServer], header: str, stated: str, limits: Limits) -> None:
        super().__init__()
        self._start = start
        self._header, self._stated = header, stated
        self._limits = limits
        self._seconds = (limits.soft_ms + limits.hard_margin_ms) / 1000
        self._server: ReplServer | None = None
        self._life = 0
        self._root_number, self._root_pp = -1, ""

    def open(self) -> TacticState:
        """The first state. Raises DojoInitError with Lean's words, DojoCrashError."""
        self._begin()
        root = self._keep(self._root_pp, (), self._root_number)
        self._root_id = root.id
        return root

    def close(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server = None

    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        if self._crash is not None:
            return StepResult(Outcome.CRASHED, DojoCrashError(self._crash), 0.0, 0)
        known = self._states.get(state.id) if isinstance(state, TacticState) else None
        if known is None or known.pp != state.pp:
            raise UnknownState(f"This is not a state of this session: {state!r}")
        if (objection := self._unfit(tactic)) is not None:
            return StepResult(Outcome.FAILED, LeanError(objection), 0.0, 0)
        try:
            number = self._number(state.id, known)
            began = time.monotonic()
            reply = self._ask(ProofStep(proof_state=number, tactic=tactic), self._seconds)
        except TimeoutError:
            late = DojoTacticTimeoutError(f"no answer within {self._seconds:g} s")
            return StepResult(Outcome.TIMED_OUT, late, 1000 * self._seconds, 0, wall_limit=True)
        except DojoCrashError as error:
            self._crash = str(error)
            return StepResult(Outcome.CRASHED, error, 0.0, 0)
        milliseconds = 1000 * (time.monotonic() - began)
        outcome, said = read_step(reply)
        match outcome:
            case Outcome.ADVANCED:
                after = self._keep(said, (*known.tactics, tactic), reply.proof_state)
                return StepResult(outcome, after, milliseconds, 0)
            case Outcome.PROVED:
                return StepResult(outcome, ProofFinished(next(_ids)), milliseconds, 0)
            case Outcome.GIVEN_UP:
                return StepResult(outcome, ProofGivenUp(), milliseconds, 0)
            case Outcome.TIMED_OUT:
                return StepResult(outcome, DojoTacticTimeoutError(said), milliseconds, 0)
            case _:
                return StepResult(outcome, LeanError(said), milliseconds, 0)

    def _unfit(self, tactic: str) -> str | None:
        """Why a tactic is not sent, as the embedded worker says it."""
        try:
            size = len(tactic.encode())
        except UnicodeEncodeError:
            return "the tactic is no valid Unicode text"
        if size > self._limits.max_tactic_bytes:
            return f"the tactic has {size} bytes; {self._limits.max_tactic_bytes} are allowed"
        return None if tactic.strip() else "the tactic is empty"

    def _keep(self, pp: str, tactics: tuple[str, ...], number: int) -> PrintedState:
        state = PrintedState(pp, next(_ids))
        self._states[state.id] = _Known(pp, tactics, self._life, number)
        return state

    def _number(self, state_id: int, known: _Known) -> int:
        """The state's number in the process that lives now, which may have to get there first."""
        if self._server is None:
            try:
                self._begin()
            except DojoInitError as error:
                raise DojoCrashError(f"the theorem does not open a second time: {error}") from error
        if known.life == self._life:
            return known.number
        number, pp = self._root_number, self._root_pp
        for tactic in known.tactics:
            try:
                reply = self._ask(ProofStep(proof_state=number, tactic=tactic), self._seconds)
            except TimeoutError as error:
                raise DojoCrashError(f"`{tactic}` took longer the second time") from error
            outcome, pp = read_step(reply)
            if outcome is not Outcome.ADVANCED:
                break
            number = reply.proof_state
        if pp != known.pp:
            raise DojoCrashError("the tactics that led to this state lead to another one now")
        self._states[state_id] = replace(known, life=self._life, number=number)
        return number

    def _begin(self) -> None:
        """Starts a process and opens the theorem in it."""
        try:
            self._server = self._start()
            self._life += 1
            environment = accepted(self._ask(Command(cmd=self._header), OPENING_SECONDS)).env
            opened = accepted(self._ask(Command(cmd=self._stated, env=environment), OPENING_SECONDS))
        except TimeoutError as error:
            raise DojoCrashError(f"the theorem did not open within {OPENING_SECONDS:g} s") from error
        except OSError as error:
            raise DojoCrashError(f"the repl does not start: {error}") from error
        if len(opened.sorries) != 1 or opened.sorries[0].proof_state is None:
            raise DojoInitError(f"one `sorry` was expected in what Lean read, and {len(opened.sorries)} found")
        self._root_number, self._root_pp = opened.sorries[0].proof_state, opened.sorries[0].goal

    def _ask(self, request: Command | ProofStep, seconds: float) -> Any:
        """lean-interact's answer. Raises TimeoutError and DojoCrashError; the process is dead after both."""
        assert self._server is not None
        try:
            return ask(self._server, request, seconds)
        except (TimeoutError, DojoCrashError):
            self.close()
            raise


def ask(server: ReplServer, request: Any, seconds: float) -> Any:
    """One request. Raises TimeoutError, and DojoCrashError for a process that died or answered nonsense."""
    try:
        return server.run(request, timeout=seconds)
    except TimeoutError:
        raise
    except (OSError, ValueError, RecursionError, AssertionError) as error:
        raise DojoCrashError(f"the repl is gone, or its answer is none: {str(error)[:500]}") from error


def accepted(reply: Any) -> CommandResponse:
    """A command's reply without errors in it. Raises DojoInitError with what Lean has against the text."""
    if not isinstance(reply, CommandResponse):
        raise DojoInitError(reply.message)
    if errors := reply.get_errors():
        raise DojoInitError(errors[0].data)
    return reply


def read_step(reply: Any) -> tuple[Outcome, str]:
    """What a tactic's reply says: the outcome, and the state's text or the reason.

    A tactic that reports an error and goes on (the repl then says `contains sorry`) has failed. Without goals it has
    proved something only where the repl's own check of the term says so: `Completed`.
    """
    if not isinstance(reply, ProofStepResponse):
        said = str(reply.message)
        return (Outcome.TIMED_OUT if "(deterministic) timeout" in said else Outcome.FAILED), said
    if errors := reply.get_errors():
        return Outcome.FAILED, errors[0].data
    if reply.sorries or "sorry" in reply.proof_status:
        return Outcome.GIVEN_UP, reply.proof_status
    if reply.goals:
        return Outcome.ADVANCED, "\n\n".join(reply.goals)
    return (Outcome.PROVED if reply.proof_status == "Completed" else Outcome.FAILED), reply.proof_status
