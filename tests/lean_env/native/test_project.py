"""What a repository on disk says, and what a user is told to do where something is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lean_interact.utils import DEFAULT_REPL_GIT_URL, DEFAULT_REPL_VERSION

from lean_env.native.errors import NativeUnavailable
from lean_env.native.project import Project, open_project
from lean_env.native.repl import find_repl
from tests.lean_env.native.player import RELEASE, write_repl


def test_a_built_repository(repository: Path, elan: Path) -> None:
    project = open_project(str(repository))
    assert project.version == RELEASE
    assert project.toolchain == elan / "toolchains" / f"leanprover--lean4---{RELEASE}"
    assert [library.relative_to(repository).as_posix() for library in project.libraries] == [
        ".lake/build/lib/lean",
        ".lake/packages/mathlib/.lake/build/lib",
    ]


def test_a_url_is_cloned_once_and_its_building_left_to_the_user(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_CACHE", str(tmp_path / "cache"))
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "lean-toolchain"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True)
    url = repository.as_uri()
    with pytest.raises(NativeUnavailable, match=r"lake build.*left to you"):
        open_project(url)
    (clone,) = (tmp_path / "cache" / "native" / "repositories").iterdir()
    (clone / ".lake" / "build" / "lib" / "lean").mkdir(parents=True)
    assert open_project(url).root == clone
    with pytest.raises(NativeUnavailable, match="cannot be cloned"):
        open_project(f"{url}-absent")


@pytest.mark.parametrize(
    ("toolchain", "said"),
    [
        ("leanprover/lean4:v4.2.0", "LeanDojo begins"),
        ("leanprover/lean4:nightly-2026-01-01", "names a release"),
        ("leanprover/lean4:v4.20.0/../../../x", "names a release"),
        ("", "names a release"),
        ("leanprover/lean4:v4.20.0", "elan toolchain install leanprover/lean4:v4.20.0"),
    ],
)
def test_a_toolchain_that_cannot_be_used(repository: Path, toolchain: str, said: str) -> None:
    (repository / "lean-toolchain").write_text(toolchain, encoding="utf-8")
    with pytest.raises(NativeUnavailable, match=said):
        open_project(str(repository))


def test_without_elan(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "absent"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(NativeUnavailable, match="elan is not installed"):
        open_project(str(repository))


def test_a_library_outside_the_repository_is_not_shown(repository: Path, tmp_path: Path) -> None:
    """A repository from elsewhere could name the user's folders by a link or in its manifest."""
    (tmp_path / "home" / ".lake" / "build" / "lib").mkdir(parents=True)
    (repository / ".lake" / "packages" / "linked").symlink_to(tmp_path / "home")
    with pytest.raises(NativeUnavailable, match="out of the repository"):
        open_project(str(repository))
    (repository / ".lake" / "packages" / "linked").unlink()
    manifest = '{"packages": [{"type": "path", "name": "x", "dir": "../home"}]}'
    (repository / "lake-manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(NativeUnavailable, match="out of the repository"):
        open_project(str(repository))


@pytest.mark.parametrize("manifest", ["{", "[]", '{"packages": 1}', '{"packages": [{}]}', '{"packagesDir": 1}'])
def test_a_manifest_that_is_none(repository: Path, manifest: str) -> None:
    (repository / "lake-manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(NativeUnavailable, match=r"lake-manifest\.json cannot be read"):
        open_project(str(repository))


def test_a_repository_that_is_not_built(repository: Path) -> None:
    shutil.rmtree(repository / ".lake")
    with pytest.raises(NativeUnavailable, match=r"lake exe cache get && lake build"):
        open_project(str(repository))


def test_without_one_lean_interact_fetches_and_builds_the_repl(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own code, with git told to look for the address in a folder, and a lake that builds what is there."""
    source = tmp_path / "source"
    write_repl(source, [])
    git = ["git", "-C", str(source), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    tag = f"{DEFAULT_REPL_VERSION}_lean-toolchain-{RELEASE}"
    for arguments in (["init", "-q"], ["add", "-f", "."], ["commit", "-q", "-m", "x"], ["tag", tag]):
        subprocess.run([*git, *arguments], check=True)
    monkeypatch.setenv("FLYWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{source.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", DEFAULT_REPL_GIT_URL)
    lake = project.toolchain / "bin" / "lake"
    with pytest.raises(NativeUnavailable, match=r"(?s)could not build the repl.*--repl FOLDER"):
        find_repl(project)
    lake.write_text("#!/bin/sh\necho Lake version 5\n", encoding="utf-8")
    repl = find_repl(project)
    assert repl.is_relative_to(tmp_path / "cache") and repl.is_file()


def test_a_repl_of_the_users_own(project: Project, tmp_path: Path) -> None:
    repl = write_repl(tmp_path / "good", [])
    assert find_repl(project, tmp_path / "good") == repl
    write_repl(tmp_path / "other", [], release="v4.20.0")
    with pytest.raises(NativeUnavailable, match=r"v4\.20\.0"):
        find_repl(project, tmp_path / "other")
    repl.unlink()
    with pytest.raises(NativeUnavailable, match="lake build"):
        find_repl(project, tmp_path / "good")
