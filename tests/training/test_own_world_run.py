"""The whole wheel on a benchmark whose theorems bring their own declarations: three generations, a kill, an archive."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.proof_list import list_proofs
from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import outcomes
from corpus.snapshot import snapshot_proofs, snapshots, verify
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import DONE

OWN_WORLD = Path(__file__).parents[1] / "own_world"

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def test_three_generations_over_a_kill_then_an_archive_elsewhere(
    imaged: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    place = ["--home", str(home)]
    assert run(["bench", "load", str(OWN_WORLD / "own_world.jsonl"), "--name", "own-world", *place]) == DONE
    command = ["run", "--config", str(OWN_WORLD / "run.toml"), "--name", "own", *place]
    _killed_in_its_first_generation(command, home)
    with Corpus.open(str(home / "corpus.db"), create=False) as corpus:
        before = {line.id for line in list_proofs(corpus, limit=1000).proofs}
        assert before and len(corpus.generations("own")) < 3
    assert run([*command, "--resume"]) == DONE
    with Corpus.open(str(home / "corpus.db"), create=False) as corpus:
        assert [one.number for one in corpus.generations("own") if one.finished_at] == [0, 1, 2, 3]
        assert before <= {line.id for line in list_proofs(corpus, limit=1000).proofs}
        rounds = corpus.rounds("own", RoundKind.TRAIN)
        assert all(one.finished_at for one in rounds)
        found = [outcome for one in rounds for outcome in outcomes(corpus, one)]
        assert not [outcome for outcome in found if outcome.status is AttemptStatus.ERROR]
        last = snapshots(corpus)[-1].hash
        proofs = list(snapshot_proofs(corpus, last))
        under = {proof.theorem.header.key for proof in proofs if proof.theorem.header is not None}
        assert len(under) >= 3 and all(proof.theorem.split == "train" for proof in proofs)
        assert all(bool(p.certificate.header_digest) == (p.theorem.header is not None) for p in proofs)
    assert run(["corpus", "archive", last, str(tmp_path / "last.zip"), *place]) == DONE
    capsys.readouterr()
    assert run(["corpus", "import", str(tmp_path / "last.zip"), "--home", str(elsewhere), "--json"]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["frozen"] and answer["snapshot"] == last and answer["new"] == len(proofs)
    assert run(["corpus", "verify", "--snapshot", last, "--home", str(elsewhere)]) == DONE
    with Corpus.open(str(elsewhere / "corpus.db"), create=False) as corpus:
        assert verify(corpus, last) == len(proofs)
    again = ["eval", *command[1:], "--split", "test", "--theorems", "2", "--steps", "8"]
    assert run(again) == DONE


def _killed_in_its_first_generation(command: list[str], home: Path) -> None:
    """Starts it and kills it and its workers with SIGKILL, once M_0 is there and the next round has begun."""
    program = [sys.executable, "-c", "from prover.cli.main import main; main()", *command]
    started = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and started.poll() is None:
            time.sleep(1)
            with Corpus.open(str(home / "corpus.db"), create=False) as corpus:
                if [run for run in corpus.runs() if run.name == "own"] and len(corpus.generations("own")) >= 2:
                    break
        assert started.poll() is None, "it ended before it was killed"
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
