"""Known holes of other kernels, the embedded 4.28 among them, are closed in the second one (see `hostile`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lean_env import paths
from lean_env.embedded.installation import Installation
from lean_env.gate.second_kernel import image
from lean_env.gate.second_kernel.wheel import find_shared_library
from lean_env.library.index import Library


def test_hostile_declarations(imaged: Installation, library: Library) -> None:
    path, _ = image.find(imaged.root, library.indexed_digest)
    script = Path(__file__).with_name("hostile.py")
    done = subprocess.run(
        [sys.executable, str(script), str(find_shared_library()), str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths.python_path()},
    )
    verdicts = json.loads(done.stdout)
    assert len(verdicts) == 27
    wrong = [(label, said) for label, said in verdicts if (said == "accept") != label.startswith("honest: ")]
    assert wrong == []
