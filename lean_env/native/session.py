"""A theorem open in a native repl: LeanDojo's contract over its tactic mode."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from lean_env.native.backend import OPENING_SECONDS
from lean_env.native.interact import Command, CommandResponse, ProofStep, ProofStepResponse
from lean_env.native.repl import ReplServer
from lean_env.session.dojo import PrintedState
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticResult,
    TacticState,
)
from lean_env.session.outcomes import Outcome, StepResult
from lean_env.session.stepping import KeepingSession, UnknownState, unfit

_ids = itertools.count()


class ReplSession(KeepingSession[tuple[str, int]]):
    """`lean_env.session.outcomes.ProofSession` in one process; each state's text and its number there. The repl has
    no limit of its own, so a tactic that does not answer within `seconds` is ended with the process, and the session
    with it."""

    def __init__(self, start: Callable[[], ReplServer], max_tactic_bytes: int, seconds: float) -> None:
        super().__init__()
        self._start = start
        self._max_tactic_bytes = max_tactic_bytes
        self._seconds = seconds
        self._server: ReplServer | None = None

    def open(self, head: str, stated: str) -> TacticState:
        """The first state of a theorem that ends in `sorry`. Raises DojoInitError with Lean's words, DojoCrashError."""
        try:
            self._server = self._start()
            environment = accepted(self._ask(Command(cmd=head), OPENING_SECONDS)).env
            opened = accepted(self._ask(Command(cmd=stated, env=environment), OPENING_SECONDS))
        except TimeoutError as error:
            raise DojoCrashError(f"the theorem did not open within {OPENING_SECONDS:g} s") from error
        except OSError as error:
            raise DojoCrashError(f"the repl does not start: {error}") from error
        if len(opened.sorries) != 1 or opened.sorries[0].proof_state is None:
            raise DojoInitError(f"one `sorry` was expected in what Lean read, and {len(opened.sorries)} found")
        root = self._keep(opened.sorries[0].goal, opened.sorries[0].proof_state)
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
        if known is None or known[0] != state.pp:
            raise UnknownState(f"This is not a state of this session: {state!r}")
        if (objection := unfit(tactic, self._max_tactic_bytes)) is not None:
            return StepResult(Outcome.FAILED, LeanError(objection), 0.0, 0)
        began = time.monotonic()
        try:
            reply = self._ask(ProofStep(proof_state=known[1], tactic=tactic), self._seconds)
        except (TimeoutError, DojoCrashError) as error:
            late = isinstance(error, TimeoutError)
            self._crash = f"no answer within {self._seconds:g} s" if late else str(error)
            spent = 1000 * (time.monotonic() - began)
            return StepResult(Outcome.CRASHED, DojoCrashError(self._crash), spent, 0, wall_limit=late)
        outcome, said = read_step(reply)
        result: TacticResult | DojoTacticTimeoutError
        match outcome:
            case Outcome.ADVANCED:
                result = self._keep(said, reply.proof_state)
            case Outcome.PROVED:
                result = ProofFinished(next(_ids))
            case Outcome.GIVEN_UP:
                result = ProofGivenUp()
            case Outcome.TIMED_OUT:
                result = DojoTacticTimeoutError(said)
            case _:
                result = LeanError(said)
        return StepResult(outcome, result, 1000 * (time.monotonic() - began), 0)

    def _keep(self, pp: str, number: int) -> PrintedState:
        state = PrintedState(pp, next(_ids))
        self._states[state.id] = (pp, number)
        return state

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
