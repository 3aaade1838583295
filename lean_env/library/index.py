"""The index of the library: modules, constants and named theorems, in one SQLite file beside the .olean files.

`build` makes it once, as the last step of `flywheel setup`: 7 s to read the 506 modules of Init, and half a minute on
two cores in which Lean prints the statements. `Library.open` reads it. It answers what an environment contains, what a
constant was before export, and which statement a name stands for. Expressions are read from the .olean files on demand.

What it does not know: bodies that the distribution left out, and so what a library theorem's own proof rests on.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.library.expression import Expression, ExpressionHasher
from lean_env.library.names import is_human_name
from lean_env.library.olean import Declaration, Kind, ModuleFile, Safety
from lean_env.library.statements import print_statements
from lean_env.theorem import Environment

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

#: What is indexed: `Init`, the library that the workers hold, and everything that it imports.
ROOT_MODULE = "Init"

#: Grows with every change of the tables or of what a hash covers; an index of another version is refused.
_FORMAT = 2

_SCHEMA = """
CREATE TABLE module (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    imports TEXT NOT NULL,        -- JSON list of names, in header order, without repetition
    digest TEXT NOT NULL          -- SHA-256 over its constants
);
CREATE TABLE constant (
    name TEXT NOT NULL,
    module INTEGER NOT NULL REFERENCES module(id),
    kind TEXT NOT NULL,
    original_kind TEXT NOT NULL,
    safety TEXT NOT NULL,
    level_params TEXT NOT NULL,   -- JSON list of names
    type_hash TEXT NOT NULL,
    body_hash TEXT NOT NULL,      -- over value, constructors, recursor rules, counts
    PRIMARY KEY (name, module)
) WITHOUT ROWID;
CREATE TABLE theorem (            -- those that a person named
    id INTEGER PRIMARY KEY,       -- by module, then file order
    name TEXT NOT NULL UNIQUE,
    module INTEGER NOT NULL REFERENCES module(id),
    statement TEXT NOT NULL DEFAULT ''   -- default print in full Init; '' if no Lean worker printed it
);
"""


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


#: Prints the statements of the theorems with these names; calls back with how many are done.
StatementPrinter = Callable[[Sequence[str], Callable[[int], None]], Mapping[str, str]]


def build(installation: Installation, report: Callable[[int, int], None] | None = None) -> None:
    """Indexes the installation's library into its `library.db`, replacing an older one; a crash leaves the old one.

    `report(done, total)` counts modules read, then modules printed. Raises OleanError, NoWorker,
    WorkerDied.
    """

    def printer(names: Sequence[str], printed: Callable[[int], None]) -> Mapping[str, str]:
        return print_statements(installation, names, printed)

    build_index(_library_folder(installation.root), _database(installation.root), report, printer)


def build_index(
    folder: Path,
    database: Path,
    report: Callable[[int, int], None] | None = None,
    printer: StatementPrinter | None = None,
) -> None:
    """`build` for any folder of .olean files. Without a printer the theorems' statements stay empty."""
    modules = _modules_below(folder, ROOT_MODULE)
    total = len(modules) * (1 if printer is None else 2)

    def tell(done: float) -> None:
        if report is not None:
            report(int(done), total)

    handle, temporary = tempfile.mkstemp(prefix=database.name, suffix=".tmp", dir=database.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(temporary)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
            for done, name in enumerate(modules, start=1):
                _index_module(connection, done, name, ModuleFile(module_path(folder, name)))
                tell(done)
            if printer is not None:
                names = [name for (name,) in connection.execute("SELECT name FROM theorem ORDER BY id")]
                texts = printer(names, lambda printed: tell(len(modules) * (1 + printed / len(names))))
                rows = [(texts[name], name) for name in names]
                connection.executemany("UPDATE theorem SET statement = ? WHERE name = ?", rows)
            connection.commit()
        Path(temporary).replace(database)
    finally:
        Path(temporary).unlink(missing_ok=True)


def module_path(folder: Path, module: str) -> Path:
    return folder.joinpath(*module.split(".")).with_suffix(".olean")


def _library_folder(root: Path) -> Path:
    return root / "lib" / "lean"


def _database(root: Path) -> Path:
    return root / "library.db"


def _imported(file: ModuleFile) -> list[str]:
    return list(dict.fromkeys(i.module for i in file.imports()))


def _modules_below(folder: Path, root: str) -> list[str]:
    """The import closure of `root`, sorted by name."""
    seen, todo = {root}, [root]
    while todo:
        for name in _imported(ModuleFile(module_path(folder, todo.pop()))):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return sorted(seen)


def _index_module(connection: sqlite3.Connection, identifier: int, name: str, file: ModuleFile) -> None:
    hasher = ExpressionHasher()
    rows = []
    theorems = []
    for declaration in file.declarations():
        rows.append(_row(declaration, hasher))
        if declaration.original_kind is Kind.THEOREM and is_human_name(declaration.name):
            theorems.append((declaration.name, identifier))
    connection.execute(
        "INSERT INTO module VALUES (?, ?, ?, ?)",
        (identifier, name, json.dumps(_imported(file)), _digest_of_rows(rows)),
    )
    connection.executemany(
        "INSERT INTO constant VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(row[0], identifier, *row[1:]) for row in rows]
    )
    connection.executemany("INSERT INTO theorem (name, module) VALUES (?, ?)", theorems)


def _row(declaration: Declaration, hasher: ExpressionHasher) -> list[str]:
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
    return _digest_of_rows([list(declaration.shape), hashes])


def _digest_of_rows(rows: Iterable[Sequence[object]]) -> str:
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
        if version != _FORMAT:
            self._connection.close()
            raise LibraryUnavailable(
                f"{database} was made by another version of this program (format {version}, wanted {_FORMAT}); "
                "`flywheel setup --force` makes it anew"
            )
        self._module_names: dict[int, str] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._module_digests: dict[str, str] = {}
        for identifier, name, imports, digest in self._connection.execute("SELECT * FROM module"):
            self._module_names[identifier] = name
            self._imports[name] = tuple(json.loads(imports))
            self._module_digests[name] = digest
        self._closures: dict[Environment, frozenset[str]] = {}
        self._environment_digests: dict[Environment, str] = {}
        self._theorems: tuple[LibraryTheorem, ...] | None = None
        self._file = lru_cache(maxsize=16)(lambda module: ModuleFile(module_path(folder, module)))

    @classmethod
    def open(cls, installation: Installation) -> Library:
        """The index of an installation. Raises LibraryUnavailable."""
        return cls(_library_folder(installation.root), _database(installation.root))

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
        """Identifies the whole library: every constant of every module."""
        return self.environment_digest(Environment((ROOT_MODULE,)))

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
            known = _digest_of_rows([(name, self._module_digests[name]) for name in self.closure(environment)])
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

    def declarations(self, module: str) -> Iterator[Declaration]:
        """All constants of one module with their terms, in file order. Raises KeyError."""
        self._imports[module]
        return ModuleFile(module_path(self._folder, module)).declarations()

    def is_as_indexed(self, module: str) -> bool:
        """Whether the module's file still holds the constants that the index was made from (15 ms). Raises KeyError."""
        hasher = ExpressionHasher()
        rows = [_row(declaration, hasher) for declaration in self.declarations(module)]
        return _digest_of_rows(rows) == self._module_digests[module]

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
