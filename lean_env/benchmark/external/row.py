"""One theorem as its file has it, before Lean has seen it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lean_env.lean_text.scope import Scope


@dataclass(frozen=True, slots=True)
class Row:
    """`binders` stand before the colon, `conclusion` after it, both without comments. `place` is FILE:LINE. `proved`:
    the file has a proof of it (which nobody reads). `objection`: why it cannot be used, where the text alone says so.
    `library`: the theorem of Lean's own library that the row names instead of having a statement."""

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

    @property
    def statement(self) -> str:
        """`(a : Nat) : a = a`: what Lean reads after `theorem NAME`."""
        return f"{self.binders} : {self.conclusion}".strip()

    @property
    def text_hash(self) -> str:
        """SHA-256 over header and statement: what tells apart copies that Lean cannot be asked about."""
        return hashlib.sha256(f"{self.scope.header()}\n{self.statement}\n{self.library}".encode()).hexdigest()
