"""One theorem as its file has it, before Lean has seen it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lean_env.benchmark.external.text_class import class_of_state, class_of_statement
from lean_env.lean_text.modules import OwnModules
from lean_env.lean_text.scope import Scope


@dataclass(frozen=True, slots=True)
class TracedTactic:
    """One step of a human proof: printed state, tactic, printed state after it."""

    state_before: str
    tactic: str
    state_after: str


@dataclass(frozen=True, slots=True)
class Row:
    """`binders` stand before the colon, `conclusion` after it, both without comments. `place` is FILE:LINE. `proved`:
    the file has a proof of it (which nobody reads). `objection`: why it cannot be used, where the text alone says so.
    `library`: the theorem of Lean's own library that the row names instead of having a statement; then binders and
    conclusion, if any, are as a traced state prints them. `traced`: the tactics of its proof, if they are there.
    `above`: what stands above it in its file, imports left out, where it may mean something else without that.
    `own`: the modules of its own repository that its file imports, if it imports any."""

    name: str
    binders: str
    conclusion: str
    scope: Scope
    place: str
    split: str = ""
    proved: bool = False
    objection: str = ""
    library: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    traced: tuple[TracedTactic, ...] = ()
    above: str = ""
    #: The line of the file with which `above` begins.
    above_line: int = 1
    #: What the check puts before all that.
    first: str = ""
    own: OwnModules | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """What it imports that is no module of its repository, each once."""
        return self.scope.modules if self.own is None else self.own.imports

    @property
    def header(self) -> str:
        """What it has to stand under: the modules of its repository, and what stands above it; '' for nothing."""
        return self.first + (self.own.text if self.own is not None else "") + self.above

    @property
    def statement(self) -> str:
        """`(a : Nat) : a = a`: what Lean reads after `theorem NAME`."""
        return f"{self.binders} : {self.conclusion}".strip()

    @property
    def text_classes(self) -> frozenset[str]:
        """What finds copies of it where Lean reads neither: statements under the same declarations, and printed states,
        which do not tell what they are under."""
        if self.traced:
            found = {class_of_state(self.traced[0].state_before)}
        elif self.conclusion:
            found = {class_of_statement(self.statement), class_of_statement(self.statement, self.header)}
        else:
            found = set()
        return frozenset(found - {""})

    @property
    def text_hash(self) -> str:
        """SHA-256 over header and statement: what tells apart copies that Lean cannot be asked about."""
        parts = f"{self.scope.header()}\n{self.statement}\n{self.library}" + (self.header and f"\n{self.header}")
        return hashlib.sha256(parts.encode()).hexdigest()
