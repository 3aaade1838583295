"""An installation whose Node is `fake_node.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lean_env.embedded.installation import Installation


def fake_installation(folder: Path, start: str = "ready") -> Installation:
    """Writes the installation into `folder`; `start` says what its workers do first (see fake_node.py)."""
    (folder / "behaviour.json").write_text(json.dumps({"start": start}))
    script = Path(__file__).with_name("fake_node.py")
    node = folder / "node"
    node.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{script}" "$@"\n')
    node.chmod(0o755)
    return Installation(root=folder, node=node, host=folder, version="fake")
