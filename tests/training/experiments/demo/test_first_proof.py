"""The first proof on the real Lean, with both kernels, and the demo's beginning as a user sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from corpus.store import Corpus
from lean_env.embedded.installation import Installation
from lean_env.theorem import Environment
from prover.lean import Lean
from training.experiments.demo.first_proof import THEOREM, FirstProof, prove_first
from training.experiments.demo.subset import begun


def test_the_first_proof_is_searched_and_checked_by_two_kernels(imaged: Installation) -> None:
    with Lean(workers=1, installation=imaged) as lean:
        first = prove_first(lean)
        assert first.checked.startswith("checked by two kernels: ")
        assert first.tried > 1, "the first tactic that comes to mind would be no search"
        # What is shown is a text that Lean takes, under another name: the library has this one.
        assert lean.check_text(Environment(("Init",)), first.text.replace(THEOREM, "again")) == []


def test_a_kernel_that_cannot_run_is_named_with_its_reason() -> None:
    kernels = {"embedded-4.28": "accept", "second": "unavailable: glibc 2.31 is older than 2.35"}
    first = FirstProof("t", "theorem t …", 11, 3.0, kernels)
    assert first.checked == (
        "checked by one kernel: embedded-4.28 accepts; second unavailable: glibc 2.31 is older than 2.35"
    )


@pytest.mark.timeout(300)
def test_a_demo_shows_a_proof_before_any_long_work_and_names_its_subset(imaged: Installation, tmp_path: Path) -> None:
    """Killed at once after that, it goes on with this subset."""
    command = [sys.executable, "-c", "from prover.cli.main import main; main()", "demo", "--home", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None and process.stdout is not None
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    try:
        said = next((line for line in process.stderr if line.startswith("Subset ")), "")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        watchdog.cancel()
    shown = process.stdout.read()
    process.communicate()
    assert f"theorem {THEOREM}" in shown and ":= by\n" in shown and "checked by two kernels" in shown
    name = said.split()[1].rstrip(",")
    assert name in ("full", "small") and "chosen for this machine" in said and ".toml" in said
    with Corpus.open(str(tmp_path / "corpus.db"), create=False) as corpus:
        subset = begun(corpus)
        assert subset is not None and subset.name == name
        assert not corpus.rounds(corpus.runs()[0].name), "nothing long had begun"
