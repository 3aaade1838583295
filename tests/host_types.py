"""Types of the host's JavaScript: its JSDoc tags, checked by TypeScript. `make types` runs it.

    python -m tests.host_types

TypeScript and Node's type declarations come from the npm registry, once, into the virtual environment. The versions are
pinned here and not in a lock file, since a lock file records the address of the registry that it was written with.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lean_env import paths
from lean_env.embedded.node import find_node, npm_command

PACKAGES = ("typescript@5.9.3", "@types/node@24.10.1")


def checked(folder: Path) -> int:
    """tsc's exit status over the host. `folder` holds the compiler, and is filled anew for other versions."""
    node = find_node()
    modules, made_from = folder / "node_modules", folder / "packages.txt"
    if not made_from.is_file() or made_from.read_text(encoding="utf-8") != " ".join(PACKAGES):
        folder.mkdir(parents=True, exist_ok=True)
        install = [*npm_command(node), "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run([*install, f"--prefix={folder}", *PACKAGES], check=True, stdout=subprocess.DEVNULL)
        made_from.write_text(" ".join(PACKAGES), encoding="utf-8")
    compiler = [str(node), str(modules / "typescript" / "bin" / "tsc")]
    project = ["--project", str(paths.HOST / "tsconfig.json"), "--typeRoots", str(modules / "@types")]
    return subprocess.run([*compiler, *project], check=False).returncode


if __name__ == "__main__":
    sys.exit(checked(Path(sys.prefix) / "host-types"))
