"""A tactic that kills its worker costs that tactic, not the theorem. The real Lean, and workers that really die."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoCrashError, ProofFinished
from lean_env.session.outcomes import Outcome
from lean_env.session.stepping import UnknownState
from lean_env.session.surviving import MAX_REPLACED, SurvivingSession
from lean_env.shim.backend import LeanDojoBackend
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
#: Computes 5 ^ 999999 without asking whether to stop: mathd_numbertheory_328 of miniF2F.
KILLER = "have : 5 ^ 999999 % 7 = 6 := by omega"
BOTH = Theorem("both", "(p q : Prop) (a : p) (b : q) : p ∧ q", INIT)


@pytest.fixture(scope="module")
def impatient(installation: Installation) -> Iterator[WorkerPool]:
    """One worker, killed one second after a tactic should have ended."""
    with WorkerPool(installation, 1, Limits(soft_ms=500, hard_margin_ms=500)) as pool:
        yield pool


def surviving(pool: WorkerPool, theorem: Theorem = BOTH) -> SurvivingSession:
    return SurvivingSession(theorem, lambda one: Dojo(one, pool))


def test_the_tactic_has_failed_and_older_states_go_on(impatient: WorkerPool):
    with surviving(impatient) as (session, root):
        two = session.run_tac(root, "constructor")
        one = session.run_tac(two, "exact a")
        results = session.run_tacs(one, ["exact a", KILLER, "exact b"])
        assert [step.outcome for step in results] == [Outcome.FAILED, Outcome.FAILED, Outcome.PROVED]
        assert results[1].wall_limit and "ended its worker" in results[1].result.error
        assert results[1].milliseconds > 900 and not results[0].wall_limit
        assert session.run_tac(two, "exact a") == one
        session.drop([root, two, one])
        assert isinstance(session.run_tac(one, "exact b"), ProofFinished)
        assert session.replaced == 1


def test_the_same_through_leandojo(impatient: WorkerPool):
    with LeanDojoBackend(impatient) as backend, SurvivingSession(BOTH, backend.open_session) as (session, root):
        one = session.run_tac(session.run_tac(root, "constructor"), "exact a")
        results = session.run_tacs(one, [KILLER, "exact b"])
        assert [step.outcome for step in results] == [Outcome.FAILED, Outcome.PROVED]


def test_a_theorem_may_cost_so_many_workers_and_no_more(impatient: WorkerPool):
    with surviving(impatient) as (session, root):
        for _ in range(MAX_REPLACED):
            (step,) = session.run_tacs(root, [KILLER])
            assert step.outcome is Outcome.FAILED
        assert [step.outcome for step in session.run_tacs(root, [KILLER, "exact ⟨a, b⟩"])] == [Outcome.CRASHED]
        with pytest.raises(DojoCrashError):
            session.run_tac(root, "exact ⟨a, b⟩")
    with surviving(impatient) as (session, root):
        assert isinstance(session.run_tac(root, "exact ⟨a, b⟩"), ProofFinished)


def test_states_of_others_are_refused_before_and_after(impatient: WorkerPool):
    with surviving(impatient) as (session, root):
        other = root.__class__(root.pp, root.id + 1_000_000)
        with pytest.raises(UnknownState):
            session.run_tac(other, "constructor")
        session.run_tacs(root, [KILLER])
        with pytest.raises(UnknownState):
            session.run_tac(other, "constructor")
