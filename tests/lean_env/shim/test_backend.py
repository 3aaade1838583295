"""`--backend dojo`: the session over LeanDojo keeps the contract that search relies on, and agrees with ours."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoInitError, DojoTacticTimeoutError, LeanError, ProofFinished, TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.session.stepping import UnknownState
from lean_env.shim.backend import LeanDojoBackend
from lean_env.shim.repository import GitMissing
from lean_env.theorem import Environment, Theorem
from tests.lean_env.shim.conformance import TEXTS, compare, sample

INIT = Environment(("Init",))
AND = Theorem("and", "(p q : Prop) (hp : p) (hq : q) : p ∧ q", INIT)
LOOP = Theorem("loop", "(f : Nat → Nat) (h : ∀ x, f x = f (x+1)) : f 0 = 1", INIT)
ENDLESS = "set_option maxHeartbeats 0 in set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"
BIG = Theorem("big", "(2^16777215 + 3^16777215) % 7 = 9", INIT)


def test_outcomes_as_values(backend: LeanDojoBackend) -> None:
    with backend.open_session(AND) as (session, root):
        checked: ProofSession = session
        tactics = ["constructor", "no_such_tactic", "sorry", "exact ⟨hp, hq⟩", "skip"]
        steps = checked.run_tacs(root, tactics)
        assert [step.outcome for step in steps] == [
            Outcome.ADVANCED,
            Outcome.FAILED,
            Outcome.GIVEN_UP,
            Outcome.PROVED,
        ]
        assert steps[0].heartbeats > 0 and steps[0].milliseconds > 0
        assert len(checked.run_tacs(root, tactics, stop_at_proof=False)) == 5
        assert isinstance(checked.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)
        (split,) = checked.run_tacs(root, ["constructor"])
        assert isinstance(split.result, TacticState)
        for _ in range(2):
            checked.drop([root, split.result])
        with pytest.raises(UnknownState):
            checked.run_tac(split.result, "skip")
        assert isinstance(checked.run_tac(root, "constructor"), TacticState)  # the root stays


def test_a_timeout_leaves_the_session_alive(installation: Installation) -> None:
    limits = Limits(soft_ms=500, hard_margin_ms=20_000)
    with (
        WorkerPool(installation, 1, limits, spares=0) as pool,
        LeanDojoBackend(pool) as backend,
        backend.open_session(LOOP) as (session, root),
    ):
        (step,) = session.run_tacs(root, [ENDLESS])
        assert (step.outcome, step.wall_limit) == (Outcome.TIMED_OUT, True)
        with pytest.raises(DojoTacticTimeoutError):
            session.run_tac(root, ENDLESS)
        assert isinstance(session.run_tac(root, "skip"), TacticState)
        assert pool.counters.wall_limit_hits == 2


def test_a_tactic_that_runs_code_says_so_over_leandojo_too(backend: LeanDojoBackend) -> None:
    with backend.open_session(Theorem("native", ": 2 ^ 10 = 1024", INIT)) as (session, root):
        steps = session.run_tacs(root, ["decide +kernel", "native_decide"], stop_at_proof=False)
    assert [(step.outcome, step.ran_code) for step in steps] == [(Outcome.PROVED, False), (Outcome.PROVED, True)]


def test_states_of_other_sessions_are_refused(backend: LeanDojoBackend) -> None:
    with backend.open_session(AND) as (one, root), backend.open_session(LOOP) as (other, _):
        split = one.run_tac(root, "constructor")
        for state in (root, split, TacticState("⊢ False", 99), "⊢ False"):
            with pytest.raises(UnknownState):
                other.run_tac(state, "skip")  # type: ignore[arg-type]


def test_texts_that_are_no_unicode(backend: LeanDojoBackend) -> None:
    with backend.open_session(AND) as (session, root):
        assert session.run_tac(root, "exact \ud800") == LeanError("the tactic is no valid Unicode text")
        assert isinstance(session.run_tac(root, "constructor"), TacticState)


def test_a_state_that_leandojo_cannot_parse_is_a_failure(backend: LeanDojoBackend) -> None:
    with backend.open_session(AND) as (session, root):
        (step,) = session.run_tacs(root, ['have h : "⊢ " = "⊢ " := rfl'])
        assert step.outcome is Outcome.FAILED
        assert isinstance(session.run_tac(root, "constructor"), TacticState)


def test_long_and_deep_states(backend: LeanDojoBackend, pool: WorkerPool) -> None:
    name = "a_proposition_with_a_name_that_is_rather_long"
    deep = Theorem("deep", f"({name} : Prop) : {f'({name} → ' * 190}{name}{')' * 190} ∧ True", INIT)
    with backend.open_session(deep) as (theirs, their_root), Dojo(deep, pool) as (ours, our_root):
        assert our_root == their_root and len(our_root.pp) > 8_000
        assert ours.run_tac(our_root, "constructor") == theirs.run_tac(their_root, "constructor")


def test_a_statement_that_leandojo_would_change_is_refused(backend: LeanDojoBackend) -> None:
    comment = Theorem("comment", '"a -- b" = "a -- b"', INIT)
    with pytest.raises(DojoInitError, match="comment"), backend.open_session(comment):
        pass


def test_a_dead_worker_ends_the_session_only(installation: Installation) -> None:
    limits = Limits(soft_ms=500, hard_margin_ms=500)
    with WorkerPool(installation, 1, limits, spares=0) as pool, LeanDojoBackend(pool) as backend:
        with backend.open_session(BIG) as (session, root):
            steps = session.run_tacs(root, ["no_such_tactic", "decide +kernel", "rfl"])
            assert [step.outcome for step in steps] == [Outcome.FAILED, Outcome.CRASHED]
            assert "did not answer" in str(steps[-1].result)  # LeanDojo's own words are "Unexpected EOF"
            assert [step.outcome for step in session.run_tacs(root, ["rfl", "rfl"])] == [Outcome.CRASHED]
        with backend.open_session(AND) as (session, root):
            assert isinstance(session.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)


def test_threads_open_theorems_at_once_and_stay_where_they_are(backend: LeanDojoBackend) -> None:
    """LeanDojo changes the working directory of the process to start a Dojo; ours must not."""
    before, proved = Path.cwd(), []

    def work() -> None:
        for _ in range(5):
            with backend.open_session(AND) as (session, root):
                proved.append(session.run_tacs(root, ["exact ⟨hp, hq⟩"])[0].outcome)
                assert Path.cwd() == before

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert proved == [Outcome.PROVED] * 20


def test_nobody_else_can_reach_the_server(backend: LeanDojoBackend) -> None:
    folder = backend.bin.parent
    assert (folder.stat().st_mode & 0o777, (folder / "socket").stat().st_mode & 0o777) == (0o700, 0o600)
    assert str(backend.bin) not in os.environ["PATH"]


def test_both_backends_agree(backend: LeanDojoBackend, pool: WorkerPool) -> None:
    found = compare(pool, backend, [*sample(20), *TEXTS], tactics=5)
    assert found.differences == []
    assert found.theorems == 20 + len(TEXTS)
    # The comparison is worth something only if it meets everything that can happen.
    assert {Outcome.ADVANCED, Outcome.PROVED, Outcome.FAILED, Outcome.GIVEN_UP} <= set(found.steps)


def test_a_machine_without_git_is_told_so(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")
    with pytest.raises(GitMissing, match="Install it"):
        LeanDojoBackend(pool)
