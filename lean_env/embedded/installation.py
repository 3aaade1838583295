"""The installation of embedded Lean that a user has: finding it, and what it was made from.

`flywheel setup` makes it (lean_env/setup/install.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lean_env import paths
from lean_env.embedded.errors import NotInstalled
from lean_env.embedded.node import find_node

#: What crosses the network, rounded up.
DOWNLOAD_BYTES = 122_000_000
#: What stays on the disk.
INSTALLED_BYTES = 590_000_000

#: Of the .tgz as the registry serves it. A Lean of this commit: 38f3c0c45b8df6da2652faff6dcaa15afb5a6981.
PACKAGE_INTEGRITY = "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ=="

RECORD = "install.json"


@dataclass(frozen=True)
class Installation:
    """A complete embedded Lean. `version` is the digest of what it was made from: package and build recipe."""

    root: Path
    node: Path
    host: Path
    version: str


def find() -> Installation:
    """The installation of this user. Raises NotInstalled, also when it was made by another version of this package."""
    root = paths.installation_root()
    try:
        version = read_record(root)["version"]
    except (OSError, ValueError, KeyError) as error:
        raise NotInstalled(
            f"Embedded Lean is not installed in {root}. Run `flywheel setup` "
            f"(downloads {DOWNLOAD_BYTES // 10**6} MB, takes a minute and {INSTALLED_BYTES / 1e9:.1f} GB of disk)."
        ) from error
    if version != build_version():
        raise NotInstalled(
            f"The embedded Lean in {root} was made by another version of lean-flywheel (it is {version}, this version "
            f"makes {build_version()}). Run `flywheel setup` again."
        )
    return Installation(root=root, node=find_node(), host=paths.HOST, version=version)


def read_record(root: Path) -> dict[str, Any]:
    """install.json: version, package, integrity, lean, node, sha256 by file, library {files, bytes}."""
    record: dict[str, Any] = json.loads((root / RECORD).read_text(encoding="utf-8"))
    return record


def build_version() -> str:
    """A digest of the pinned package and of the code that rewrites and starts it: what an installation depends on."""
    digest = hashlib.sha256(PACKAGE_INTEGRITY.encode())
    sources = [*paths.HOST.glob("build/*.js"), *paths.HOST.glob("runtime/*.js"), paths.GLUE]
    for source in sorted(sources, key=lambda path: path.name):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
