"""The wheel on lean-logic, on the real Lean: elementary proofs only, no false statement accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.curves import solve_curves
from corpus.generations import diff
from corpus.health import health_of_run, openings_in
from corpus.proof_list import ProofFilter, list_proofs
from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import outcomes, proofs_in, searched_steps
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from prover.actions.elementary import is_elementary
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.evaluation.report import comparisons
from prover.evaluation.statistics import two_way_interval
from prover.lean import Lean
from prover.rounds.attempt import Phase
from prover.rounds.plan import Plan
from prover.search.budget import Budget
from training.canaries import CanaryAccepted
from training.config import ConfigError, FlywheelConfig
from training.events import Event
from training.experiments.experiment import Experiment, run_seeds
from training.experiments.report import firsts, render, write_experiment
from training.flywheel import Flywheel

pytestmark = pytest.mark.timeout(900)

LOGIC = LogicConfig(train=90, held_out=12, beyond=12, non_theorems=16)


def configuration() -> FlywheelConfig:
    return FlywheelConfig.load(
        None,
        benchmark="lean-logic",
        name="logic",
        generations=1,
        workers=2,
        grammar_theorems=50,
        grammar_steps=64,
        round__theorems=30,
        round__steps=24,
        round__disproofs=8,
        round__canaries=8,
        evaluation__theorems=8,
        evaluation__steps=16,
        train__epochs=4,
        health__share=1.0,
        health__theorems=3,
        health__attempts=4,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Corpus, Lean, Experiment, Path]]:
    home = tmp_path_factory.mktemp("logic")
    config = configuration()
    with Lean(2, config.limits) as lean, Corpus.open(str(home / "corpus.db")) as corpus:
        LogicBenchmark(LOGIC).register(corpus, lean)
        yield corpus, lean, run_seeds(config, [0], lean, corpus, lambda run: home / run), home


def test_every_training_proof_is_an_elementary_one_of_a_train_theorem(ran):
    corpus, _, experiment, _ = ran
    snapshot = take_snapshot(corpus, SnapshotFilter(run="logic-s0"))
    proofs = list(snapshot_proofs(corpus, snapshot.hash))
    assert proofs and {proof.source for proof in proofs} <= {"grammar", "policy"}
    for proof in proofs:
        assert proof.theorem.split == "train" and proof.theorem.stratum in ("same-size", "disproof")
        assert all(is_elementary(step.tactic) for step in proof.steps)
    assert experiment.strata == ["same-size", "beyond"]


def test_no_false_statement_was_accepted(ran):
    corpus, _, _, _ = ran
    false = {theorem.name for theorem in corpus.theorems("lean-logic", "train", "non-theorem")}
    canaries = [round for round in corpus.rounds("logic-s0", RoundKind.EVAL) if round.stratum == "non-theorem"]
    searched = {outcome.theorem: outcome.status for round in canaries for outcome in outcomes(corpus, round)}
    assert set(searched) <= false and len(searched) == 8
    assert set(searched.values()) == {AttemptStatus.UNPROVED}
    assert not false & {name for round in corpus.rounds("logic-s0") for name in proofs_in(corpus, round)}


def test_disproofs_are_searched_as_theorems_and_never_beside_a_proof(ran):
    corpus, _, _, _ = ran
    disproofs = {theorem.name for theorem in corpus.theorems("lean-logic", "train", "disproof")}
    (round,) = (round for round in corpus.rounds("logic-s0", RoundKind.TRAIN) if round.stratum == "disproof")
    found = outcomes(corpus, round)
    assert {outcome.theorem for outcome in found} <= disproofs and len(found) == 8 and round.arm == "disproof"
    assert {outcome.status for outcome in found} <= {AttemptStatus.UNPROVED, AttemptStatus.PROVED}
    proved = {name for round in corpus.rounds("logic-s0") for name in proofs_in(corpus, round)}
    assert not [name for name in proved if f"not.{name}" in proved]


def test_each_generation_was_examined_once_and_a_resumed_run_reads_it(ran):
    corpus, lean, experiment, home = ran
    found = health_of_run(corpus, "logic-s0")
    assert list(found) == [0, 1]
    first, second = found.values()
    assert first.counts["theorems"] == 3 and first.counts["attempts"] == 12 and first.counts["seed_theorems"] <= 4
    repeated = [one for one in corpus.rounds("logic-s0", RoundKind.EVAL) if one.arm == "health"]
    assert [one.split for one in repeated] == ["valid", "valid"] and not any(
        corpus.pending(one, ordinal=n) for one in repeated for n in range(4)
    )
    solved = [sum(one is not None for one in tries) for tries in openings_in(corpus, repeated[0]).values()]
    assert first.figures["pass@1"] == pytest.approx(sum(solved) / 12) and first.counts["proved"] == sum(solved)
    assert first.figures["pass@8"] is None, "there are four attempts"
    assert first.figures["drift"] is None and (second.figures["drift"] or 0) > 0
    assert first.reference and not second.reference and second.counts["states"] == first.counts["states"] > 0
    evaluation = experiment.seeds[0].evaluations
    lost = sum(len(each.arm("M_0").solved - each.arm("M_1").solved) for each in evaluation)
    assert second.figures["lost"] == lost and second.counts["solved"] == sum(
        len(e.arm("M_1").solved) for e in evaluation
    )
    assert second.figures["proofs"] == take_snapshot(corpus, SnapshotFilter(run="logic-s0")).proofs
    rounds = len(corpus.rounds("logic-s0"))
    config = configuration().model_copy(update={"name": "logic-s0", "seed": 0})
    assert Flywheel(config, lean, corpus, home / "logic-s0").examine(1) == second
    assert len(corpus.rounds("logic-s0")) == rounds


def test_repeated_attempts_are_in_no_curve_no_comparison_and_no_snapshot(ran):
    corpus, _, _, _ = ran
    (same, _) = solve_curves(corpus, "logic-s0")
    assert not {name for name, _ in same.others} & {"health", "health seeds"}
    assert all(
        one.kind is RoundKind.TRAIN or one.theorems == 8 for one in diff(corpus, "logic-s0/M_0", "M_1").comparisons
    )
    seeds = [one for one in corpus.rounds("logic-s0", RoundKind.EVAL) if one.arm == "health seeds"]
    assert seeds and all(one.split == "train" for one in seeds)


def test_an_accepted_canary_stops_the_run_and_a_resumed_one_again(ran):
    """True statements stand in for false ones: some of thirty are proved, which must raise, and quarantine them."""
    corpus, lean, _, home = ran
    config = configuration().model_copy(update={"name": "logic-s0", "seed": 0})
    flywheel = Flywheel(config, lean, corpus, home / "logic-s0")
    more = config.model_copy(update={"round": config.round.model_copy(update={"canaries": 30})})
    benchmark = replace(flywheel.benchmark, false_stratum="same-size")
    rounds = replace(flywheel.rounds, config=more, benchmark=benchmark)
    model = flywheel.model(1, config.evaluation)
    plan = Plan(Phase(model.policy, Budget(64)))
    for _ in range(2):
        with pytest.raises(CanaryAccepted, match="THE GATE LEAKS"):
            rounds.canaries(plan, model, 99)
    (round,) = (r for r in corpus.rounds("logic-s0") if r.arm == "canary" and r.stratum == "same-size")
    accepted = proofs_in(corpus, round)
    quarantined = list_proofs(corpus, ProofFilter(retracted=True)).proofs
    assert accepted.keys() == {proof.theorem for proof in quarantined}
    texts = {
        (proof.theorem.name, proof.text)
        for proof in snapshot_proofs(corpus, take_snapshot(corpus, SnapshotFilter(run="logic-s0")).hash)
    }
    assert texts and not texts & {(name, text) for name, (_, text) in accepted.items()}


def test_the_last_evaluation_gives_m_0_the_whole_budget_and_the_last_generation_as_much(ran):
    corpus, _, experiment, _ = ran
    evaluation = experiment.seeds[0].evaluations[0]
    whole = ["M_0 at the whole budget", "M_1 at the whole budget"]
    assert [arm.name for arm in evaluation.arms] == ["portfolio-1", "grammar", "portfolio", "M_0", "M_1", *whole]
    budget = 16 + -(-searched_steps(corpus, "logic-s0") // 16)
    assert [evaluation.arm(name).budget.steps for name in whole] == [budget, budget]
    pairs = {(one.arm, one.other) for one in comparisons(evaluation, ["M_0"])}
    assert (whole[1], whole[0]) in pairs and (whole[1], "M_0") in pairs and ("M_1", whole[0]) not in pairs


def test_an_evaluation_of_some_arms_alone(ran):
    corpus, lean, experiment, home = ran
    settings = configuration().model_copy(update={"name": "logic-s0", "seed": 0})
    flywheel = Flywheel(settings, lean, corpus, home / "logic-s0")
    some = flywheel.evaluate(0, 1, only=["M_1", "port*io"])[0]
    whole = experiment.seeds[0].evaluations[0]
    assert [arm.name for arm in some.arms] == ["portfolio", "M_1"], "in the order of the arms"
    assert [arm.solved for arm in some.arms] == [whole.arm(arm.name).solved for arm in some.arms]
    with pytest.raises(ConfigError, match="no arm is called 'M_2'; there are portfolio-1, grammar, "):
        flywheel.evaluate(0, 1, only=["M_1", "M_2"])


def test_the_report_has_every_arm_and_reads_the_same_again(ran, tmp_path):
    corpus, lean, experiment, home = ran
    files = write_experiment(experiment, "a title", tmp_path)
    assert all(file.stat().st_size for file in files)
    table = files[0].read_text()
    assert "M_0 at the whole budget" in table and "Noise floor" in table
    for first in firsts(experiment):
        assert first.generation == 1 and first.text.startswith("set_option")
    again = run_seeds(configuration(), [0], lean, corpus, lambda run: home / run)
    assert [c.solved for c in again.cells] == [c.solved for c in experiment.cells]
    assert render(again) is not None


def test_the_two_way_interval_covers_seeds_and_theorems():
    """Three equal rows: the spread is the theorems'. Three constant rows of different means: it is the seeds'."""
    row = np.array([0.0, 1.0] * 20)
    low, high = two_way_interval(np.stack([row, row, row]))
    assert low == pytest.approx(0.35, abs=0.04) and high == pytest.approx(0.65, abs=0.04)
    low, high = two_way_interval(np.stack([np.full(40, mean) for mean in (0.0, 0.5, 1.0)]))
    assert low == pytest.approx(0.0, abs=0.2) and high == pytest.approx(1.0, abs=0.2)


def test_a_training_that_was_killed_goes_on_in_the_next_run(ran):
    """The loop's training of M_2, interrupted after two epochs of four, goes on at the third, to the bytes of one that
    was not interrupted: that of M_3, which learns from the same corpus with the same seed. After all other tests, since
    the run has more generations then."""
    corpus, lean, _, home = ran
    config = configuration().model_copy(update={"name": "logic-s0", "seed": 0})
    epochs: list[tuple[str, float]] = []

    def learn(number: int, last: int | None = None) -> str | None:
        def report(event: Event) -> None:
            if event.done is not None and event.phase.startswith("train M_"):
                epochs.append((event.phase[-1], event.done))
                if event.done == last:
                    raise KeyboardInterrupt

        return Flywheel(config, lean, corpus, home / "logic-s0", report).learn(number).model_hash

    halfway = home / "logic-s0" / ".M_2.halfway"
    with pytest.raises(KeyboardInterrupt):
        learn(2, last=2)
    assert halfway.exists()
    assert learn(2) == learn(3)
    assert not halfway.exists()
    assert epochs == [("2", 1), ("2", 2), ("2", 3), ("2", 4), *(("3", epoch) for epoch in range(1, 5))]
