"""The wheel on lean-magma with real Lean: both sides are searched, a kill changes nothing, contradictions end it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stored import attempts

from corpus.proof_list import ProofFilter, list_proofs
from corpus.query import show_proof
from corpus.records import AttemptRecord, AttemptStatus, ProofRecord, RoundKind
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_magma import MagmaConfig, load_lean_magma
from prover.actions.equational import is_equational
from prover.benchmarks.lean_magma import MagmaBenchmark
from prover.lean import Lean
from training.config import FlywheelConfig
from training.flywheel import Flywheel
from training.sides import BothSidesCertified

pytestmark = pytest.mark.timeout(2400)

MAGMA = MagmaConfig(train=40, held_out=8, non_theorems=6)


def configuration(**changes: Any) -> FlywheelConfig:
    small: dict[str, Any] = {
        "benchmark": "lean-magma",
        "name": "magma",
        "generations": 2,
        "workers": 1,
        "grammar_theorems": 24,
        "grammar_steps": 12,
        "round__theorems": 12,
        "round__disproofs": 12,
        "round__steps": 8,
        "round__canaries": 3,
        "evaluation__theorems": 8,
        "evaluation__steps": 8,
        "evaluation__whole_budget": False,
        "train__epochs": 2,
        "train__model__hidden": 32,
        "train__model__layers": 1,
        "train__model__heads": 1,
        "train__model__feed_forward": 64,
    }
    return FlywheelConfig.load(None, **(small | changes))


def turn(home: Path, config: FlywheelConfig) -> dict[str, Any]:
    """The whole loop, or what is missing of it; what came out."""
    with Lean(1, config.limits) as lean, Corpus.open(str(home / "corpus.db")) as corpus:
        MagmaBenchmark(MAGMA).register(corpus, lean)
        turns = Flywheel(config, lean, corpus, home / "models").run()
        (evaluation,) = turns[-1].evaluations
        return {
            "models": [one.generation.model_hash for one in turns],
            "snapshots": [one.generation.snapshot_hash for one in turns],
            "solved": {arm.name: sorted(arm.solved) for arm in evaluation.arms},
        }


def killed_after(home: Path, count: int) -> None:
    """Starts the loop in a process of its own and kills it once so many attempts are stored."""
    script = f"from pathlib import Path; import {__name__} as run; run.turn(Path({str(home)!r}), run.configuration())"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", script], env=paths)
    deadline = time.monotonic() + 900
    try:
        while attempts(home / "corpus.db") < count and time.monotonic() < deadline:
            assert process.poll() is None, "the loop ended before it could be killed"
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Never killed."""
    home = tmp_path_factory.mktemp("magma")
    yield home, turn(home, configuration())


@pytest.mark.long
def test_a_loop_that_is_killed_twice_ends_as_one_that_is_not(ran: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    _, expected = ran
    killed_after(tmp_path, 10)  # in round 0
    killed_after(tmp_path, 110)  # in the round after M_0, or after it
    assert turn(tmp_path, configuration()) == expected


@pytest.mark.long
def test_both_sides_are_searched_and_only_train_steps_are_learned(ran: tuple[Path, dict[str, Any]]) -> None:
    home, found = ran
    assert len(set(found["models"])) == 3
    with Corpus.open(str(home / "corpus.db"), create=False) as corpus:
        rounds = corpus.rounds("magma", RoundKind.TRAIN)
        assert {one.stratum for one in rounds} == {"prove", "deny"}
        for one in (each for each in rounds if each.arm != "grammar"):
            assert one.config["why"][0].startswith("half of the attempts go to each side")
        snapshot = take_snapshot(corpus, SnapshotFilter(run="magma"))
        proofs = list(snapshot_proofs(corpus, snapshot.hash))
        assert {proof.theorem.stratum for proof in proofs} == {"prove", "deny"}
        for proof in proofs:
            assert proof.theorem.split == "train" and all(is_equational(step.tactic) for step in proof.steps)
        # Nothing certified contradicts what tables and rewriting say of the statements.
        magma = load_lean_magma(MAGMA)
        for proof in proofs:
            one = magma.implication(proof.theorem.name)
            assert (proof.theorem.name == one.denial_name) == (one.table is not None) or one.grade == "open"
    solved = found["solved"]["M_2"]
    assert any(name.startswith("not.") for name in solved) and any(not name.startswith("not.") for name in solved)


@pytest.mark.long
def test_a_statement_certified_on_both_sides_stops_the_run_and_a_resumed_one_again(
    ran: tuple[Path, dict[str, Any]],
) -> None:
    """The certificate of one side is written for the other one, too, as a gate that leaks would do. Last, since it
    quarantines what the run has."""
    home, _ = ran
    config = configuration()
    with Lean(1, config.limits) as lean, Corpus.open(str(home / "corpus.db")) as corpus:
        flywheel = Flywheel(config, lean, corpus, home / "models")
        flywheel.rounds.require_one_side()
        proof = list_proofs(corpus, ProofFilter(run="magma")).proofs[0]
        opposite = proof.theorem.removeprefix("not.") if proof.theorem.startswith("not.") else f"not.{proof.theorem}"
        round = corpus.start_round(
            run="magma",
            generation_id=None,
            benchmark="lean-magma",
            split="train",
            stratum="deny" if opposite.startswith("not.") else "prove",
            arm="leak",
            kind=RoundKind.TRAIN,
            seed=7,
            config={},
            selection=[opposite],
        )
        numbers = {"heartbeats": 1, "lean_seconds": 0.1, "model_seconds": 0.1, "wall_seconds": 0.1, "nodes": 1}
        (theorem,) = corpus.pending(round)
        known = show_proof(corpus, proof.id).proof
        certificate = replace(known.certificate, statement_hash=theorem.statement_hash)
        forged = ProofRecord(known.steps, known.source, certificate, known.text, known.term_bytes)
        attempt = AttemptRecord(opposite, AttemptStatus.PROVED, steps=1, steps_to_proof=1, proof=forged, **numbers)
        corpus.record_attempt(round, attempt)
        for _ in range(2):
            with pytest.raises(BothSidesCertified, match="THE GATE LEAKS"):
                Flywheel(config, lean, corpus, home / "models").run()
        assert not list(snapshot_proofs(corpus, take_snapshot(corpus, SnapshotFilter(run="magma")).hash))
        assert list_proofs(corpus, ProofFilter(retracted=True)).proofs
