"""Modules of one's own: where they are found, in which order they stand, and what is refused. No Lean is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lean_env.lean_text import modules
from lean_env.lean_text.modules import ModulesError, OwnModules, own_modules
from lean_env.lean_text.project import Project, ProjectError

LIBRARY = ("Init", "Std.Data.HashMap")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A diamond: Main imports Left and Right, both of which import Base."""
    write(
        tmp_path / "project",
        **{
            "lakefile.toml": 'name = "toy"\n\n[[lean_lib]]\nname = "Toy"\n',
            "Toy/Base.lean": "import Std.Data.HashMap\n\ninductive Color | red\nnamespace Color\nsection Deep.er\n",
            "Toy/Left.lean": "import Toy.Base\ndef left : Nat := 1\n",
            "Toy/Right.lean": "import Toy.Base\n#eval 1 + 1\ndef right : Nat := 2\n",
            "Toy/Main.lean": "import Toy.Left\nimport Toy.Right\ntheorem t : left + left = right := by sorry\n",
        },
    )
    return tmp_path / "project"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(file: Path) -> OwnModules:
    return own_modules(file, file.read_text(encoding="utf-8"), LIBRARY)


def refusal(file: Path) -> str:
    with pytest.raises(ModulesError) as refused:
        read(file)
    return str(refused.value)


def test_a_diamond_stands_in_order_each_module_once(project: Path) -> None:
    own = read(project / "Toy/Main.lean")
    assert own.imports == ("Init", "Std.Data.HashMap")
    base, left, right = own.text.split("section --- module ")[1:]
    assert [part.partition("\n")[0] for part in (base, left, right)] == ["Toy.Base", "Toy.Left", "Toy.Right"]
    assert base.endswith("section Deep.er\nend Deep.er\nend Color\nend --- module Toy.Base\n")
    assert "#eval" not in right and right.split("\n")[3] == "def right : Nat := 2"
    assert own.blame("its header: module Toy.Base, line 3: no") == (
        "Main.lean imports Toy.Left, which imports Toy.Base: its header: module Toy.Base, line 3: no"
    )
    assert own.blame("line 3: no") == "line 3: no"


def test_a_file_that_needs_none_has_none(project: Path) -> None:
    assert read(project / "Toy/Base.lean") == OwnModules(("Init", "Std.Data.HashMap"))


@pytest.mark.parametrize(
    ("lakefile", "text"),
    [
        (
            "lakefile.toml",
            'name = "toy"\nsrcDir = "src"\n[[lean_lib]]\nname = "toy"\nroots = ["Toy"]\nsrcDir = "lean"\n',
        ),
        (
            "lakefile.lean",
            'import Lake\nopen Lake DSL\npackage «toy» where\n  srcDir := "src"\n\n'
            '-- lean_lib Toy where srcDir := "wrong"\n@[default_target]\nlean_lib «toy» where\n'
            '  roots := #[`Toy]\n  srcDir := "lean"\n\nlean_exe other where\n  srcDir := "app"\n',
        ),
    ],
)
def test_source_folders_and_roots_of_a_lake_project(tmp_path: Path, lakefile: str, text: str) -> None:
    write(
        tmp_path,
        **{
            lakefile: text,
            "src/lean/Toy/A.lean": "",
            "src/Other.lean": "",
            "Toy/A.lean": "axiom no : False",
            "src/lean/Toy/B.lean": "import Toy.A\nimport Other",
        },
    )
    own = read(tmp_path / "src/lean/Toy/B.lean")
    assert list(own.chains) == ["Toy.A", "Other"] and "axiom" not in own.text


def test_a_plain_folder(tmp_path: Path) -> None:
    write(tmp_path, **{"A.lean": "import Deep.B", "Deep/B.lean": "", "Deep/C.lean": "import Deep.B\nimport A"})
    assert list(read(tmp_path / "A.lean").chains) == ["Deep.B"]
    assert list(read(tmp_path / "Deep/C.lean").chains) == ["Deep.B", "A"]


def test_a_cycle_a_missing_file_and_mathlib_name_the_chain_of_imports(project: Path) -> None:
    main = project / "Toy/Main.lean"
    chain = "Main.lean imports Toy.Left, which imports Toy.Base"
    base = project / "Toy/Base.lean"
    base.write_text("import Toy.Left\n")
    assert refusal(main) == f"{chain}, which imports Toy.Left: the imports go round in a circle"
    base.write_text("import Toy.Main\n")
    assert (
        refusal(main) == f"{chain}, which imports Toy.Main, which is the file itself: the imports go round in a circle"
    )
    base.write_text("import Toy.Gone\n")
    assert refusal(main) == f"{chain}, which imports Toy.Gone: {project / 'Toy/Gone.lean'} is missing"
    base.write_text("import Mathlib.Tactic\n")
    assert refusal(main).startswith(f"{chain}, which imports Mathlib.Tactic, which the embedded Lean does not have;")
    base.write_bytes(b"def a := '\xe9'\n")
    assert refusal(main) == f"{chain}, whose file {base} is not UTF-8"


def test_nothing_is_read_from_outside_the_project(project: Path, tmp_path: Path) -> None:
    main, secret = project / "Toy/Main.lean", tmp_path / "Secret.lean"
    secret.write_text("def secret : Nat := 1\n")
    for name in ("Toy...Secret", "/etc/passwd", "..Secret", "../Secret"):
        main.write_text(f"import {name}\n")
        assert refusal(main) == f"Main.lean imports {name}, which is no name of a module"
    for name in ("«..».Secret", "Toy.«..».«..».Secret", "«../Secret»", "Toy.«»", "Toy.\0"):
        with pytest.raises(ProjectError, match="no name of a module"):
            Project.of(main).path_of(name)
    (project / "Toy/Link.lean").symlink_to(secret)
    (project / "Away").symlink_to(tmp_path)
    for name in ("Toy.Link", "Away.Secret"):
        main.write_text(f"import {name}\n")
        assert f"lies outside the project {project}" in refusal(main)
    for folder in ("..", str(tmp_path)):
        (project / "lakefile.toml").write_text(f'name = "t"\n[[lean_lib]]\nname = "Secret"\nsrcDir = "{folder}"\n')
        main.write_text("import Secret\n")
        assert "lies outside the project" in refusal(main)


def test_a_large_file_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "MAX_BYTES", 20)
    assert refusal(project / "Toy/Main.lean").endswith(f"file {project / 'Toy/Left.lean'} has more than 20 bytes")


def test_what_would_have_to_be_run_or_cannot_be_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = project / "Toy/Main.lean"
    monkeypatch.setattr(modules, "MAX_MODULES", 2)
    assert "more than 2 modules" in refusal(main)
    (project / "Toy/Base.lean").write_text("end --- module Toy.Base\naxiom no : False\n")
    assert "a line that begins with `section --- module`" in refusal(main)
    (project / "lakefile.toml").write_text("name = \n")
    assert f"{project / 'lakefile.toml'} cannot be read" in refusal(main)
    (project / "lakefile.toml").unlink()
    (project / "lakefile.lean").write_text("lean_lib Toy where\n  srcDir := folder\n")
    assert "the srcDir of lean_lib Toy is computed, and no lakefile is run here" in refusal(main)
