"""The demo to its end, as the README's first command runs it: nothing else runs both of its loops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from corpus.records import RoundKind
from corpus.store import Corpus
from lean_env.embedded.installation import Installation
from training.experiments.demo.subset import SMALL
from training.experiments.screen import LINES

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def demo(home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from prover.cli.main import main; main()", "demo", "--subset", "small"]
    return subprocess.run([*command, "--home", str(home)], capture_output=True, text=True, check=False)


def test_the_small_demo_runs_to_its_end_and_once_more_at_once(imaged: Installation, tmp_path: Path) -> None:
    ran = demo(tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    logic, core = SMALL.settings()
    with Corpus.open(str(tmp_path / "corpus.db"), create=False) as corpus:
        assert {logic.name, core.name} <= {run.name for run in corpus.runs()}
        for settings in (logic, core):
            numbers = [it.number for it in corpus.generations(settings.name) if it.finished_at]
            assert numbers == list(range(settings.generations + 1)), settings.name
            assert not any(corpus.pending(it) for it in corpus.rounds(settings.name))
            arms = {it.arm for it in corpus.rounds(settings.name, RoundKind.EVAL)}
            assert {"M_0", f"M_{settings.generations}", "portfolio"} <= arms
    screen = ran.stdout[ran.stdout.rindex("Demo, subset small:") :].splitlines()
    assert len(screen) <= LINES
    for label in ("lean-logic same-size", "lean-logic beyond", "lean-core hard"):
        assert sum(line.startswith(label) for line in screen) == 1
    opened = [line[6:].split()[0] for line in screen if "/reports/" in line]
    assert len(opened) == 3 and all(Path(path).stat().st_size for path in opened)

    again = demo(tmp_path)
    assert again.returncode == 0 and again.stdout.splitlines()[-LINES + 1 :] == screen[1:][-LINES + 1 :]
