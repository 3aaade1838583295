"""A native Lean through leanprover-community/repl: states, and the messages of whole files with their places."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from lean_env.lean_text.theorems import signature
from lean_env.lean_text.written import written
from lean_env.limits import Limits
from lean_env.native.backend import OPENING_SECONDS, NativeLean, import_lines
from lean_env.native.interact import Command, CommandResponse
from lean_env.native.interact import Message as ReplMessage
from lean_env.native.project import Project
from lean_env.native.repl import ReplServer, repl_config
from lean_env.native.session import ReplSession, accepted, ask
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.theorem import Environment, Theorem


class ReplLean(NativeLean):
    """`repl`: the executable of `find_repl`. `bubblewrap` None: for those who trust the model; nothing is confined
    then. `readable`: further folders that the sandbox shows."""

    def __init__(
        self,
        project: Project,
        repl: Path,
        bubblewrap: Path | None,
        limits: Limits | None = None,
        readable: tuple[Path, ...] = (),
    ) -> None:
        super().__init__(project, limits)
        self._config = self._stack.enter_context(repl_config(project, repl, bubblewrap, readable))

    @contextlib.contextmanager
    def _open(self, theorem: Theorem) -> Iterator[tuple[ReplSession, TacticState]]:
        stated = f"theorem {written(theorem.name)} {signature(theorem.statement)} := by sorry"
        session = ReplSession(self._server, self.limits.max_tactic_bytes, self.step_seconds)
        try:
            yield session, session.open(self.head(theorem.environment), stated)
        finally:
            session.close()

    def messages(self, environment: Environment, text: str) -> list[Message]:
        try:
            with self._server() as server:
                base = accepted(ask(server, Command(cmd=import_lines(environment)), OPENING_SECONDS)).env
                reply = ask(server, Command(cmd=text, env=base), OPENING_SECONDS)
        except OSError as error:  # a timeout is one as well
            raise DojoCrashError(f"the repl does not read the text: {error}") from error
        if not isinstance(reply, CommandResponse):
            return [Message("error", reply.message, 1, 0)]
        return [_message(said) for said in reply.messages]

    def _server(self) -> ReplServer:
        return ReplServer(self._config)


def _message(said: ReplMessage) -> Message:
    severity = "information" if said.severity == "info" else said.severity
    return Message(severity, said.data, said.start_pos.line, said.start_pos.column)
