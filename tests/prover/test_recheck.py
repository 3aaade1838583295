"""`flywheel corpus verify`: real proofs of a corpus through both kernels, and what it says when one was changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.proof_list import list_proofs
from corpus.records import AttemptRecord, AttemptStatus, RoundKind, TheoremRecord
from corpus.snapshot import take_snapshot
from corpus.store import Corpus
from lean_env.gate.certificate import KernelVerdict
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE, FAILED
from prover.lean import Lean
from prover.recheck import verify
from prover.rounds.plan import theorem_of
from prover.search.graph import ProofStep

PROOFS = {
    "Nat.zero_lt_two": ["decide"],
    "List.singleton_append": ["intros", "rfl"],
    "let_val_congr": ["intros", "subst_vars", "rfl"],
    "typed": ["intro a b h", "omega"],
    "retracted": ["intro n", "rfl"],
}
STATED = {"typed": "∀ a b : Nat, a < b → a + 1 ≤ b", "retracted": "∀ n : Nat, n = n"}


@pytest.fixture(scope="module")
def lean(imaged) -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


def records(lean: Lean) -> list[TheoremRecord]:
    found = []
    for name in PROOFS:
        if name in STATED:
            found.append(TheoremRecord(name, STATED[name], "", "Init", None, "train", ""))
        else:
            constant = lean.library.constant(name)
            assert constant is not None
            environment = lean.library.strict_environment(constant.module).key
            found.append(TheoremRecord(name, "…", constant.type_hash, environment, constant.module, "train", ""))
    return found


@pytest.fixture(scope="module")
def home(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of a few real proofs, one of them retracted."""
    folder = tmp_path_factory.mktemp("home")
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        corpus.add_benchmark("few", "1", lean.library.digest, records(lean))
        corpus.start_run("run", {})
        round = corpus.start_round(
            run="run", generation_id=None, benchmark="few", split="train", stratum="", arm="by hand",
            kind=RoundKind.TRAIN, seed=1, config={}, selection=list(PROOFS),
        )  # fmt: skip
        for record in records(lean):
            steps = [ProofStep(tactic) for tactic in PROOFS[record.name]]
            proof = lean.tools.verify(theorem_of(record), steps, "seed")
            attempt = AttemptRecord(record.name, AttemptStatus.PROVED, len(steps), 0, steps_to_proof=1, proof=proof)
            corpus.record_attempt(round, attempt)
        (retracted,) = [line.id for line in list_proofs(corpus).proofs if line.theorem == "retracted"]
        corpus.retract(retracted, "for the test")
    return folder


def test_every_proof_is_certified_again_by_both_kernels(lean: Lean, home: Path) -> None:
    done = []
    with Corpus.open(str(home / "corpus.db")) as corpus:
        found = verify(corpus, lean, report=done.append)
    assert (found.proofs, found.certified, found.same_term) == (4, 4, 4)
    assert found.second == {KernelVerdict.ACCEPT: 4} and found.covered == 1.0
    assert found.troubles == found.undecided == () and done == [1, 2, 3, 4]
    assert 0 < found.second_ms_median <= found.second_ms_max < found.ms_mean * 4


def test_a_snapshot_and_a_limit(lean: Lean, home: Path) -> None:
    with Corpus.open(str(home / "corpus.db")) as corpus:
        snapshot = take_snapshot(corpus)
        assert verify(corpus, lean, snapshot.hash).proofs == snapshot.proofs == 4
        assert verify(corpus, lean, snapshot.hash, limit=2).proofs == 2


def test_the_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "verify", "--home", str(home), "--json", "--limit", "2"]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["certified"] == 2 and answer["second"] == {"accept": 2}
    assert run(["corpus", "verify", "--home", str(home), "--snapshot", "0" * 64]) == CANNOT_START


def test_a_proof_that_was_changed_is_found(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "corpus.db").write_bytes((home / "corpus.db").read_bytes())
    with sqlite3.connect(tmp_path / "corpus.db") as database:
        for trigger in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger[0]}")
        database.execute("UPDATE step SET tactic = 'skip' WHERE tactic = 'omega'")
    assert run(["corpus", "verify", "--home", str(tmp_path)]) == FAILED
    shown = capsys.readouterr()
    assert "3 of 4 proofs certified again" in shown.out and "refused: replay" in shown.out
    assert "1 of 4 proofs were not certified again" in shown.err
