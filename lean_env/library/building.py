"""Making the index of the library, once, as the last step of `flywheel setup`.

Init is indexed, and Std unless setup is told otherwise. Reading the 506 modules of Init takes 7 s, and Lean prints
their statements in half a minute on two cores. Std's 394 modules take as long again.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.library.expression import ExpressionHasher
from lean_env.library.index import FORMAT, INIT, STD, database_file, digest_of_rows, library_folder, module_path, row_of
from lean_env.library.names import is_human_name
from lean_env.library.olean import Kind, ModuleFile
from lean_env.library.statements import print_statements
from lean_env.theorem import Environment

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

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
    statement TEXT NOT NULL DEFAULT ''   -- default print in full Init (Std's: in Init and Std); '' if not printed
);
CREATE TABLE root (name TEXT PRIMARY KEY);   -- the index holds what these import
"""


#: Prints the statements of the theorems with these names in an environment; calls back with how many are done.
StatementPrinter = Callable[[Environment, Sequence[str], Callable[[int], None]], Mapping[str, str]]


def build(installation: Installation, report: Callable[[int, int], None] | None = None, *, std: bool = True) -> None:
    """Indexes the installation's library into its `library.db`, replacing an older one; a crash leaves the old one.

    `report(done, total)` counts modules read, then modules printed. Raises OleanError, NoWorker,
    WorkerDied.
    """

    def printer(environment: Environment, names: Sequence[str], printed: Callable[[int], None]) -> Mapping[str, str]:
        return print_statements(installation, environment, names, printed)

    roots = (INIT, STD) if std else (INIT,)
    build_index(library_folder(installation.root), database_file(installation.root), report, printer, roots)


def build_index(
    folder: Path,
    database: Path,
    report: Callable[[int, int], None] | None = None,
    printer: StatementPrinter | None = None,
    roots: Sequence[str] = (INIT,),
) -> None:
    """`build` for any folder of .olean files. Without a printer the theorems' statements stay empty."""
    modules = _modules_below(folder, roots)
    total = len(modules) * (1 if printer is None else 2)

    def tell(done: float) -> None:
        if report is not None:
            report(int(done), total)

    handle, temporary = tempfile.mkstemp(prefix=database.name, suffix=".tmp", dir=database.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(temporary)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            for done, name in enumerate(modules, start=1):
                _index_module(connection, done, name, ModuleFile(module_path(folder, name)))
                tell(done)
            connection.executemany("INSERT INTO root VALUES (?)", [(root,) for root in roots])
            if printer is not None:
                _print_theorems(connection, folder, roots, printer, lambda share: tell(len(modules) * (1 + share)))
            connection.commit()
        Path(temporary).replace(database)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _print_theorems(
    connection: sqlite3.Connection,
    folder: Path,
    roots: Sequence[str],
    printer: StatementPrinter,
    tell: Callable[[float], None],
) -> None:
    """Stores every theorem's statement: Init's as Init prints it, so that no other root changes what Init's say."""
    join = "theorem JOIN module ON module.id = theorem.module"
    theorems = connection.execute(f"SELECT theorem.name, module.name FROM {join} ORDER BY theorem.id").fetchall()
    done = 0

    def printed(count: int) -> None:
        tell((done + count) / len(theorems))

    for last in range(1, len(roots) + 1):
        before = frozenset(_modules_below(folder, roots[: last - 1]))
        here = frozenset(_modules_below(folder, roots[:last])) - before
        names = [name for name, module in theorems if module in here]
        texts = printer(Environment(tuple(roots[:last])), names, printed)
        connection.executemany("UPDATE theorem SET statement = ? WHERE name = ?", [(texts[n], n) for n in names])
        done += len(names)


def _imported(file: ModuleFile) -> list[str]:
    return list(dict.fromkeys(i.module for i in file.imports()))


def _modules_below(folder: Path, roots: Sequence[str]) -> list[str]:
    """The import closure of `roots`, sorted by name."""
    seen, todo = set(roots), list(roots)
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
        rows.append(row_of(declaration, hasher))
        if declaration.original_kind is Kind.THEOREM and is_human_name(declaration.name):
            theorems.append((declaration.name, identifier))
    connection.execute(
        "INSERT INTO module VALUES (?, ?, ?, ?)",
        (identifier, name, json.dumps(_imported(file)), digest_of_rows(rows)),
    )
    connection.executemany(
        "INSERT INTO constant VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(row[0], identifier, *row[1:]) for row in rows]
    )
    connection.executemany("INSERT INTO theorem (name, module) VALUES (?, ?)", theorems)
