"""LeanDojo's tactic REPL, twice: over an open theorem, and over the text of a file.

States are numbered from 0, as Lean4Repl.lean does. The first kind runs tactics on live states. The second is for
theorems below other commands, which a worker cannot open. There each tactic has the text above it elaborated once more,
which costs tens of milliseconds and up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from lean_env.embedded.worker import LeanRefused, RefusalKind
from lean_env.session.dojo import Dojo
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import DojoCrashError, DojoInitError, LeanError, ProofFinished, TacticState
from lean_env.session.outcomes import Outcome, StepResult
from lean_env.shim.source import TheoremInText

#: What LeanDojo takes for a proof with `sorry` in it, wherever in an error it stands.
_GIVEN_UP = "proof contains `sorry`"
_NO_GOALS = "no goals"
_UNSOLVED = "unsolved goals\n"

#: The options that live states have, so that both kinds print alike.
_OPTIONS = "set_option tactic.hygienic false\nset_option pp.fieldNotation false\n"

State = TypeVar("State")

#: Elaborates a text. Raises LeanRefused, WorkerDied.
Check = Callable[[str], list[Message]]


class Conversation(Protocol):
    """One theorem's answers."""

    def begin(self) -> dict[str, Any]:
        """What is said before any request. Raises DojoInitError."""
        ...

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to one request. Raises ValueError for what is no request, and what the worker's end raises."""
        ...


class LiveConversation:
    """Over an open theorem."""

    def __init__(self, dojo: Dojo, root: TacticState) -> None:
        self._dojo = dojo
        self._states = _Numbered(root)

    def begin(self) -> dict[str, Any]:
        return _state(0, self._states.root.pp)

    def answer(self, line: str) -> dict[str, Any]:
        state, tactic = self._states.read(line)
        (step,) = self._dojo.run_tacs(state, [tactic])
        if isinstance(step.result, DojoCrashError):
            raise step.result
        return {**self._result(step), "flywheel": _measured(step)}

    def _result(self, step: StepResult) -> dict[str, Any]:
        match step.result:
            case TacticState() as after:
                return _state(self._states.add(after), after.pp)
            case ProofFinished():
                return _state(self._states.add(None), _NO_GOALS)
            case LeanError(error=text):
                return _error(text)
            case _ if step.outcome is Outcome.GIVEN_UP:
                return _given_up()
            case other:
                return _timeout(str(other))


class TextConversation:
    """Over the text of a file: a state is the list of tactics that led to it."""

    def __init__(self, source: TheoremInText, check: Check, max_tactic_bytes: int) -> None:
        above = f"{_OPTIONS}{source.before}\n{source.stated} "
        self._above = f"{above}by\n"
        self._line = f"{_OPTIONS}{source.before}\n".count("\n") + 1
        #: Where Lean says that goals are left: at the `by`. Lines from 1, columns from 0.
        self._by = (above.count("\n") + 1, len(above) - above.rfind("\n") - 1)
        self._check = check
        self._max_tactic_bytes = max_tactic_bytes
        self._states = _Numbered[tuple[str, ...]](())

    def begin(self) -> dict[str, Any]:
        try:
            first = self._run(("skip",), 0)
        except LeanRefused as error:
            raise DojoInitError(error.message) from error
        if first["tacticState"] in (None, _NO_GOALS):
            raise DojoInitError(f"Lean cannot open this theorem: {first['error'] or _NO_GOALS}")
        return first

    def answer(self, line: str) -> dict[str, Any]:
        before, tactic = self._states.read(line)
        size = len(tactic.encode("utf-8", "surrogateescape"))
        if size > self._max_tactic_bytes:
            return _error(f"the tactic has {size} bytes, more than the limit of {self._max_tactic_bytes}")
        tactics = (*before, tactic)
        try:
            answer = self._run(tactics, self._states.next)
        except LeanRefused as error:
            return _timeout(error.message) if error.kind is RefusalKind.LIMIT else _error(error.message)
        if answer["error"] is None:
            self._states.add(None if answer["tacticState"] == _NO_GOALS else tactics)
        return answer

    def _run(self, tactics: tuple[str, ...], sid: int) -> dict[str, Any]:
        block = "".join(f"  {tactic.replace(chr(10), chr(10) + '  ')}\n" for tactic in tactics)
        goals, errors, sorry = None, [], False
        for message in self._check(self._above + block):
            text = message.data
            if message.severity == "error":
                if text.startswith(_UNSOLVED) and (message.line, message.column) == self._by:
                    goals = text.removeprefix(_UNSOLVED).strip()
                else:
                    errors.append(text)
            elif message.line >= self._line and "declaration uses" in text:
                sorry = True
        if errors:
            return _error("\n".join(errors))
        if goals is not None:
            return _state(sid, goals)
        return _given_up() if sorry else _state(sid, _NO_GOALS)


class _Numbered(Generic[State]):
    """States by number; None for a finished proof, on which nothing can be run."""

    def __init__(self, root: State) -> None:
        self.root = root
        self._states: list[State | None] = [root]

    @property
    def next(self) -> int:
        """The number of the state that is added next."""
        return len(self._states)

    def add(self, state: State | None) -> int:
        self._states.append(state)
        return len(self._states) - 1

    def read(self, line: str) -> tuple[State, str]:
        """The state and the tactic of a request. Raises ValueError, in Lean4Repl.lean's words."""
        match json.loads(line):
            case {"sid": int(sid), "cmd": str(tactic)}:
                state = self._states[sid] if 0 <= sid < len(self._states) else None
                if state is None:
                    raise ValueError(f"unknown tsid: {sid}")
                return state, tactic
        raise ValueError(f"parse_failed: data={line.strip()[:200]}")


def _state(sid: int, printed: str) -> dict[str, Any]:
    return {"sid": sid, "tacticState": printed, "error": None}


def _error(text: str) -> dict[str, Any]:
    """LeanDojo would take an error that quotes its words for a proof with `sorry`."""
    return {"sid": None, "tacticState": None, "error": text.replace(_GIVEN_UP, _GIVEN_UP.replace("`", "'"))}


def _given_up() -> dict[str, Any]:
    return {"sid": None, "tacticState": None, "error": _GIVEN_UP}


def _timeout(reason: str) -> dict[str, Any]:
    return _error(f"(deterministic) timeout: {reason}")


def _measured(step: StepResult) -> dict[str, Any]:
    """What LeanDojo's protocol has no words for."""
    return {
        "outcome": step.outcome,
        "ms": step.milliseconds,
        "heartbeats": step.heartbeats,
        "wall_limit": step.wall_limit,
        "ran_code": step.ran_code,
    }
