"""What a native Lean does, however it is reached: opens theorems, and reads texts.

    with ReplLean(open_project("my-repo"), repl, find_bubblewrap()) as native:
        with native.open_session(theorem) as (session, root): ...

One process a theorem and one a text: Lean's text can change the process that runs it, so none is used twice.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

from lean_env.lean_text.theorems import is_one_statement
from lean_env.limits import Limits
from lean_env.native.project import Project
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import DojoInitError, TacticState
from lean_env.session.outcomes import ProofSession
from lean_env.session.surviving import SurvivingSession
from lean_env.theorem import STATE_OPTIONS, Environment, Theorem

#: Seconds for what precedes the proof: importing Mathlib takes ten on an idle machine.
OPENING_SECONDS = 300.0
#: Address space of one process: Mathlib's files, mapped, are 6 GB of it.
MEMORY_MB = 16_384
#: The processes that one theorem may cost, each with the tactic's limit (13 s) and a start. Heartbeats bound nothing
#: here, and a loop in Mathlib's tactics is no rarity.
_MAX_REPLACED = 16


class NativeLean(ABC):
    """A context manager; thread-safe."""

    def __init__(self, project: Project, limits: Limits | None = None) -> None:
        self.project = project
        self.limits = limits or Limits()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def open_session(self, theorem: Theorem) -> Iterator[tuple[ProofSession, TacticState]]:
        """`lean_env.session.outcomes.OpenSession` for text theorems. A tactic that ends its process, or does not
        answer, costs that process. Raises DojoInitError, DojoCrashError."""
        if theorem.module is not None:
            raise ValueError(f"`{theorem.name}` is stated by the embedded library, not by text")
        if not is_one_statement(theorem.statement):
            raise DojoInitError("the text is more than a statement")
        with SurvivingSession(theorem, self._open, _MAX_REPLACED) as opened:
            yield opened

    @abstractmethod
    def _open(self, theorem: Theorem) -> contextlib.AbstractContextManager[tuple[ProofSession, TacticState]]:
        """The theorem in a process of its own."""

    @abstractmethod
    def messages(self, environment: Environment, text: str) -> list[Message]:
        """What Lean says about a text without imports, read in a process of its own. Raises DojoInitError for imports
        that it does not have, DojoCrashError."""

    @property
    def step_seconds(self) -> float:
        """How long a tactic's answer is waited for."""
        return (self.limits.soft_ms + self.limits.hard_margin_ms) / 1000

    def head(self, environment: Environment) -> str:
        """What stands before a theorem. Its states then carry what every state of the embedded Lean carries, so that
        policies see the same kind of text."""
        return import_lines(environment) + "".join(f"set_option {option}\n" for option in self.options)

    @property
    def options(self) -> tuple[str, ...]:
        """Those of `STATE_OPTIONS` that this Lean knows."""
        old = self.project.minor < 8  # fields had another option before
        return tuple(option for option in STATE_OPTIONS if not (old and option.startswith("pp.fieldNotation")))


def import_lines(environment: Environment) -> str:
    """One line an import."""
    return "".join(f"import {module}\n" for module in environment.imports)
