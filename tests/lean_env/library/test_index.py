"""The index of the installed library: the counts measured on this distribution, and what environments contain."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lean_env.library.building import build_index
from lean_env.library.expression import (
    Apply,
    Expression,
    ForAll,
    Lambda,
    Let,
    Metadata,
    Projection,
    expression_hash,
    subterms,
    used_constants,
)
from lean_env.library.index import Library, LibraryConstant, LibraryUnavailable, module_path
from lean_env.library.names import is_recursor_name
from lean_env.library.olean import Kind, ModuleFile, OleanError, Safety
from lean_env.theorem import Environment

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation


INIT = Environment(("Init",))


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as opened:
        yield opened


@pytest.fixture(scope="module")
def constants(library: Library) -> list[LibraryConstant]:
    """Init's. What Std adds is test_std.py's."""
    return [constant for module in library.closure(INIT) for constant in library.constants(module)]


@pytest.fixture(scope="module")
def folder(installation: Installation) -> Path:
    return installation.root / "lib" / "lean"


def test_counts_of_init(library: Library, constants: list[LibraryConstant]) -> None:
    modules = library.closure(INIT)
    stored_as_axiom = Counter(c.original_kind for c in constants if c.kind is Kind.AXIOM)
    assert len(modules) == 506
    assert len(constants) == 45_867
    assert stored_as_axiom == {Kind.THEOREM: 25_105, Kind.DEFINITION: 2_903, Kind.OPAQUE: 296, Kind.AXIOM: 14}
    assert sum(c.original_kind is Kind.THEOREM for c in constants) == 30_018
    assert sum(theorem.module in modules for theorem in library.theorems()) == 22_221


def test_every_named_theorem_is_printed(library: Library) -> None:
    statements = {theorem.name: theorem.statement for theorem in library.theorems()}
    assert all(statements.values())
    assert statements["Nat.add_comm"] == "∀ (n m : Nat), n + m = m + n"
    assert "List.append" not in statements["List.map_append"], "notation is used"
    assert "List.map f l₁" in statements["List.map_append"], "and full names instead of field notation"


def test_the_true_axioms_are_these(constants: list[LibraryConstant]) -> None:
    assert {c.name for c in constants if c.is_true_axiom} >= {"propext", "Classical.choice", "Quot.sound", "sorryAx"}
    assert sum(c.is_true_axiom for c in constants) == 14


def test_safety_flags(library: Library, constants: list[LibraryConstant]) -> None:
    assert Counter(c.safety for c in constants)[Safety.PARTIAL] == 293
    unsafe_cast = library.constant("unsafeCast")
    assert unsafe_cast is not None
    assert unsafe_cast.safety is Safety.UNSAFE


def test_statements_that_their_imports_can_state(library: Library, folder: Path) -> None:
    statable = 0
    for module in library.closure(INIT):
        environment = library.strict_environment(module)
        named = {theorem.name for theorem in library.theorems() if theorem.module == module}
        if not named or not environment.imports:
            continue
        for declaration in ModuleFile(module_path(folder, module)).declarations():
            if declaration.name in named:
                statable += all(library.constant(c, environment) for c in used_constants(declaration.type))
    assert statable == 16_262


def test_a_theorem_is_not_in_its_own_environment(library: Library) -> None:
    for theorem in library.theorems()[::97]:
        environment = library.strict_environment(theorem.module)
        assert library.constant(theorem.name, environment) is None
        assert theorem.module not in library.closure(environment)
        assert theorem not in library.visible(environment)


def test_visible_theorems_come_from_the_closure(library: Library) -> None:
    environment = library.strict_environment("Init.Data.List.Lemmas")
    names = {theorem.name for theorem in library.visible(environment)}
    assert "Nat.add_comm" in names
    assert "List.append_assoc" in names
    assert "List.map_append" not in names


def test_closure_follows_private_imports(library: Library) -> None:
    # Measured on an environment that Lean made: its header lists 90 modules.
    assert len(library.closure(Environment(("Init.Data.List.Lemmas",)))) == 90
    assert len(library.closure(Environment(("Init",)))) == 506
    with pytest.raises(KeyError):
        library.closure(Environment(("Mathlib",)))


def test_stored_hashes_are_those_of_the_files(library: Library) -> None:
    for name in ("Nat.add_comm", "List.map_append", "List.rec", "Prod", "id"):
        declaration = library.declaration(name)
        constant = library.constant(name)
        assert constant is not None
        assert constant.type_hash == expression_hash(declaration.type, declaration.level_params)
        assert constant.level_params == declaration.level_params
    assert library.constant("no.such.constant") is None
    with pytest.raises(KeyError):
        library.declaration("no.such.constant")


def test_recursor_theorems_among_the_named(library: Library) -> None:
    assert sum(is_recursor_name(theorem.name) for theorem in library.visible(INIT)) == 37


def copy_of_prelude(folder: Path, to: Path) -> Path:
    """A library of one module, so that building its index takes a fraction of a second."""
    target = to / "Init.olean"
    shutil.copyfile(module_path(folder, "Init.Prelude"), target)
    return target


def digest_of(folder: Path, database: Path) -> str:
    build_index(folder, database)
    with Library(folder, database) as library:
        return library.digest


def test_a_changed_byte_in_a_constant_changes_the_digest(folder: Path, tmp_path: Path) -> None:
    file = copy_of_prelude(folder, tmp_path)
    before = digest_of(tmp_path, tmp_path / "before.db")
    assert digest_of(tmp_path, tmp_path / "again.db") == before
    data = file.read_bytes()
    at = data.index(b"sorryAx\0")
    file.write_bytes(data[:at] + b"sorryAy\0" + data[at + 8 :])
    assert digest_of(tmp_path, tmp_path / "after.db") != before


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Init.olean"
    file.write_bytes(b"olean\x01" + b"\0" * 200)
    with pytest.raises(OleanError, match="not a version 2"):
        build_index(tmp_path, tmp_path / "library.db")
    assert list(tmp_path.iterdir()) == [file], "a failed build leaves nothing behind"


def test_an_index_of_another_format_names_the_command(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LibraryUnavailable, match="flywheel setup"):
        Library(folder, tmp_path / "missing.db")
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(LibraryUnavailable, match="flywheel setup`"):
        Library(folder, old)


def test_metadata_in_a_stored_statement_does_not_count(library: Library, folder: Path) -> None:
    """Real files hold metadata; a copy without it hashes the same."""
    annotated = [
        declaration
        for declaration in ModuleFile(module_path(folder, "Init.Core")).declarations()
        if any(isinstance(node, Metadata) for node in subterms(declaration.type))
    ]
    assert annotated
    for declaration in annotated:
        stripped = without_metadata(declaration.type)
        assert not any(isinstance(node, Metadata) for node in subterms(stripped))
        assert expression_hash(stripped, declaration.level_params) == expression_hash(
            declaration.type, declaration.level_params
        )


def without_metadata(root: Expression) -> Expression:
    if isinstance(root, Metadata):
        return without_metadata(root.of)
    if isinstance(root, Apply):
        return Apply(without_metadata(root.function), without_metadata(root.argument))
    if isinstance(root, ForAll | Lambda):
        domain, body = without_metadata(root.domain), without_metadata(root.body)
        return type(root)(root.binder_name, root.binder_kind, domain, body)
    if isinstance(root, Let):
        return Let(root.binder_name, *(without_metadata(part) for part in (root.type, root.value, root.body)))
    if isinstance(root, Projection):
        return Projection(root.structure, root.index, without_metadata(root.of))
    return root
