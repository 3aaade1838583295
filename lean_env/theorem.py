"""What there is to prove: a statement, its name, and what a proof may use: modules, and declarations of its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lean_env.lemmas import Lemmas

#: What every tactic state carries here: names that `intro` and `cases` bring can be written, and `List.length l` is not
#: `l.length`.
STATE_OPTIONS = ("tactic.hygienic false", "pp.fieldNotation false")

#: What stands before every header. The library comes without compiled code for most of its functions, so a definition
#: that uses them cannot be compiled, and need not be. `lemma` is Mathlib's word for `theorem`, and everybody's.
HEADER_PREFIX = """noncomputable section
macro (name := lemma) modifiers:declModifiers "lemma" name:declId signature:declSig value:declVal : command =>
  `($modifiers:declModifiers theorem $name $signature $value)
"""

#: What stands behind it, for every state.
HEADER_SETTINGS = "".join(f"set_option {option}\n" for option in STATE_OPTIONS)


@dataclass(frozen=True, slots=True)
class Header:
    """The declarations and scopes that stand above a theorem, as Lean text without imports.

    Part of what the theorem says: a false `Add` instance in it is what its author wrote. Show it with the statement.
    """

    text: str

    @property
    def key(self) -> str:
        """SHA-256 over the text and over what this program puts round it, in hexadecimal."""
        return _key_of(self.text)


@lru_cache(maxsize=1024)
def _key_of(text: str) -> str:
    # `backslashreplace`: half a surrogate pair is no text for Lean either, and has a key all the same.
    parts = json.dumps([text, HEADER_PREFIX, HEADER_SETTINGS], ensure_ascii=False)
    return hashlib.sha256(parts.encode(errors="backslashreplace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Environment:
    """The modules a theorem imports; what they import in turn is visible, nothing else is but the header.

    `imports` are exactly the file's imports (it says `prelude`, so `Init` is not added silently), without repetition,
    in the order of the module that the theorem comes from. `header` stands between them and the theorem. `lemmas` may
    be borrowed by a proof, which then brings them along: what is proved is proved over the imports alone.
    """

    imports: tuple[str, ...]
    header: Header | None = None
    lemmas: Lemmas | None = None

    def __post_init__(self) -> None:
        if self.header is not None and self.lemmas is not None:
            raise ValueError("lemmas are lent to theorems of the library alone, which have no header")

    @property
    def key(self) -> str:
        """A stable text for caches, the database and error messages: `Init.Core,Init.Data.Nat.Basic`, and with a header
        `Init#` and the first 16 digits of its key, with lemmas `Init+` and those of their digest."""
        modules = ",".join(self.imports)
        if self.lemmas is not None:
            return f"{modules}+{self.lemmas.digest[:16]}"
        return modules if self.header is None else f"{modules}#{self.header.key[:16]}"

    @property
    def modules(self) -> Environment:
        """The imports alone."""
        return self if self.header is None and self.lemmas is None else Environment(self.imports)

    def fields(self) -> dict[str, Any]:
        """How a request to a worker names it (`host/requests.js`)."""
        if self.lemmas is not None:
            return {"imports": list(self.imports), "lemmas": self.lemmas.fields()}
        if self.header is None:
            return {"imports": list(self.imports)}
        header = {"prefix": HEADER_PREFIX, "text": self.header.text, "settings": HEADER_SETTINGS}
        return {"imports": list(self.imports), "header": header}

    @classmethod
    def from_key(cls, key: str, header: str | None = None) -> Environment:
        """Back from `key`; the text of its header has to be given (the corpus has it), and must be that one.

        Raises ValueError where it is missing or another."""
        modules, _, digits = key.partition("#")
        environment = cls(tuple(filter(None, modules.split(","))), Header(header) if digits and header else None)
        if environment.key != key:
            raise ValueError(f"the environment {key} needs its header" if not header else f"not the header of {key}")
        return environment


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
