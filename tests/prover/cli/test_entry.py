"""The command's first lines: what is said before anything else is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lean_flywheel

ROOT = Path(__file__).resolve().parents[3]


def start(cwd: Path, *pythonpath: Path, name: str = "lean_flywheel") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, pythonpath))}
    command = [sys.executable, "-m", name, "--help"]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.mark.parametrize("package", lean_flywheel.PACKAGES)
def test_a_package_of_the_same_name_in_front_is_one_line(package: str, tmp_path: Path) -> None:
    (tmp_path / "other" / package).mkdir(parents=True)
    (tmp_path / "other" / package / "__init__.py").touch()
    done = start(tmp_path, tmp_path / "other", ROOT)
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and str(tmp_path / "other" / package) in done.stderr
    assert "env -u PYTHONPATH flywheel" in done.stderr
    assert start(tmp_path, ROOT, tmp_path / "other").returncode == 0, "ours comes first"


def test_one_in_the_folder_where_it_was_started_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "prover.py").touch()
    done = start(tmp_path, ROOT)
    assert done.returncode == 2
    assert str(tmp_path / "prover.py") in done.stderr and "another folder" in done.stderr


@pytest.mark.parametrize("version", [(3, 10, 12), (3, 13, 0), (3, 14, 1)])
def test_a_python_that_cannot_run_it_is_named(version: tuple[int, ...]) -> None:
    said = lean_flywheel.objection(version)
    assert said is not None and ".".join(map(str, version)) in said and "3.11 or 3.12" in said
    assert lean_flywheel.objection() is None


def test_the_checks_import_nothing_that_could_fail() -> None:
    """On a Python that it refuses, no dependency may be installed."""
    code = "import sys; import lean_flywheel; lean_flywheel.objection(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"typer", "prover", "corpus", "lean_env", "training", "torch"} & set(done.stdout.split())
