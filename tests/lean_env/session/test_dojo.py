"""The Dojo over the real Lean: LeanDojo's semantics, and what users of such systems complain about."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo, PrintedState
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.session.stepping import UnknownState
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
AND = Theorem("and_intro'", "(p q : Prop) (hp : p) (hq : q) : p ∧ q", INIT)
ADD_COMM = Theorem("Nat.add_comm", "", Environment(("Init.Core", "Init.Data.Nat.Basic")), module="Init.Data.Nat.Basic")
#: `simp [h]` runs for ever on it once Lean's own limits are lifted.
LOOP = Theorem("loop", "(f : Nat → Nat) (h : ∀ x, f x = f (x+1)) : f 0 = 1", INIT)
ENDLESS = "set_option maxHeartbeats 0 in set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"
#: The kernel's big numbers ignore the cancel token.
BIG = Theorem("big", "(2^16777215 + 3^16777215) % 7 = 9", INIT)


@pytest.fixture
def small_pool(installation: Installation) -> Iterator[WorkerPool]:
    """One worker of one's own, for tests that kill it."""
    with WorkerPool(installation, 1, spares=0) as pool:
        yield pool


def test_a_text_theorem_from_root_to_finish(pool: WorkerPool) -> None:
    with Dojo(AND, pool) as (dojo, root):
        assert root.pp == "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q"
        split = dojo.run_tac(root, "constructor")
        assert isinstance(split, TacticState)
        assert split.num_goals == 2
        assert split.goals[1].conclusion == "q"
        left = dojo.run_tac(split, "exact hp")
        done = dojo.run_tac(left, "exact hq")
        assert isinstance(done, ProofFinished)
        assert '"thm"' in dojo.export_proof(done).splitlines()[-1]
        assert dojo.statement is not None
        assert dojo.statement.levels == ()
        # An old state is still there: states are values.
        assert dojo.run_tac(root, "exact ⟨hp, hq⟩") != done


def test_a_library_theorem_from_its_stored_expression(pool: WorkerPool) -> None:
    with Dojo(ADD_COMM, pool) as (dojo, root):
        assert root.pp == "⊢ ∀ (n m : Nat), n + m = m + n"
        state = dojo.run_tac(root, "intro n m")
        assert isinstance(dojo.run_tac(state, "exact Nat.add_comm n m"), ProofFinished)
        assert dojo.statement is None


def test_lean_says_no_and_the_state_is_as_before(pool: WorkerPool) -> None:
    with Dojo(AND, pool) as (dojo, root):
        for tactic in [
            "exact hq",
            "exact no_such_thing",
            "no_such_tactic",
            "",
            "exact (",
            "constructor)",
            "-- nothing",
        ]:
            assert isinstance(dojo.run_tac(root, tactic), LeanError), tactic
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)


@pytest.mark.parametrize("tactic", ["sorry", "exact sorry", "first | skip; sorry | skip", "exact ⟨sorry, hq⟩"])
def test_sorry_gives_up(pool: WorkerPool, tactic: str) -> None:
    with Dojo(AND, pool) as (dojo, root):
        assert isinstance(dojo.run_tac(root, tactic), ProofGivenUp)


def test_a_batch_stops_at_the_first_proof_and_keeps_order(pool: WorkerPool) -> None:
    tactics = ["exact hq", "constructor", "exact ⟨hp, hq⟩", "sorry"]
    with Dojo(AND, pool) as (dojo, root):
        session: ProofSession = dojo
        outcomes = [step.outcome for step in session.run_tacs(root, tactics)]
        assert outcomes == [Outcome.FAILED, Outcome.ADVANCED, Outcome.PROVED]
        everything = session.run_tacs(root, tactics, stop_at_proof=False)
        assert [step.outcome for step in everything] == [*outcomes, Outcome.GIVEN_UP]
        assert all(step.milliseconds > 0 for step in everything)
        assert session.run_tacs(root, []) == []


