"""The whole wheel on the real Lean: it turns, and a kill at any point neither loses nor doubles an accepted proof."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from stored import attempts

from corpus import round_results as rounds
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import verify
from corpus.store import Corpus

CONFIG = """
name = "small"
generations = 1
easy_theorems = 12
grammar_theorems = 30
[round]
theorems = 24
steps = 8
canaries = 4
[evaluation]
theorems = 6
steps = 8
[train]
epochs = 2
[train.model]
hidden = 32
layers = 1
heads = 1
feed_forward = 64
"""

pytestmark = pytest.mark.timeout(900)


def command(home: Path, *more: str) -> list[str]:
    config = home / "small.toml"
    config.write_text(CONFIG, encoding="utf-8")
    arguments = ["run", "--config", str(config), "--home", str(home), "--workers", "2", "--json", *more]
    return [sys.executable, "-c", "from prover.cli.main import main; main()", *arguments]


def proofs_by_identity(database: Path) -> Counter[tuple[int, str]]:
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT theorem_id, content_hash FROM proof")).all()
    engine.dispose()
    return Counter((row[0], row[1]) for row in rows)


def kill_after(home: Path, more_attempts: int, *arguments: str) -> bool:
    """Starts the loop and SIGKILLs it once so many attempts were stored; whether it was still running then."""
    database = home / "corpus.db"
    goal = attempts(database) + more_attempts
    process = subprocess.Popen(command(home, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 400
    try:
        while attempts(database) < goal and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        alive = process.poll() is None
    finally:
        process.kill()
        process.wait()
    return alive


def test_a_killed_loop_resumes_without_loss_or_repetition(tmp_path: Path) -> None:
    database = tmp_path / "corpus.db"
    assert kill_after(tmp_path, 25), "the loop ended before it could be killed in round 0"
    first = proofs_by_identity(database)
    assert first, "nothing was accepted before the kill"
    assert kill_after(tmp_path, 25, "--resume"), "the loop ended before it could be killed again"
    second = proofs_by_identity(database)
    assert not first - second, "an accepted proof was lost"

    finished = subprocess.run(command(tmp_path, "--resume"), capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    last = proofs_by_identity(database)
    assert not second - last, "an accepted proof was lost"
    assert set(last.values()) == {1}, "an accepted proof was stored twice"
    with Corpus.open(str(database), create=False) as corpus:
        for round in corpus.rounds("small"):
            outcomes = rounds.outcomes(corpus, round)
            assert len(outcomes) == round.selected and not corpus.pending(round)
        generations = corpus.generations("small")
        assert [generation.number for generation in generations] == [0, 1]
        assert all(generation.finished_at and generation.snapshot_hash for generation in generations)
        assert verify(corpus, generations[-1].snapshot_hash or "") >= sum(first.values())
        arms = Counter(round.arm for round in corpus.rounds("small", RoundKind.EVAL))
        assert arms == {"portfolio-1": 1, "grammar": 1, "portfolio": 1, "M_0": 1, "M_1": 1, "canary": 1}
        (canary,) = (round for round in corpus.rounds("small", RoundKind.EVAL) if round.arm == "canary")
        assert {outcome.status for outcome in rounds.outcomes(corpus, canary)} == {AttemptStatus.UNPROVED}
    assert (tmp_path / "reports" / "small" / "curve.png").stat().st_size > 0

    again = subprocess.run(command(tmp_path, "--resume"), capture_output=True, text=True, check=False)
    assert again.returncode == 0 and proofs_by_identity(database) == last, "a finished run did something more"

    # It goes on where it ended, with more generations than it was started for; not with fewer.
    more = subprocess.run(command(tmp_path, "--resume", "-g", "2"), capture_output=True, text=True, check=False)
    assert more.returncode == 0, more.stderr
    with Corpus.open(str(database), create=False) as corpus:
        longer = corpus.generations("small")
        assert [one.number for one in longer] == [0, 1, 2]
        assert [one.model_hash for one in longer[:2]] == [one.model_hash for one in generations]
        assert corpus.run("small").config["generations"] == 2
    fewer = subprocess.run(command(tmp_path, "--resume", "-g", "1"), capture_output=True, text=True, check=False)
    assert fewer.returncode == 2 and "different: generations" in fewer.stderr
