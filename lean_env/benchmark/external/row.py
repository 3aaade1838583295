"""One theorem as its file has it, before Lean has seen it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lean_env.benchmark.external.text_class import class_of_state, class_of_statement
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
    `above`: what stands above it in its file, imports left out, where it may mean something else without that."""

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

    @property
    def statement(self) -> str:
        """`(a : Nat) : a = a`: what Lean reads after `theorem NAME`."""
        return f"{self.binders} : {self.conclusion}".strip()

    @property
    def text_class(self) -> str:
        """What finds copies of it where Lean reads neither; '' where there is no text."""
        if self.traced:
            return class_of_state(self.traced[0].state_before)
        return class_of_statement(self.statement) if self.conclusion else ""

    @property
    def text_hash(self) -> str:
        """SHA-256 over header and statement: what tells apart copies that Lean cannot be asked about."""
        parts = f"{self.scope.header()}\n{self.statement}\n{self.library}" + (self.above and f"\n{self.above}")
        return hashlib.sha256(parts.encode()).hexdigest()