def test_without_errors_outcomes_and_costs_are_the_same(pool: WorkerPool) -> None:
    """One tactic for each way in which a tactic fails, and some that do not."""
    tactics = [
        "exact no_such_thing",
        "exact hq",
        "left",
        "exact (",
        "constructor",
        "sorry",
        "first | done | fail",
        "exact ⟨hp, by exact hp⟩",
        "have : p := hq; exact ⟨this, hq⟩",
        "exact ⟨hp, hq⟩",
    ]
    with Dojo(AND, pool) as (dojo, root):
        full, short = (dojo.run_tacs(root, tactics, stop_at_proof=False, errors=errors) for errors in (True, False))
        assert [(step.outcome, step.heartbeats) for step in short] == [(step.outcome, step.heartbeats) for step in full]
        failed = [(f.result, s.result) for f, s in zip(full, short, strict=True) if f.outcome is Outcome.FAILED]
        assert len(failed) == 7
        assert len({long.error for long, _ in failed}) == 7 and {brief.error for _, brief in failed} == {
            "the tactic failed"
        }
        assert "hq" in dojo.run_tac(root, "exact hq").error  # LeanDojo's way always says why


@pytest.mark.parametrize("errors", [True, False])
def test_exhaustion_is_told_from_failure_without_the_text(pool: WorkerPool, errors: bool) -> None:
    with Dojo(LOOP, pool, Limits(heartbeats=1_000, soft_ms=60_000)) as (dojo, root):
        (step,) = dojo.run_tacs(root, [ENDLESS], errors=errors)
        assert step.outcome is Outcome.TIMED_OUT and not step.wall_limit
        assert "heartbeats" in str(step.result)


def test_the_soft_limit_ends_a_tactic_and_the_session_lives(pool: WorkerPool) -> None:
    before = pool.counters
    with Dojo(LOOP, pool, Limits(soft_ms=400, heartbeats=2_000_000)) as (dojo, root):
        start = time.monotonic()
        with pytest.raises(DojoTacticTimeoutError):
            dojo.run_tac(root, ENDLESS)
        assert time.monotonic() - start < 3.4
        (step,) = dojo.run_tacs(root, [ENDLESS])
        assert step.outcome is Outcome.TIMED_OUT
        assert step.wall_limit
        assert isinstance(dojo.run_tac(root, "have : 1 + 1 = 2 := rfl"), TacticState)
    after = pool.counters
    assert after.wall_limit_hits - before.wall_limit_hits == 2
    assert (after.kills, after.deaths) == (before.kills, before.deaths)


def test_heartbeats_end_a_tactic_and_the_clock_is_not_blamed(pool: WorkerPool) -> None:
    with Dojo(LOOP, pool, Limits(heartbeats=1_000, soft_ms=60_000)) as (dojo, root):
        (step,) = dojo.run_tacs(root, ["set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"])
        assert step.outcome is Outcome.TIMED_OUT
        assert not step.wall_limit
        assert step.heartbeats >= 1_000


def test_a_tactic_that_ignores_the_soft_limit_costs_the_session_only(small_pool: WorkerPool) -> None:
    limits = Limits(soft_ms=2_000, hard_margin_ms=1_000)
    with Dojo(BIG, small_pool, limits) as (dojo, root):
        (pid,) = small_pool.pids
        results = dojo.run_tacs(root, ["exact no_such_thing", "decide +kernel", "rfl"])
        assert [step.outcome for step in results] == [Outcome.FAILED, Outcome.CRASHED]
        assert isinstance(results[-1].result, DojoCrashError)
        for again in ("rfl", "decide +kernel"):
            with pytest.raises(DojoCrashError, match="did not answer"):
                dojo.run_tac(root, again)
        assert [step.outcome for step in dojo.run_tacs(root, ["rfl", "rfl"])] == [Outcome.CRASHED]
        with pytest.raises(DojoCrashError):
            dojo.export_goals(root)
        dojo.drop([root])
    assert not psutil.pid_exists(pid)
    with Dojo(AND, small_pool) as (dojo, root):
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)
    assert small_pool.counters.kills == 1


