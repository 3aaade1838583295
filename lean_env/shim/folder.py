"""The private folder of one server: its socket, the two executables that find it, and what goes first on PYTHONPATH."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from lean_env.shim import offline, relay

TOOLS = ("lake", "lean")


class ShimFolder:
    """A new folder that only its owner can enter, with `bin/lake` and `bin/lean`, and `python/` for PYTHONPATH; gone
    after `close`.

    Not under the cache: a socket's path may have 107 bytes, and a cache can lie deep.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="lean-flywheel-"))  # mode 0700
        self.bin = self.root / "bin"
        self.socket = self.root / "socket"
        self.bin.mkdir()
        self.python = self.root / "python"
        self.python.mkdir()
        # A copy, because the package's folder on PYTHONPATH would bring its other modules along.
        shutil.copyfile(offline.__file__, self.python / f"{offline.NAME}.py")
        # Isolated (-I) and without site packages (-S): a script's folder or PYTHONPATH must not change what runs.
        command = shlex.join([sys.executable, "-I", "-S", str(Path(relay.__file__).resolve()), str(self.socket)])
        for tool in TOOLS:
            script = self.bin / tool
            script.write_text(f'#!/bin/sh\nexec {command} {tool} "$@"\n')
            script.chmod(0o700)

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
