"""A session that outlives its worker: the tactic that killed it has failed, and the others go on in a new one.

Some computations on big numbers (`omega` on `5 ^ 999999 % 7`) ask no one whether to stop, and others take all memory;
only killing the worker ends them. The theorem is opened again, and each state that search comes back to is made again
by the tactics that led to it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from lean_env.session.leandojo import DojoCrashError, DojoInitError, LeanError, TacticState
from lean_env.session.outcomes import OpenSession, Outcome, ProofSession, StepResult
from lean_env.session.stepping import SteppingSession, UnknownState
from lean_env.theorem import Theorem

#: So many workers may one theorem cost; each costs up to its hard limit (8 s as it comes). The next one is a crash.
MAX_REPLACED = 3


class SurvivingSession(SteppingSession):
    """Over the sessions of one theorem that `open` gives, one at a time. Satisfies
    `lean_env.session.outcomes.ProofSession`.

    A tactic that ran code of its own (`native_decide`) is FAILED: search has no use for a state that such code could
    have made up. One that kills the worker is FAILED, with `wall_limit` set, since no budget decided it. CRASHED
    remains where too many workers died, where none can be had, and where a state cannot be made again.
    """

    def __init__(self, theorem: Theorem, open: OpenSession, max_replaced: int = MAX_REPLACED) -> None:
        self._theorem = theorem
        self._open = open
        self._max_replaced = max_replaced
        self._stack = contextlib.ExitStack()
        self._session: ProofSession
        self._root: TacticState
        #: How each state came to be: the state before it and the tactic.
        self._from: dict[int, tuple[TacticState, str]] = {}
        #: States of dead workers as they are in the present one, by id; None until the first worker dies.
        self._again: dict[int, TacticState] | None = None
        self.replaced = 0

    def __enter__(self) -> tuple[SurvivingSession, TacticState]:
        self._session, self._root = self._stack.enter_context(self._open(self._theorem))
        return self, self._root

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def drop(self, states: Sequence[TacticState]) -> None:
        """Frees states; how they came to be stays known."""
        if self._again is None:
            self._session.drop(states)
        else:
            gone = {state.id for state in states} & self._again.keys() - {self._root.id}
            self._session.drop([self._again.pop(id) for id in gone])

    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        started = time.monotonic()
        try:
            here = self._made_again(state)
        except DojoCrashError as crash:
            return StepResult(Outcome.CRASHED, crash, 0.0, 0)
        (step,) = self._session.run_tacs(here, [tactic], errors=errors)
        if step.ran_code and step.outcome is not Outcome.CRASHED:
            return replace(step, outcome=Outcome.FAILED, result=LeanError("the tactic ran code of its own"))
        if isinstance(step.result, TacticState):
            self._keep(state, tactic, step.result)
        if step.outcome is not Outcome.CRASHED or self.replaced >= self._max_replaced:
            return step
        spent = 1000 * (time.monotonic() - started)
        try:
            self._replace()
        except (DojoCrashError, DojoInitError) as error:
            return StepResult(Outcome.CRASHED, DojoCrashError(str(error)), spent, 0)
        return StepResult(Outcome.FAILED, LeanError(f"the tactic ended its worker: {step.result}"), spent, 0, True)

    def _keep(self, before: TacticState, tactic: str, after: TacticState) -> None:
        self._from[after.id] = (before, tactic)
        if self._again is not None:
            self._again[after.id] = after

    def _made_again(self, state: TacticState) -> TacticState:
        """The state as the present worker has it. Raises DojoCrashError, UnknownState."""
        if self._again is None:
            return state
        path = []
        while state.id not in self._again:
            if state.id not in self._from:
                raise UnknownState(f"State {state.id} is not one of this session.")
            path.append(state)
            state = self._from[state.id][0]
        here = self._again[state.id]
        for wanted in reversed(path):
            (step,) = self._session.run_tacs(here, [self._from[wanted.id][1]])
            if not isinstance(step.result, TacticState) or step.result.pp != wanted.pp:
                raise DojoCrashError(f"a state cannot be made again in a new worker: {step.outcome}")
            here = self._again[wanted.id] = step.result
        return here

    def _replace(self) -> None:
        """Opens the theorem in another worker. Raises DojoCrashError, DojoInitError, NoWorker."""
        self.replaced += 1
        self._stack.close()
        self._session, root = self._stack.enter_context(self._open(self._theorem))
        if root.pp != self._root.pp:
            raise DojoCrashError("the theorem opens as another state in a new worker")
        self._again = {self._root.id: root}