def test_a_torn_stack_costs_the_session_only(small_pool: WorkerPool) -> None:
    theorem = Theorem("deep", "∀ x, x < 1000000 → x * x ≥ x", INIT)  # recursion until JavaScript's RangeError
    with Dojo(theorem, small_pool, Limits(soft_ms=30_000)) as (dojo, root), pytest.raises(DojoCrashError):
        dojo.run_tac(root, "decide +kernel")
    with Dojo(AND, small_pool) as (dojo, root):
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)
    counters = small_pool.counters
    assert (counters.deaths, counters.restarts) == (1, 1)


@pytest.mark.parametrize(
    ("theorem", "says"),
    [
        (replace(ADD_COMM, name="Nat.no_such_theorem"), "no_such_theorem"),
        (replace(AND, environment=Environment(("No.Such.Module",))), "No.Such.Module"),
        (replace(AND, statement="(a : Nat) : a = nothing_known"), "nothing_known"),
        (replace(AND, statement="True := trivial\ntheorem smuggled : False"), "and_intro"),
        (replace(AND, statement="(a : Nat) : a"), "and_intro"),
        (replace(AND, statement=""), "and_intro"),
    ],
)
def test_what_cannot_be_opened_says_why(pool: WorkerPool, theorem: Theorem, says: str) -> None:
    with pytest.raises(DojoInitError, match=says), Dojo(theorem, pool):
        pass


def test_sessions_do_not_share_states(pool: WorkerPool) -> None:
    with Dojo(AND, pool) as (one, root_one):
        with Dojo(AND, pool) as (other, root_other):
            assert root_one == root_other
            with pytest.raises(UnknownState, match="another"):
                other.run_tac(root_one, "constructor")
            with pytest.raises(UnknownState):
                other.run_tacs(root_one, ["constructor"])
            with pytest.raises(UnknownState):
                other.run_tac(TacticState("⊢ False", root_other.id), "constructor")
        with pytest.raises(UnknownState):
            other.run_tac(root_other, "constructor")
        assert isinstance(one.run_tac(root_one, "constructor"), TacticState)


def test_sessions_do_not_see_each_others_names(pool: WorkerPool) -> None:
    with Dojo(AND, pool) as (dojo, root):
        assert isinstance(dojo.run_tac(root, "let rec helper : Nat := 5; exact ⟨hp, hq⟩"), ProofFinished | LeanError)
        assert isinstance(dojo.run_tac(root, "exact and_intro' p q hp hq"), LeanError)
    for _ in range(2):
        with Dojo(replace(AND, name="other"), pool) as (dojo, root):
            assert isinstance(dojo.run_tac(root, "exact and_intro' p q hp hq"), LeanError)
            assert isinstance(dojo.run_tac(root, "have := helper"), LeanError)


def test_dropped_states_are_refused_and_dropping_twice_is_harmless(pool: WorkerPool) -> None:
    with Dojo(AND, pool) as (dojo, root):
        state = dojo.run_tac(root, "constructor")
        dojo.drop([state, root])
        dojo.drop([state])
        with pytest.raises(UnknownState):
            dojo.run_tac(state, "exact hp")
        # The root is what exports start from.
        assert isinstance(dojo.run_tac(root, "constructor"), TacticState)


def test_a_thousand_tactics_leave_nothing_behind(small_pool: WorkerPool) -> None:
    with Dojo(AND, small_pool) as (dojo, root):
        dojo.run_tac(root, "simp_all")
        with_one = small_pool._leased.copy().pop().wasm_mb
        for _ in range(250):
            for step in dojo.run_tacs(root, ["constructor", "exact hp", "simp_all", "omega"], stop_at_proof=False):
                assert step.outcome is not Outcome.CRASHED
    with small_pool.lease(INIT) as worker:
        memory = worker.request("memory")
    assert memory["states"] == 0
    assert memory["wasm_mb"] < with_one + 64
    assert small_pool.counters.restarts == 0


