"""The index of the library: modules, constants and named theorems, in one SQLite file beside the .olean files.

`Library.open` reads it; building.py makes it. It answers what an environment contains, what a constant was before
export, and which statement a name stands for. Expressions are read from the .olean files on demand.

What it does not know: bodies that the distribution left out, and so what a library theorem's own proof rests on.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.library.expression import Expression, ExpressionHasher
from lean_env.library.olean import Declaration, Kind, ModuleFile, Safety
from lean_env.theorem import Environment

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

#: Lean's core library: what every worker holds, and all that lean-core and lean-logic are about.
INIT = "Init"
#: The standard library (hash maps, tree maps, bit vectors, ...). None of its modules imports `Lean`.
STD = "Std"

#: Grows with every change of the tables or of what a hash covers; an index of another version is refused.
FORMAT = 3


class LibraryUnavailable(Exception):
    """There is no usable index; the message says which command makes one."""


@dataclass(frozen=True, slots=True)
class LibraryConstant:
    """A constant as a proof sees it. `type_hash` is the canonical hash of its type; `body_hash` covers the rest.

    `kind` is what the distribution stores, `original_kind` what the library's author wrote: most theorems and all
    non-exposed definitions are stored as axioms.
    """

    name: str
    module: str
    kind: Kind
    original_kind: Kind
    safety: Safety
    level_params: tuple[str, ...]
    type_hash: str
    body_hash: str

    @property
    def is_true_axiom(self) -> bool:
        """An axiom in the library's own source (14 in Init), not a theorem or definition that lost its body."""
        return self.original_kind is Kind.AXIOM

    @property
    def is_bodyless_definition(self) -> bool:
        """A definition or opaque that no proof can unfold, because its body is not in the distribution."""
        return self.kind is Kind.AXIOM and self.original_kind in (Kind.DEFINITION, Kind.OPAQUE)


@dataclass(frozen=True, slots=True)
class LibraryTheorem:
    """A theorem that a person named. `statement` is its default print ('' if the index was built without Lean)."""

    name: str
    module: str
    statement: str


def module_path(folder: Path, module: str) -> Path:
    return folder.joinpath(*module.split(".")).with_suffix(".olean")


def library_folder(root: Path) -> Path:
    return root / "lib" / "lean"


def database_file(root: Path) -> Path:
    return root / "library.db"


def row_of(declaration: Declaration, hasher: ExpressionHasher) -> list[str]:
    """What the index holds of a constant, its module excepted; a module's digest covers these."""
    return [
        declaration.name,
        declaration.kind.value,
        declaration.original_kind.value,
        declaration.safety.value,
        json.dumps(declaration.level_params),
        hasher.hash(declaration.type, declaration.level_params),
        _body_hash(declaration, hasher),
    ]


def _body_hash(declaration: Declaration, hasher: ExpressionHasher) -> str:
    terms = [*([] if declaration.value is None else [declaration.value]), *declaration.rules]
    hashes = [hasher.hash(term, declaration.level_params) for term in terms]
    return digest_of_rows([list(declaration.shape), hashes])


