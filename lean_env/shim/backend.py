"""Search through the unmodified `lean_dojo.Dojo`: it talks to the embedded Lean through a terminal and the shim.

    with LeanDojoBackend(pool) as backend, backend.open_session(theorem) as (session, root): ...

The other backend beside `lean_env.session.dojo`, with the same outcomes (`tests/lean_env/shim/conformance.py`). What
is proved here is a claim as well: LeanDojo's own verdicts accept `sorry` on a current Lean, and nobody asks for them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from lean_env.embedded.pool import WorkerPool
from lean_env.limits import LONGEST_ANSWER
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
from lean_env.shim.repository import own_repository, traced
from lean_env.shim.server import ShimServer
from lean_env.shim.traced import TracedRepository
from lean_env.theorem import Theorem

import lean_dojo  # isort: skip  # after lean_env.leandojo, which makes this import silent and local
import lean_dojo.interaction.dojo as upstream  # isort: skip

_pexpect: Any = upstream.pexpect

#: Characters that a printed line counts more (LeanDojo takes 15 microseconds for each), and those of an answer that an
#: error repeats.
_LINE, _LAST_WORDS = 100, 4_000


class TunedDojo(lean_dojo.Dojo):  # type: ignore[misc]  # LeanDojo is untyped
    """`lean_dojo.Dojo` with another way to spawn the same process, and an ear for the fourth key of its answers.

    pexpect as LeanDojo uses it waits 50 ms before each request. It searches its buffer anew for each character: 85 ms
    for a state of 82 characters, 3.1 s for one of 10,579. To start it, LeanDojo changes the working directory of the
    whole process, which other threads do not survive. `__enter__` below is LeanDojo's own code with other things behind
    the names `pexpect` and `working_directory`.
    """

    def __init__(
        self,
        entry: lean_dojo.Theorem,
        timeout: float,
        root: Path,
        path: Path,
        *,
        opening: float | None = None,
        ours: bool = True,
    ) -> None:
        """`timeout`: seconds for an answer; `opening`: for the first one, if that may take longer. `ours`: the process
        is our relay; any other may print what it likes."""
        super().__init__(entry, timeout=timeout)
        self._root = root
        self._opening = opening or timeout
        self._ours = ours
        self._environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"}
        #: What the process printed since the last request.
        self._said = _Said()
        #: What the last answer says beyond LeanDojo's protocol.
        self.measured: dict[str, Any] = {}

    def __enter__(self) -> tuple[TunedDojo, TacticState]:
        pexpect = types.SimpleNamespace(spawn=self._spawn, EOF=_pexpect.EOF, TIMEOUT=_pexpect.TIMEOUT)
        names = {**vars(upstream), "pexpect": pexpect, "working_directory": contextlib.nullcontext}
        enter = types.FunctionType(lean_dojo.Dojo.__enter__.__code__, names)
        try:
            entered: tuple[TunedDojo, TacticState] = enter(self)
        except DojoInitError as error:
            # LeanDojo says "Unexpected EOF"; why, the process has printed.
            raise DojoInitError(self._said.last_words() or str(error)) from error
        except AssertionError as error:
            raise DojoCrashError(f"the first answer is no state: {self._said.last_words()}") from error
        self.proc.timeout = self.timeout
        return entered

    def _spawn(self, command: str, **options: Any) -> Any:
        options |= {"maxread": 1 << 16, "cwd": str(self._root), "env": self._environment, "timeout": self._opening}
        options["codec_errors"] = "replace"
        child = _pexpect.spawn(command, **options)
        child.delaybeforesend = None
        child.ptyproc.delayafterclose = child.ptyproc.delayafterterminate = 0
        child.logfile_read = self._said
        return child

    def _submit_request(self, request: str) -> dict[str, Any]:
        self._said = self.proc.logfile_read = _Said()
        try:
            answer: dict[str, Any] = super()._submit_request(request)
        except DojoCrashError as error:
            raise DojoCrashError(self._said.last_words() or str(error)) from error
        self.measured = answer.get("flywheel", {}) if self._ours else {}
        return answer

    def _read_next_line(self) -> tuple[str, str]:
        line, said = super()._read_next_line()
        if not self._ours and not _is_answer(line):
            raise DojoCrashError("the answer has not the form of one")
        return line, said


def _is_answer(line: str) -> bool:
    """Whether LeanDojo and what comes behind it can rely on this answer's types."""
    try:
        match json.loads(line):
            case {"sid": int() | None, "tacticState": str() | None as state, "error": str() | None as error}:
                return state is not None or error is not None
    except (ValueError, RecursionError):
        pass
    return False


class _Said(io.StringIO):
    """What a process prints for one answer: bounded, for LeanDojo would read on until its time is up."""

    def __init__(self) -> None:
        super().__init__()
        self._left = LONGEST_ANSWER

    def write(self, text: str) -> int:
        self._left -= len(text) + _LINE * text.count("\n")
        if self._left < 0:
            raise DojoCrashError(f"it printed more than {LONGEST_ANSWER} characters, lines counting {_LINE}")
        return super().write(text)

    def last_words(self) -> str:
        return self.getvalue()[-_LAST_WORDS:].strip()


