"""What there is to prove: a statement, its name and the modules that a proof of it may use."""

from __future__ import annotations

from dataclasses import dataclass

#: What every tactic state carries here: names that `intro` and `cases` bring can be written, and `List.length l` is not
#: `l.length`.
STATE_OPTIONS = ("tactic.hygienic false", "pp.fieldNotation false")


@dataclass(frozen=True, slots=True)
class Environment:
    """The modules a theorem imports; what they import in turn is visible, nothing else is.

    `imports` are exactly the header's imports (the header says `prelude`, so `Init` is not added silently),
    without repetition, in the order of the module that the theorem comes from.
    """

    imports: tuple[str, ...]

    @property
    def key(self) -> str:
        """A stable text for caches, the database and error messages: `Init.Core,Init.Data.Nat.Basic`."""
        return ",".join(self.imports)

    @classmethod
    def from_key(cls, key: str) -> Environment:
        return cls(tuple(filter(None, key.split(","))))


@dataclass(frozen=True, slots=True)
class Theorem:
    """A statement to prove.

    A *library theorem* (`module` set) is stated by the expression stored in that module's .olean under `name`; its
    `statement` is only that expression's default print. A *text theorem* (`module` is None) is stated by `statement`,
    which a clean worker elaborates.
    """

    name: str
    statement: str
    environment: Environment
    module: str | None = None
    #: SHA-256 of the canonical expression (ATTACKS: no metadata, no binder names or kinds, universes by position);
    #: equal for statements that differ in bound names only. Empty for text that has not been elaborated yet.
    expression_hash: str = ""
    benchmark: str = ""
    split: str = ""
    stratum: str = ""