def digest_of_rows(rows: Iterable[Sequence[object]]) -> str:
    """SHA-256 over rows in sorted order, each as one line of JSON."""
    lines = sorted(json.dumps(row, ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Library:
    """The opened index. Safe to share between threads. Close it, or use it as a context manager. `database` is its
    file."""

    def __init__(self, folder: Path, database: Path) -> None:
        self._folder = folder
        self.database = database
        if not database.is_file():
            raise LibraryUnavailable(f"{database} is missing: setup did not finish. `flywheel setup` makes it")
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            self._connection.close()
            raise LibraryUnavailable(
                f"{database} was made by another version of this program (format {version}, wanted {FORMAT}); "
                "`flywheel setup` makes it anew"
            )
        self._module_names: dict[int, str] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._module_digests: dict[str, str] = {}
        for identifier, name, imports, digest in self._connection.execute("SELECT * FROM module"):
            self._module_names[identifier] = name
            self._imports[name] = tuple(json.loads(imports))
            self._module_digests[name] = digest
        self._roots = tuple(name for (name,) in self._connection.execute("SELECT name FROM root ORDER BY rowid"))
        self._closures: dict[Environment, frozenset[str]] = {}
        self._environment_digests: dict[Environment, str] = {}
        self._theorems: tuple[LibraryTheorem, ...] | None = None
        self._file = lru_cache(maxsize=16)(lambda module: ModuleFile(module_path(folder, module)))

    @classmethod
    def open(cls, installation: Installation) -> Library:
        """The index of an installation. Raises LibraryUnavailable."""
        return cls(library_folder(installation.root), database_file(installation.root))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # ---- modules and environments ----

    @property
    def modules(self) -> tuple[str, ...]:
        """All modules by name."""
        return tuple(self._imports)

    @property
    def digest(self) -> str:
        """Identifies Lean's core library: every constant of every module of Init."""
        return self.environment_digest(Environment((INIT,)))

    @property
    def indexed_digest(self) -> str:
        """Identifies all that is indexed: `digest`, where Std is not."""
        return self.environment_digest(Environment(self._roots))

    @property
    def has_std(self) -> bool:
        return STD in self._roots

    def imports(self, module: str) -> tuple[str, ...]:
        """The modules that `module`'s header names, in its order, without repetition. Raises KeyError."""
        return self._imports[module]

    def strict_environment(self, module: str) -> Environment:
        """Exactly what `module` imports: where its theorems are proved. Raises KeyError."""
        return Environment(self._imports[module])

    def closure(self, environment: Environment) -> frozenset[str]:
        """All modules that importing `environment` loads: private imports count, since Lean's kernel sees them too
        (compared with the header of environments that Lean made). Raises KeyError for a module outside the library."""
        environment = environment.modules
        known = self._closures.get(environment)
        if known is None:
            seen, todo = set(environment.imports), list(environment.imports)
            while todo:
                for name in self._imports[todo.pop()]:
                    if name not in seen:
                        seen.add(name)
                        todo.append(name)
            known = self._closures[environment] = frozenset(seen)
        return known

    def environment_digest(self, environment: Environment) -> str:
        """SHA-256 over name, kind, safety, type and body of every constant of the closure, by module."""
        environment = environment.modules
        known = self._environment_digests.get(environment)
        if known is None:
            known = digest_of_rows([(name, self._module_digests[name]) for name in self.closure(environment)])
            self._environment_digests[environment] = known
        return known

    # ---- constants ----

    def constant(self, name: str, environment: Environment | None = None) -> LibraryConstant | None:
        """The constant of this name that `environment` (default: the whole library) holds, or None.

        35 generated theorems of Init (`….congr_simp`, `….eq_1`) are declared by more than one module with the same
        type, some with and some without their body; the first module by name answers.
        """
        closure = None if environment is None else self.closure(environment)
        for row in self._connection.execute("SELECT * FROM constant WHERE name = ? ORDER BY module", (name,)):
            found = self._constant(row)
            if closure is None or found.module in closure:
                return found
        return None

    def constants(self, module: str) -> list[LibraryConstant]:
        """All constants of one module, by name. Raises KeyError."""
        self._imports[module]
        query = "SELECT * FROM constant WHERE module = (SELECT id FROM module WHERE name = ?) ORDER BY name"
        return [self._constant(row) for row in self._connection.execute(query, (module,))]

    def definitions(self) -> dict[str, str]:
        """The module of each definition that a proof can unfold, by name: those whose body is in the distribution."""
        query = (
            "SELECT constant.name, module.name FROM constant JOIN module ON module.id = constant.module "
            "WHERE constant.kind = ? ORDER BY constant.name, module.id DESC"
        )
        return dict(self._connection.execute(query, (Kind.DEFINITION.value,)).fetchall())

    def declaration(self, name: str, module: str | None = None) -> Declaration:
        """Type, body and all of a constant, read from its .olean. Raises KeyError."""
        if module is None:
            constant = self.constant(name)
            if constant is None:
                raise KeyError(name)
            module = constant.module
        file: ModuleFile = self._file(module)
        return file.declaration(name)

    def simp_marks(self, module: str) -> dict[str, str]:
        """Which of a module's theorems it makes simp lemmas, and by which attribute. Raises KeyError."""
        self._imports[module]
        return ModuleFile(module_path(self._folder, module)).simp_marks()

    def declarations(self, module: str) -> Iterator[Declaration]:
        """All constants of one module with their terms, in file order. Raises KeyError."""
        self._imports[module]
        return ModuleFile(module_path(self._folder, module)).declarations()

    def is_as_indexed(self, module: str) -> bool:
        """Whether the module's file still holds the constants that the index was made from (15 ms). Raises KeyError."""
        hasher = ExpressionHasher()
        rows = [row_of(declaration, hasher) for declaration in self.declarations(module)]
        return digest_of_rows(rows) == self._module_digests[module]

    def expression(self, name: str) -> Expression:
        """The type of a constant: the statement, for a theorem. Raises KeyError."""
        return self.declaration(name).type

    # ---- theorems ----

    def theorems(self) -> tuple[LibraryTheorem, ...]:
        """The theorems that a person named, by module, then in file order."""
        if self._theorems is None:
            query = "SELECT name, module, statement FROM theorem ORDER BY id"
            rows = self._connection.execute(query).fetchall()
            self._theorems = tuple(LibraryTheorem(n, self._module_names[m], s) for n, m, s in rows)
        return self._theorems

    def visible(self, environment: Environment) -> list[LibraryTheorem]:
        """The named theorems that a proof in `environment` can cite, in the order of `theorems`."""
        closure = self.closure(environment)
        return [theorem for theorem in self.theorems() if theorem.module in closure]

    def _constant(self, row: tuple[str, int, str, str, str, str, str, str]) -> LibraryConstant:
        name, module, kind, original, safety, level_params, type_hash, body_hash = row
        return LibraryConstant(
            name,
            self._module_names[module],
            Kind(kind),
            Kind(original),
            Safety(safety),
            tuple(json.loads(level_params)),
            type_hash,
            body_hash,
        )
