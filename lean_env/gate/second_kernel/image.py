"""The second kernel's copy of the library: one file in the installation's folder, mapped by each process that checks.

    python -m lean_env.gate.second_kernel.image       makes it anew (python: `rebuild`)

`flywheel setup` makes it where it is missing.

Making it reads the .olean files with our own reader and puts every constant of the indexed library through the native
kernel in the order of their dependencies. Bodies are checked. Constructors, recursors and `Quot` are derived by that
kernel and compared with the files. Believed are theorems and definitions whose body the distribution lacks, and 541
bodies (240 of them in Init) that need a private constant which it lacks too: they are added as 4.28 has them. Left out
are unsafe and partial constants, which no proof may use, and what cannot be declared at all: 283 constants of Init,
nearly all private, and 585 of Std, where those that are not private rest on promises, tasks and channels.

The file is believed when it is mapped. Its record holds its SHA-256, compared at every start, the digest of the library
that it was made from, and the pinned hash of the shared library that made it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env import paths
from lean_env.gate.second_kernel.wheel import (
    SHARED_LIBRARY_SHA256,
    SecondKernelUnavailable,
    find_shared_library,
    sha256_of,
)
from lean_env.library.index import Library

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

#: Grows with every change of what an image holds.
_FORMAT = 1

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What an image was made from, its own hash, and what became of the library's constants."""

    format: int
    library: str
    shared_library: str
    sha256: str
    #: By kind: accepted with their bodies, or derived and compared.
    checked: Mapping[str, int]
    #: Without body in the distribution.
    believed: int
    #: With a body that needs what the distribution lacks.
    unchecked: int
    #: Unsafe or partial.
    left_out: int
    #: The names that could not be declared.
    unavailable: tuple[str, ...]


def find(root: Path, library_digest: str) -> tuple[Path, ImageRecord]:
    """The image in an installation's folder, not yet hashed. Raises SecondKernelUnavailable."""
    path = root / paths.SECOND_KERNEL_IMAGE
    try:
        fields = json.loads((root / paths.SECOND_KERNEL_RECORD).read_text(encoding="utf-8"))
        record = ImageRecord(**{**fields, "unavailable": tuple(fields["unavailable"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SecondKernelUnavailable("its image of the library was not made yet: `flywheel setup` makes it") from error
    if (record.format, record.library, record.shared_library) != (_FORMAT, library_digest, SHARED_LIBRARY_SHA256):
        raise SecondKernelUnavailable("its image is of another library or version: `flywheel setup` makes a new one")
    return path, record


def objection(installation: Installation) -> str | None:
    """Why the second kernel cannot run on this installation, or None: its files are there, not yet hashed."""
    try:
        find_shared_library()
        with Library.open(installation) as library:
            find(installation.root, library.indexed_digest)
    except SecondKernelUnavailable as reason:
        return str(reason)
    return None


def ensure(installation: Installation, report: Report) -> None:
    """Makes the image if it is missing, outdated or damaged. Raises SecondKernelUnavailable where it has no use."""
    find_shared_library()
    with Library.open(installation) as library:
        digest = library.indexed_digest
    try:
        path, record = find(installation.root, digest)
        if path.is_file() and sha256_of(path) == record.sha256:
            return
    except SecondKernelUnavailable:
        pass  # the one case where it can be mended: by making it
    rebuild(report)


def rebuild(report: Report | None = None) -> None:
    """Makes this user's image anew in a process of its own, in 20 s with 0.5 GB of memory. `report(done, total)` counts
    modules. The old image stays until the new one is complete. Raises SecondKernelUnavailable."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=paths.child_environment(),
    ) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            last = line.strip() or last
            done, _, total = line.strip().partition(" of ")
            if report is not None and done.isdecimal() and total.isdecimal():
                report(int(done), int(total))
    if process.returncode != 0:
        raise SecondKernelUnavailable(f"its image could not be made: {last}")


def build(installation: Installation, report: Report) -> ImageRecord:
    """`rebuild` inside this process, which keeps the library in its memory: for a process that does nothing else."""
    from lean_env.gate.second_kernel.ffi import NativeLean
    from lean_env.gate.second_kernel.replay import replay_library

    shared_library = find_shared_library()
    if sha256_of(shared_library) != SHARED_LIBRARY_SHA256:
        raise SecondKernelUnavailable(f"{shared_library} is not the file that is known here")
    root = installation.root
    with Library.open(installation) as library:
        for module in library.modules:
            if not library.is_as_indexed(module):
                raise SecondKernelUnavailable(f"{module} is not as it was indexed: `flywheel setup --force`")
        lean = NativeLean(shared_library)
        replayed = replay_library(lean, library, report)
        digest = library.indexed_digest
    with tempfile.TemporaryDirectory(prefix="image-", dir=root) as folder:
        new = Path(folder) / paths.SECOND_KERNEL_IMAGE
        lean.save(new)
        record = ImageRecord(
            format=_FORMAT,
            library=digest,
            shared_library=SHARED_LIBRARY_SHA256,
            sha256=sha256_of(new),
            checked={kind.value: count for kind, count in sorted(replayed.checked.items())},
            believed=replayed.believed,
            unchecked=replayed.unchecked,
            left_out=replayed.left_out,
            unavailable=tuple(replayed.unavailable),
        )
        new_record = Path(folder) / paths.SECOND_KERNEL_RECORD
        new_record.write_text(json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        # A crash between the two leaves a record that does not fit its image: found at the next start.
        new.replace(root / paths.SECOND_KERNEL_IMAGE)
        new_record.replace(root / paths.SECOND_KERNEL_RECORD)
    return record


def main() -> None:
    from lean_env.embedded.installation import find as find_installation

    try:
        record = build(find_installation(), lambda done, total: print(f"{done} of {total}", flush=True))
    except SecondKernelUnavailable as reason:
        sys.exit(str(reason))
    print(
        f"checked {sum(record.checked.values()):,}, believed without body {record.believed:,}, with unchecked body "
        f"{record.unchecked}, unsafe or partial {record.left_out}, unavailable {len(record.unavailable)}"
    )


if __name__ == "__main__":
    main()
