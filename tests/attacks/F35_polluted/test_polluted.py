"""A proof that passes only where something ran before it: sessions share a worker and nothing else, and the gate's own
workers are sent no text at all."""

from __future__ import annotations

import pytest
from scoreboard import Scoreboard

from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate
from lean_env.gate.gate import Gate
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import LeanError, ProofFinished, TacticState
from lean_env.session.stating import state_text
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
#: What a first session does, and a tactic for `1 = 2` that would pass if any of it were still there.
POLLUTION = {
    "a hypothesis": ("(key : 1 = 2) : True", "skip", "exact key"),
    "an auxiliary lemma": ("(key : 1 = 2) : 1 = 2", "as_aux_lemma => exact key", "exact attack._proof_1 sorry"),
    "an option": (": True", "set_option debug.skipKernelTC true in skip", "decide +kernel"),
    "a let rec": (": True", "let rec helper : Nat → 1 = 1 := fun _ => rfl", "exact helper 0"),
    "an opened namespace": (": True", "open Classical in skip", "exact byContradiction (fun _ => propDecidable)"),
    "an instance": (": True", "letI : OfNat Nat 2 := ⟨1⟩", "exact (rfl : 1 = 2)"),
    "a notation": (": True", 'local notation "two" => 1', "exact (rfl : 1 = two)"),
    "a finished target": (": 1 = 1", "rfl", "exact flywheel.target"),
}


@pytest.mark.parametrize(("statement", "first", "then"), POLLUTION.values(), ids=POLLUTION.keys())
def test_the_next_session_starts_clean(
    statement: str, first: str, then: str, hostile_pool: WorkerPool, scoreboard: Scoreboard
) -> None:
    with Dojo(Theorem("attack", statement, INIT), hostile_pool) as (dojo, root):
        dojo.run_tacs(root, [first])
    with Dojo(Theorem("attack", ": 1 = 2", INIT), hostile_pool) as (dojo, root):
        (step,) = dojo.run_tacs(root, [then])
    scoreboard.record("F35_polluted", gate=isinstance(step.result, ProofFinished))
    assert isinstance(step.result, LeanError), step


def test_states_of_one_session_are_no_states_of_the_next(hostile_pool: WorkerPool) -> None:
    with Dojo(Theorem("attack", "(h : 1 = 2) : 1 = 2", INIT), hostile_pool) as (_, old):
        pass
    with Dojo(Theorem("attack", ": 1 = 2", INIT), hostile_pool) as (dojo, root):
        assert isinstance(root, TacticState) and root.id != old.id
        with pytest.raises(RuntimeError):
            dojo.run_tac(old, "exact h")


def test_a_proof_out_of_a_polluted_worker_stands_in_a_fresh_gate(
    hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate
) -> None:
    """What counts is the term, wherever it was found."""
    goal = Theorem("attack", "(a b : Nat) (h : a < b) : a + 1 ≤ b", INIT)
    stated = state_text(clean_pool, goal)
    with Dojo(Theorem("attack", "(key : 1 = 2) : 1 = 2", INIT), hostile_pool) as (dojo, root):
        dojo.run_tacs(root, ["as_aux_lemma => exact key"])
    with Dojo(goal, hostile_pool) as (dojo, root):
        finished = dojo.run_tac(root, "omega")
        assert isinstance(finished, ProofFinished)
        assert isinstance(gate.check(goal, dojo.export_proof(finished), stated), Certificate)
