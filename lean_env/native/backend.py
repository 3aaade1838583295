"""Opens theorems in the user's Lean, and reads whole files with it.

    with NativeLean(open_project("my-repo"), repl, find_bubblewrap()) as native:
        with native.open_session(theorem) as (session, root): ...

One process a theorem and one a file: Lean's text can change the process that runs it, so none is used twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from lean_env.elaborate import Message
from lean_env.lean_text.theorems import is_signature
from lean_env.leandojo import DojoCrashError, TacticState
from lean_env.limits import Limits
from lean_env.native.interact import Command, CommandResponse
from lean_env.native.interact import Message as ReplMessage
from lean_env.native.project import Project
from lean_env.native.repl import ReplServer, repl_config
from lean_env.native.session import OPENING_SECONDS, NativeSession, accepted, ask
from lean_env.theorem import Environment, Theorem

#: Address space of one process: Mathlib's files, mapped, are 6 GB of it.
MEMORY_MB = 16_384
#: What every tactic state of the embedded Lean carries, so that policies see the same kind of text.
OPTIONS = "set_option tactic.hygienic false\nset_option pp.fieldNotation false"


class NativeLean:
    """A context manager. `bubblewrap` None: for those who trust the model; nothing is confined then. `readable`:
    further folders that the sandbox shows."""

    def __init__(
        self,
        project: Project,
        repl: Path,
        bubblewrap: Path | None,
        limits: Limits | None = None,
        readable: tuple[Path, ...] = (),
    ) -> None:
        self.project = project
        self.limits = limits or Limits()
        self._stack = contextlib.ExitStack()
        self._config = self._stack.enter_context(repl_config(project, repl, bubblewrap, MEMORY_MB, readable))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def open_session(self, theorem: Theorem) -> Iterator[tuple[NativeSession, TacticState]]:
        """`lean_env.outcomes.OpenSession` for text theorems. Raises DojoInitError, DojoCrashError."""
        if theorem.module is not None:
            raise ValueError(f"`{theorem.name}` is stated by the embedded library, not by text")
        header = f"{_imports(theorem.environment)}\n{OPTIONS}"
        colon = "" if is_signature(theorem.statement) else ": "
        stated = f"theorem {theorem.name} {colon}{theorem.statement} := by sorry"
        session = NativeSession(self._server, header, stated, self.limits)
        try:
            yield session, session.open()
        finally:
            session.close()

    def messages(self, environment: Environment, text: str) -> list[Message]:
        """What Lean says about a text without imports, read in a process of its own. Raises DojoInitError for imports
        that it does not have, DojoCrashError."""
        try:
            with self._server() as server:
                base = accepted(ask(server, Command(cmd=_imports(environment)), OPENING_SECONDS)).env
                reply = ask(server, Command(cmd=text, env=base), OPENING_SECONDS)
        except OSError as error:  # a timeout is one as well
            raise DojoCrashError(f"the repl does not read the text: {error}") from error
        if not isinstance(reply, CommandResponse):
            return [Message("error", reply.message, 1, 0)]
        return [_message(said) for said in reply.messages]

    def _server(self) -> ReplServer:
        return ReplServer(self._config)


def _imports(environment: Environment) -> str:
    return "\n".join(f"import {module}" for module in environment.imports)


def _message(said: ReplMessage) -> Message:
    severity = "information" if said.severity == "info" else said.severity
    return Message(severity, said.data, said.start_pos.line, said.start_pos.column)