class LeanDojoBackend:
    """Opens theorems in LeanDojo's Dojo over the workers of `pool`. A context manager; thread-safe.

    Needs git, as LeanDojo does. The theorems' files stay in LeanDojo's cache (8 KB each) and are shared by processes.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._stack = contextlib.ExitStack()
        with self._stack:
            self._server = self._stack.enter_context(ShimServer(pool))
            self._repository = own_repository(self._server.bin.parent)
            self._traced = TracedRepository(traced(self._repository))
            self._stack = self._stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    @property
    def bin(self) -> Path:
        """The folder with `lake` and `lean`, for an unmodified Dojo's PATH."""
        return self._server.bin

    def entry(self, theorem: Theorem) -> lean_dojo.Theorem:
        """The theorem as LeanDojo knows it, its files in LeanDojo's cache. Raises DojoInitError."""
        try:
            path, name = self._traced.add(theorem)
        except ValueError as error:
            raise DojoInitError(f"`{theorem.name}` cannot go through LeanDojo: {error}") from error
        return lean_dojo.Theorem(self._repository, path, name)

    @contextlib.contextmanager
    def open_session(self, theorem: Theorem) -> Iterator[tuple[LeanDojoSession, TacticState]]:
        """One theorem open in one Dojo. Raises DojoInitError, with the shim's reason in it."""
        if theorem.environment.header is not None:
            raise DojoInitError(f"`{theorem.name}` has a header, which the backend `dojo` cannot give: use `embedded`")
        entry = self.entry(theorem)
        limits = self._pool.limits
        # The server's own limits come first; this is for a server that does not answer at all.
        timeout = (limits.soft_ms + limits.hard_margin_ms + 2 * limits.request_ms) / 1000
        dojo = TunedDojo(entry, timeout, self._traced.root, self._server.bin)
        with opened(dojo, limits.max_tactic_bytes) as session:
            yield session


@contextlib.contextmanager
def opened(dojo: TunedDojo, max_tactic_bytes: int) -> Iterator[tuple[LeanDojoSession, TacticState]]:
    """The Dojo's session and its first state; longer tactics are not sent. Raises DojoInitError, DojoCrashError."""
    try:
        _, root = dojo.__enter__()
    except BaseException:
        _abandon(dojo)
        raise
    try:
        yield LeanDojoSession(dojo, root, max_tactic_bytes), root
    finally:
        _abandon(dojo)


class LeanDojoSession(KeepingSession[str]):
    """`lean_env.session.outcomes.ProofSession` over a Dojo; LeanDojo always says why a tactic failed."""

    def __init__(self, dojo: TunedDojo, root: TacticState, max_tactic_bytes: int) -> None:
        super().__init__()
        self._max_tactic_bytes = max_tactic_bytes
        self._dojo = dojo
        self._root_id = root.id
        self._states[root.id] = root.pp

    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        if self._crash is not None:
            return StepResult(Outcome.CRASHED, DojoCrashError(self._crash), 0.0, 0)
        if not isinstance(state, TacticState) or self._states.get(state.id) != state.pp:
            raise UnknownState(f"This is not a state of this session: {state!r}")
        if (objection := unfit(tactic, self._max_tactic_bytes)) is not None:
            return StepResult(Outcome.FAILED, LeanError(objection), 0.0, 0)
        dojo = self._dojo
        dojo.measured = {}
        began = time.monotonic()
        try:
            result = dojo.run_tac(state, tactic)
        except (DojoCrashError, DojoTacticTimeoutError) as error:
            # LeanDojo's own timeout means that the server is silent: the Dojo cannot be used after it.
            self._crash = str(error) or type(error).__name__
            return StepResult(Outcome.CRASHED, DojoCrashError(self._crash), 1000 * (time.monotonic() - began), 0)
        except (AssertionError, ValueError):
            # LeanDojo takes every ⊢ for a turnstile; a string literal or a «name» may hold one.
            result = LeanError("LeanDojo cannot read the state that this tactic leads to")
        measured = dojo.measured
        outcome = _outcome(result)
        if outcome is Outcome.FAILED and measured.get("outcome") == Outcome.TIMED_OUT:
            outcome, result = Outcome.TIMED_OUT, DojoTacticTimeoutError(result.error)
        if isinstance(result, TacticState):
            self._states[result.id] = result.pp
        # A Lean of the user's own measures nothing; then it is the answer that took so long.
        spent = 1000 * (time.monotonic() - began)
        milliseconds, heartbeats = float(measured.get("ms", spent)), int(measured.get("heartbeats", 0))
        wall_limit, ran_code = bool(measured.get("wall_limit")), bool(measured.get("ran_code"))
        return StepResult(outcome, result, milliseconds, heartbeats, wall_limit, ran_code)


def _outcome(result: TacticResult) -> Outcome:
    match result:
        case TacticState():
            return Outcome.ADVANCED
        case ProofFinished():
            return Outcome.PROVED
        case ProofGivenUp():
            return Outcome.GIVEN_UP
        case _:
            return Outcome.FAILED


def _abandon(dojo: TunedDojo) -> None:
    """Ends the Dojo's process and removes its file, also when it did not get as far as having them."""
    if hasattr(dojo, "proc"):
        dojo.__exit__(None, None, None)  # kills, and leaves the dead process and the terminal to us
        dojo.proc.wait()
        dojo.proc.close()
    elif hasattr(dojo, "modified_file"):
        dojo.modified_file.close()
