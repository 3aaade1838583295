"""Replays: the bare list of tactics, in another worker, with everything that the corpus stores."""

from __future__ import annotations

import json

import pytest

from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.session.leandojo import DojoInitError
from lean_env.session.outcomes import Outcome
from lean_env.session.replay import NO_GOALS, ReplayFailed, replay
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
SWAP = Theorem("swap", "(p q : Prop) (h : p ∧ q) : q ∧ p", INIT)
WITNESS = Theorem("witness", "(f : Nat → Nat) (h : f 3 = 5) : ∃ n, f n = 5 ∧ n < 4", INIT)


def test_states_chain_and_the_term_comes_out(pool: WorkerPool) -> None:
    done = replay(pool, SWAP, ["cases h", "constructor", "assumption", "assumption"])
    assert [step.tactic for step in done.steps] == ["cases h", "constructor", "assumption", "assumption"]
    for before, after in zip(done.steps, done.steps[1:], strict=False):
        assert before.state_after == after.state
    assert done.steps[-1].state_after == NO_GOALS
    assert [len(step.goals_ndjson) for step in done.steps] == [1, 1, 2, 1]
    assert all(goal for step in done.steps for goal in step.goals_ndjson)
    assert "thm" in json.loads(done.proof_ndjson.splitlines()[-1])
    assert done.statement is not None


def test_replays_agree_with_each_other(pool: WorkerPool) -> None:
    tactics = ["exact ⟨h.2, h.1⟩"]
    first, second = replay(pool, SWAP, tactics), replay(pool, SWAP, tactics)
    assert first.proof_ndjson == second.proof_ndjson
    assert first.steps[0].heartbeats == second.steps[0].heartbeats


def test_dependent_metavariables_survive(pool: WorkerPool) -> None:
    done = replay(pool, WITNESS, ["refine ⟨?n, ?left, ?right⟩", "case left => exact h", "decide"])
    assert done.steps[1].goals_ndjson.count(None) == 2


@pytest.mark.parametrize(
    ("tactics", "step", "outcome", "says"),
    [
        (["cases h", "exact nonsense"], 1, Outcome.FAILED, "nonsense"),
        (["sorry"], 0, Outcome.GIVEN_UP, "ProofGivenUp"),
        (["cases h", "constructor"], 2, Outcome.ADVANCED, "goals are left"),
        ([], 0, Outcome.ADVANCED, "goals are left"),
        (["exact ⟨h.2, h.1⟩", "rfl"], 1, Outcome.FAILED, "no goals are left"),
    ],
)
def test_what_is_no_proof_says_where(
    pool: WorkerPool, tactics: list[str], step: int, outcome: Outcome, says: str
) -> None:
    with pytest.raises(ReplayFailed, match=says) as failed:
        replay(pool, SWAP, tactics)
    assert (failed.value.step, failed.value.outcome) == (step, outcome)


def test_a_timeout_is_told_as_one(pool: WorkerPool) -> None:
    loop = Theorem("loop", "(f : Nat → Nat) (h : ∀ x, f x = f (x+1)) : f 0 = 1", INIT)
    tactic = "set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"
    with pytest.raises(ReplayFailed) as failed:
        replay(pool, loop, [tactic], Limits(heartbeats=1_000, soft_ms=60_000))
    assert failed.value.outcome is Outcome.TIMED_OUT


def test_an_unknown_theorem_is_not_a_failed_replay(pool: WorkerPool) -> None:
    with pytest.raises(DojoInitError):
        replay(pool, Theorem("Nat.no_such", "", INIT, module="Init.Prelude"), ["rfl"])
