"""What a user gets: the wheel holds what runs and nothing else, and works from an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_host_migrations_seeds_data_and_notices_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "lean_env/embedded/host/server.js",
        "lean_env/embedded/host/runtime/boot.js",
        "lean_env/embedded/host/build/rewrite_wasm.js",
        "lean_env/benchmark/data/lean_core.jsonl.gz",
        "corpus/migrations/env.py",
        "training/seed/nat.lean",
        "training/demo.toml",
        "training/demo_logic.toml",
        "training/presets/lean-logic.toml",
    ):
        assert wanted in names
    assert any(name.startswith("corpus/migrations/versions/") and name.endswith(".py") for name in names)
    assert {Path(name).name for name in names if "/licenses/" in name} >= {"LICENSE", "NOTICE"}
    assert not [name for name in names if name.startswith("tests") or "/tests/" in name]


def test_doctor_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    """A new environment with the wheel in it; dependencies are taken from the one that runs the tests."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    # .pth lines come after the environment's own packages; an editable install of the project there is left out by -I
    (Path(site) / "dependencies.pth").write_text("\n".join(dependencies) + "\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    probe = "import lean_env, sys; print(lean_env.__file__)"
    where = subprocess.run([python, "-I", "-c", probe], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert str(tmp_path) in where.stdout, "the checkout was imported, not the wheel"
    told = subprocess.run(
        [tmp_path / "venv" / "bin" / "flywheel", "doctor", "--json"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    checks = json.loads(told.stdout)
    assert told.returncode == 0, told.stdout + told.stderr
    assert all(check["ok"] or not check["required"] for check in checks)


def test_lean_toolchain_names_the_embedded_release(installation) -> None:
    named = (ROOT / "lean-toolchain").read_text(encoding="utf-8").strip()
    assert named.startswith("leanprover/lean4:v")
    release = named.removeprefix("leanprover/lean4:v").split(".")
    embedded = json.loads((installation.root / "install.json").read_text(encoding="utf-8"))["lean"].split(".")
    assert release[:2] == embedded[:2]