def test_dependent_metavariables_survive_from_tactic_to_tactic(pool: WorkerPool) -> None:
    theorem = Theorem("dependent", "(f : Nat → Nat) (h : f 3 = 5) : ∃ n, f n = 5 ∧ n < 4", INIT)
    with Dojo(theorem, pool) as (dojo, root):
        state = dojo.run_tac(root, "refine ⟨?n, ?left, ?right⟩")
        assert isinstance(state, TacticState)
        assert "?n" in state.pp
        exported = dojo.export_goals(state)
        # The witness is a closed goal of type Nat; the others mention it.
        assert [goal is None for goal in exported].count(True) == 2
        by_name = dojo.run_tac(state, "case left => exact h")
        assert isinstance(by_name, TacticState)
        assert "?n" not in by_name.pp
        done = dojo.run_tac(by_name, "decide")
        assert isinstance(done, ProofFinished)
        assert dojo.export_proof(done)


def test_a_turnstile_inside_a_goal_confuses_nobody(pool: WorkerPool) -> None:
    theorem = Theorem("turnstile", '(s : String) (h : s = "a ⊢ b") : "a ⊢ b" = s', INIT)
    with Dojo(theorem, pool) as (dojo, root):
        assert root.pp.count("⊢") == 3
        assert root.num_goals == 1
        assert root.goals[0].conclusion == '"a ⊢ b" = s'
        assert isinstance(dojo.run_tac(root, "exact h.symm"), ProofFinished)


def test_states_compare_and_parse_as_leandojos_do() -> None:
    text = "case left\np q : Prop\nhp : p\n⊢ p\n\ncase right\nn : Nat := 5\n⊢ n = 5"
    ours, theirs = PrintedState(text, 1), TacticState(text, 2)
    assert ours == theirs and theirs == ours
    assert hash(ours) == hash(theirs)
    assert ours.goals == theirs.goals
    assert ours.num_goals == theirs.num_goals == 2
    assert PrintedState("⊢ p", 1) != ours
    assert isinstance(ours, TacticState)
    assert pickle.loads(pickle.dumps(ours)) == theirs


@pytest.mark.parametrize(
    "tactic",
    ["exact " + "(" * 20_000 + "1", "exact " + "x" * 100_000, "\ud800", "exact «⟨", "\x00", "exact " + "⟨" * 1_000],
    ids=["nested", "long", "surrogate", "unclosed", "nul", "brackets"],
)
def test_hostile_text_is_refused_cheaply(pool: WorkerPool, tactic: str) -> None:
    with Dojo(AND, pool) as (dojo, root):
        start = time.monotonic()
        assert isinstance(dojo.run_tac(root, tactic), LeanError)
        assert time.monotonic() - start < 2


WORDS = st.sampled_from(
    ["exact", "(", ")", "⟨", "⟩", "hp", "by", "fun", "=>", "|", ";", "<;>", "·", "\n", "--", "/-", '"']
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tactic=st.text(max_size=40) | st.lists(WORDS, max_size=12).map(" ".join))
def test_no_text_upsets_a_session(pool: WorkerPool, tactic: str) -> None:
    with Dojo(AND, pool) as (dojo, root):
        (step,) = dojo.run_tacs(root, [tactic])
        assert step.outcome is not Outcome.CRASHED
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)


def test_a_printed_state_is_leans_own(fresh_worker: Worker, pool: WorkerPool) -> None:
    source = (
        "set_option tactic.hygienic false\nset_option pp.fieldNotation false\n"
        "theorem t (l : List Nat) (h : l.length = 2) : l ≠ [] ∧ l.length < 3 := by\n  constructor\n"
    )
    reply = fresh_worker.request("check_text", imports=["Init"], source=source, soft_ms=10_000)
    (message,) = [m["data"] for m in reply["messages"] if m["severity"] == "error"]
    theorem = Theorem("t", "(l : List Nat) (h : l.length = 2) : l ≠ [] ∧ l.length < 3", INIT)
    with Dojo(theorem, pool) as (dojo, root):
        state = dojo.run_tac(root, "constructor")
        assert isinstance(state, TacticState)
        assert message == f"unsolved goals\n{state.pp}"
