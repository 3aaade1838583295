"""A training killed while it saves leaves a folder; the next start of the same run removes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from corpus.store import Corpus
from prover.lean import Lean
from prover.policies.folder import remove_leftovers
from training.config import FlywheelConfig
from training.flywheel import Flywheel


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def folder(models: Path, name: str) -> Path:
    made = models / name
    made.mkdir(parents=True)
    (made / "weights.safetensors").write_bytes(b"half")
    return made


def test_drafts_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    dead = dead_process()
    gone = [folder(tmp_path, f".M_{number}.{dead}.draft") for number in (0, 12)]
    kept = [
        folder(tmp_path, name) for name in (f".M_1.{os.getpid()}.draft", "M_0", ".M_3", ".cache.draft", "M_0.draft")
    ]
    remove_leftovers(tmp_path)
    assert not [path for path in gone if path.exists()]
    assert all((path / "weights.safetensors").is_file() for path in kept)
    remove_leftovers(tmp_path / "absent")


def test_a_draft_older_than_the_process_of_its_number_is_not_its_own(tmp_path: Path) -> None:
    left = folder(tmp_path, f".M_0.{os.getpid()}.draft")
    os.utime(left, (1_000_000_000, 1_000_000_000))
    remove_leftovers(tmp_path)
    assert not left.exists()


def test_a_checkpoint_that_was_moved_aside_comes_back(tmp_path: Path) -> None:
    dead = dead_process()
    folder(tmp_path, f".M_0.{dead}.retired")
    folder(tmp_path, f".M_1.{dead}.retired")
    folder(tmp_path, "M_1")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["M_0", "M_1"]


def test_the_next_start_of_the_run_does_it(tmp_path: Path) -> None:
    left = folder(tmp_path / "models", f".M_0.{dead_process()}.draft")
    with Lean(1) as lean, Corpus.open(str(tmp_path / "corpus.db"), create=True) as corpus:
        Flywheel(FlywheelConfig(benchmark="lean-logic"), lean, corpus, tmp_path / "models")
    assert not left.exists()
