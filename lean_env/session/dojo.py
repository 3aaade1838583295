"""LeanDojo's `Dojo` over the embedded Lean: one theorem open in one leased worker, its tactic states alive there.

    with Dojo(theorem, pool) as (dojo, state):
        result = dojo.run_tac(state, "simp")

`run_tac` returns and raises what LeanDojo's does. PROVED and ProofFinished are claims until `lean_env.gate.gate`
agrees.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied
from lean_env.limits import Limits
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    Goal,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticResult,
    TacticState,
    parse_goals,
)
from lean_env.session.outcomes import Outcome, StepResult
from lean_env.session.stepping import SteppingSession, UnknownState
from lean_env.theorem import Theorem

#: Ids of states are unique in this process, so that a session recognises its own.
_ids = itertools.count()


@dataclass(frozen=True, slots=True)
class ClaimedStatement:
    """A text theorem's statement as this session's worker elaborated it: lean4export NDJSON of the closed type, and the
    names of its universe parameters. Not evidence: the gate elaborates the text again in a worker of its own."""

    expression: str
    levels: tuple[str, ...]


class PrintedState(TacticState):  # type: ignore[misc]  # LeanDojo is untyped
    """LeanDojo's TacticState, its `goals` parsed when they are first asked for (0.06 ms for two goals, and search never
    asks). Equal to any TacticState with the same text.

    LeanDojo takes every ⊢ for a turnstile, but a string literal or a «name» may hold one, and then its parser raises;
    the `goals` of such a state have conclusions only.
    """

    def __post_init__(self) -> None:
        pass

    @property
    def num_goals(self) -> int:
        return self.pp.count("\n\n") + 1 if self.pp else 0

    @cached_property
    def goals(self) -> list[Goal]:
        try:
            goals: list[Goal] = parse_goals(self.pp)
        except (AssertionError, ValueError):
            printed = (("\n" + goal).rpartition("\n⊢ ") for goal in self.pp.split("\n\n"))
            goals = [Goal(assumptions=[], conclusion=conclusion.strip()) for _, _, conclusion in printed]
        return goals

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TacticState) and self.pp == other.pp

    def __hash__(self) -> int:
        return hash((self.pp,))


class Dojo(SteppingSession):
    """One theorem open in one worker of `pool`, leased for the life of the `with` block.

    Entering raises DojoInitError when Lean does not know the theorem or its environment or cannot elaborate its text,
    and DojoCrashError when the worker died of it. Satisfies `lean_env.session.outcomes.ProofSession`.
    """

    def __init__(self, theorem: Theorem, pool: WorkerPool, limits: Limits | None = None) -> None:
        self.theorem = theorem
        self.limits = limits or pool.limits
        #: Set on entering a text theorem.
        self.statement: ClaimedStatement | None = None
        self._pool = pool
        self._stack = contextlib.ExitStack()
        self._worker: Worker
        # Our state id -> the printed state and the worker's id; finished proofs have a state too.
        self._states: dict[int, tuple[str, int]] = {}
        self._root = -1
        self._crash: str | None = None

    def __enter__(self) -> tuple[Dojo, TacticState]:
        with self._stack:
            self._worker = self._stack.enter_context(self._pool.lease(self.theorem.environment))
            self._stack.callback(self._forget_everything)
            root = self._open(self._worker)
            self._stack = self._stack.pop_all()
        return self, root

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def drop(self, states: Sequence[TacticState]) -> None:
        """Frees states. The root stays as long as the session: exports start from it."""
        known = [state.id for state in states if state.id in self._states and state.id != self._root]
        if known and self._crash is None:
            self._request("drop", states=[self._states.pop(known_id)[1] for known_id in known])

    def export_proof(self, finished: ProofFinished) -> str:
        """The closed proof as lean4export NDJSON, auxiliaries first, `flywheel.target` last.

        Raises LeanRefused when the term is not closed, DojoCrashError, UnknownState."""
        state = self._worker_id(finished.tactic_state_id, None)
        reply = self._request("export_proof", root=self._states[self._root][1], state=state)
        return str(reply["ndjson"])

    def export_goals(self, state: TacticState) -> list[str | None]:
        """Each goal's type with its context reverted, as NDJSON; None for a goal that has metavariables."""
        reply = self._request("export_goals", state=self._worker_id(state.id, state.pp))
        return list(reply["goals"])

    def _open(self, worker: Worker) -> TacticState:
        theorem = self.theorem
        where = theorem.environment.fields()
        try:
            if theorem.environment.header is not None:
                where |= {"wall_s": worker.limits.opening_s, "header_ms": worker.limits.header_ms}
            if theorem.module is None:
                reply = worker.request("open_text", statement=theorem.statement, **where)
                self.statement = ClaimedStatement(reply["expression"], tuple(reply["levels"]))
            else:
                reply = worker.request("open_library", name=theorem.name, **where)
        except LeanRefused as error:
            raise DojoInitError(
                f"Lean cannot open `{theorem.name}` with imports [{theorem.environment.key}]: {error.message}"
            ) from error
        except WorkerDied as error:
            raise DojoCrashError(str(error)) from error
        root = self._keep(reply)
        self._root = root.id
        return root

    def _keep(self, reply: dict[str, Any]) -> TacticState:
        pp = "\n\n".join(reply["goals"])
        state = PrintedState(pp, next(_ids))
        self._states[state.id] = (pp, reply["state"])
        return state

    def _worker_id(self, state_id: int, pp: str | None) -> int:
        """The worker's id of one of our states. The text is compared as well: an id alone may come from elsewhere."""
        known = self._states.get(state_id)
        if known is None or (pp is not None and known[0] != pp):
            raise UnknownState(
                f"State {state_id} is not open in this session of `{self.theorem.name}`: it belongs to another one, or "
                "was dropped, or the session is over. States do not carry over; run the tactics again."
            )
        return known[1]

    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        if self._crash is not None:
            return StepResult(Outcome.CRASHED, DojoCrashError(self._crash), 0.0, 0)
        if not isinstance(state, TacticState):
            raise UnknownState(f"A tactic runs on a TacticState, not on {state!r}.")
        worker_state = self._worker_id(state.id, state.pp)
        try:
            # One tactic a request (0.1 ms): each gets its own hard limit, and a crash loses no earlier result.
            reply = self._request(
                "run",
                wall_s=(self.limits.soft_ms + self.limits.hard_margin_ms) / 1000,
                state=worker_state,
                tactics=[tactic],
                soft_ms=self.limits.soft_ms,
                heartbeats=self.limits.heartbeats,
                max_tactic_bytes=self.limits.max_tactic_bytes,
                errors=errors,
            )
        except DojoCrashError as error:
            return StepResult(Outcome.CRASHED, error, 0.0, 0)
        except UnicodeEncodeError:
            return StepResult(Outcome.FAILED, LeanError("the tactic is no valid Unicode text"), 0.0, 0)
        return self._step_result(reply["results"][0])

    def _step_result(self, entry: dict[str, Any]) -> StepResult:
        outcome = Outcome(entry["outcome"])
        wall_limit = bool(entry.get("wall_limit"))
        result: TacticResult | DojoTacticTimeoutError
        match outcome:
            case Outcome.ADVANCED:
                result = self._keep(entry)
            case Outcome.PROVED:
                finished = next(_ids)
                self._states[finished] = ("", entry["state"])
                result = ProofFinished(finished)
            case Outcome.GIVEN_UP:
                result = ProofGivenUp()
            case Outcome.TIMED_OUT:
                result = DojoTacticTimeoutError(entry.get("error") or "the tactic's limit was reached")
            case _:
                result = LeanError(entry["error"])
        if wall_limit:
            self._worker.wall_limit_hits += 1
        ran_code = bool(entry.get("ran_code"))
        return StepResult(outcome, result, float(entry["ms"]), int(entry["heartbeats"]), wall_limit, ran_code)

    def _request(self, op: str, **fields: Any) -> dict[str, Any]:
        """A request to the session's worker. Its death becomes DojoCrashError, now and for every later call."""
        if self._crash is not None:
            raise DojoCrashError(self._crash)
        try:
            return self._worker.request(op, **fields)
        except WorkerDied as error:
            self._crash = str(error)
            raise DojoCrashError(self._crash) from error

    def _forget_everything(self) -> None:
        """Before the worker goes back to the pool: its memory is shared by all sessions to come."""
        states = [worker_id for _, worker_id in self._states.values()]
        self._states.clear()
        if self._worker.alive and states:
            try:
                self._worker.request("drop", states=states)
            except WorkerDied:
                pass  # The pool sees it.
            except LeanRefused:
                self._worker.tainted = True
