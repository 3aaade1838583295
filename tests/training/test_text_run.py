"""The wheel with a tiny language model on lean-logic, on the real Lean: two generations, a kill in mid-training,
and the same model from the snapshot twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.records import RoundKind
from corpus.snapshot import find_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from prover.actions.elementary import ELEMENTARY, is_elementary
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from prover.policies.text.checkpoint import text_meta
from training.config import FlywheelConfig
from training.flywheel import Flywheel
from training.retrain import Options, retrain, settings_for
from training.trainers.choice import trainer_of

pytestmark = pytest.mark.timeout(900)

LOGIC = LogicConfig(train=40, held_out=4, beyond=4, non_theorems=4)
#: `make gpu-check` says cuda.
DEVICE = os.environ.get("FLYWHEEL_TEST_DEVICE", "cpu")


def configuration() -> FlywheelConfig:
    return FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="text",
        generations=1,
        workers=1,
        device=DEVICE,
        grammar_theorems=30,
        grammar_steps=48,
        round__theorems=6,
        round__steps=8,
        round__disproofs=0,
        round__canaries=2,
        evaluation__theorems=3,
        evaluation__steps=8,
        evaluation__strata=("same-size",),
        train={
            "kind": "text",
            "model": {"hidden": 64, "layers": 2, "heads": 2, "feed_forward": 128, "vocabulary": 400},
            "epochs": 6,
            "learning_rate": 3e-3,
            "data": {"valid_share": 0.1},
        },
    )


_TURN = """
import sys, time
sys.path[:0] = sys.argv[2:]
from pathlib import Path
import test_text_run as here
def slowly(event):
    print(event.phase, event.note, flush=True)
    time.sleep(0.2 * event.note.startswith("epoch"))
here.turn(Path(sys.argv[1]), slowly)
"""


def turn(home: Path, report=lambda _event: None):
    config = configuration()
    with Lean(1, config.limits) as lean, Corpus.open(str(home / "corpus.db"), create=True) as corpus:
        LogicBenchmark(LOGIC).register(corpus, lean)
        return Flywheel(config, lean, corpus, home / "models", report).run()


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run that was killed in its first training, and then finished."""
    home = tmp_path_factory.mktemp("text")
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", _TURN, str(home), str(tests / "training"), str(tests)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tests.parent)
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("train M_0 epoch"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert seen[-1].startswith("train M_0 epoch"), "".join(seen)
    return home, turn(home)


def test_generations_turn_end_to_end(ran):
    home, turns = ran
    assert [one.generation.number for one in turns] == [0, 1]
    assert sorted(path.name for path in (home / "models").iterdir()) == ["M_0", "M_1"], "no half training is left"
    for one in turns:
        record = one.generation
        meta = text_meta(home / "models" / f"M_{record.number}")
        assert meta["weights_sha256"] == record.model_hash and record.config["kind"] == "text"
        assert record.metrics["examples"] > 5 and record.metrics["train_loss"] > 0
    with Corpus.open(str(home / "corpus.db")) as corpus:
        (searched,) = (round for round in corpus.rounds("text", RoundKind.TRAIN) if round.arm == "policy")
        assert searched.finished_at is not None
        arms = {round.arm: round.config for round in corpus.rounds("text", RoundKind.EVAL) if round.arm != "canary"}
        assert {"M_0", "M_1", "grammar", "portfolio"} <= set(arms)
        assert arms["M_1"]["samples"] == 32 and "{goal}" in arms["M_1"]["prompt"]


def test_its_snapshot_gives_the_same_model_again(ran, tmp_path):
    home, turns = ran
    with Corpus.open(str(home / "corpus.db")) as corpus, Lean(1) as lean:
        snapshot = find_snapshot(corpus, turns[0].generation.snapshot_hash)
        settings = settings_for(corpus, snapshot.hash, None, "text")
        made = retrain(corpus, lean, snapshot.hash, settings, Options(tmp_path / "model", device=DEVICE))
        loaded = trainer_of(settings.train, lean.space(ELEMENTARY)).load(
            tmp_path / "model", "M", prior=0.1, cost_discount=0.2
        )
        assert loaded.policy._allows is is_elementary, "what lean-logic does not allow is not proposed"
        again = retrain(corpus, lean, snapshot.hash, settings, Options(tmp_path / "model", device=DEVICE, resume=True))
    assert again.weights_sha256 == made.weights_sha256, "what is done is not done again"
    assert text_meta(tmp_path / "model")["training"]["origin"]["snapshot"] == snapshot.hash
    if DEVICE == "cpu":
        assert made.weights_sha256 == turns[0].generation.model_hash, "killed or not, in the loop or alone"
