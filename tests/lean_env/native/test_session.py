"""The contract of a session, over lean-interact's client and a process that gives the repl's documented replies."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lean_env.native.project import Project
from lean_env.native.through_repl import ReplLean
from lean_env.session.dojo import PrintedState
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_env.session.outcomes import Outcome
from lean_env.session.stepping import UnknownState
from lean_env.theorem import Environment, Theorem
from tests.lean_env.native.conftest import StartNative
from tests.lean_env.native.player import Exchange, write_repl
from tests.lean_env.native.upstream import EXAMPLES, IMPORTED

MATHLIB = Environment(("Mathlib",))
FOO = Theorem("foo", "(x : Int) : x = x", MATHLIB)
OPENED = EXAMPLES["by_cases"]


def test_a_proof_goes_from_state_to_state(native: StartNative) -> None:
    with native(OPENED).open_session(FOO) as (session, root):
        assert root.pp == "x : Int\n⊢ x = x"
        cases = session.run_tac(root, "by_cases h : x < 0")
        assert isinstance(cases, TacticState) and cases.num_goals == 2
        assert [goal.conclusion for goal in cases.goals] == ["x = x", "x = x"]
        one = session.run_tac(cases, "case pos => rfl")
        assert isinstance(one, TacticState) and one.pp == "case neg\nx : Int\nh : ¬x < 0\n⊢ x = x"
        # Back in an earlier state, as search goes.
        assert isinstance(session.run_tac(cases, "all_goals sorry"), ProofGivenUp)
        assert isinstance(session.run_tac(root, "have h : x = 1 := sorry"), ProofGivenUp)


@pytest.mark.parametrize(
    ("example", "theorem", "tactics", "outcome", "said"),
    [
        ("assumption_proof", Theorem("aa", "(x : Nat) (h1 : x  = 2) : x = 2", MATHLIB), ["assumption"], "proved", ""),
        ("Mathlib/test/exact", Theorem("test", ": 0 < 1", MATHLIB), ["exact?"], "proved", ""),
        ("Mathlib/test/exact", Theorem("test", "0 < 1", MATHLIB), ["exact?"], "proved", ""),
        # No goals, and yet no proof: an unassigned metavariable, a term that the kernel refuses.
        (
            "app_type_mismatch",
            Theorem("t", ": 1 = 0", MATHLIB),
            ["cases 1", "rfl", "apply ?succ"],
            "failed",
            "metavariable",
        ),
        ("self_proof_apply_check", Theorem("ex", ": False", MATHLIB), ["apply ex"], "failed", "kernel type check"),
        # Lean goes on behind an error; its message decides, not "contains sorry".
        (
            "invalid_tactic",
            Theorem("my_theorem", "(x : Nat) : x = x", MATHLIB),
            ["exact my_fake_premise"],
            "failed",
            "Unknown identifier",
        ),
        (
            "invalid_tactic",
            Theorem("my_theorem", "(x : Nat) : x = x", MATHLIB),
            ["exat 42"],
            "failed",
            "unknown tactic",
        ),
    ],
)
def test_what_the_last_tactic_comes_to(
    native: StartNative, example: str, theorem: Theorem, tactics: list[str], outcome: str, said: str
) -> None:
    with native(EXAMPLES[example]).open_session(theorem) as (session, root):
        state = root
        for tactic in tactics[:-1]:
            state = session.run_tac(state, tactic)
        (step,) = session.run_tacs(state, tactics[-1:])
    assert step.outcome == outcome
    if outcome == "proved":
        assert isinstance(step.result, ProofFinished)
    else:
        assert isinstance(step.result, LeanError) and said in step.result.error


def test_a_text_that_is_no_single_open_theorem_is_refused(native: StartNative) -> None:
    lean = native(EXAMPLES["refused"])
    with pytest.raises(DojoInitError, match="unsolved goals"), lean.open_session(Theorem("unfinished", "Nat", MATHLIB)):
        pass
    with (
        pytest.raises(DojoInitError, match="more than a statement"),
        lean.open_session(Theorem("two", ": 1 = 1 := rfl theorem other : 1 = 1", MATHLIB)),
    ):
        pass
    with pytest.raises(DojoInitError, match="2 found"), lean.open_session(Theorem("calc", "3 = 5", MATHLIB)):
        pass


def test_a_tactic_without_end_costs_its_process_and_nothing_else(native: StartNative) -> None:
    hang = Exchange(tactic="hang", then="hang")
    with native([*OPENED, hang]).open_session(FOO) as (session, root):
        cases = session.run_tac(root, "by_cases h : x < 0")
        started = time.monotonic()
        steps = session.run_tacs(cases, ["hang", "case pos => rfl", "case pos => rfl"])
        assert [step.outcome for step in steps] == [Outcome.FAILED, Outcome.ADVANCED, Outcome.ADVANCED]
        assert steps[0].wall_limit and time.monotonic() - started < 20
        late = session.run_tac(root, "hang")
        assert isinstance(late, LeanError) and "no answer within 2 s" in late.error


def test_another_process_has_to_lead_to_the_same_state(native: StartNative) -> None:
    now = Exchange(tactic="now", reply='{"proofStatus": "", "proofState": 1, "goals": ["⊢ @NOW = 0"]}')
    hang = Exchange(tactic="hang", then="hang")
    with native([*OPENED, now, hang]).open_session(FOO) as (session, root):
        state = session.run_tac(root, "now")
        assert isinstance(state, TacticState)
        steps = session.run_tacs(state, ["hang", "case pos => rfl", "never run"])
    assert [step.outcome for step in steps] == [Outcome.FAILED, Outcome.CRASHED]


@pytest.mark.parametrize("then", ["exit", "flood"])
def test_a_process_that_is_lost_is_replaced(native: StartNative, then: str) -> None:
    with native([*OPENED, Exchange(tactic="evil", then=then)]).open_session(FOO) as (session, root):
        started = time.monotonic()
        steps = session.run_tacs(root, ["evil", "by_cases h : x < 0"])
        assert [step.outcome for step in steps] == [Outcome.FAILED, Outcome.ADVANCED]
        assert time.monotonic() - started < 20


def test_a_theorem_costs_so_many_processes(native: StartNative) -> None:
    with native([*OPENED, Exchange(tactic="evil", then="exit")]).open_session(FOO) as (session, root):
        steps = session.run_tacs(root, ["evil"] * 20)
        assert [step.outcome for step in steps] == [*([Outcome.FAILED] * 16), Outcome.CRASHED]
        with pytest.raises(DojoCrashError):
            session.run_tac(root, "by_cases h : x < 0")


def test_a_process_that_closes_its_output_is_not_waited_for(project: Project, tmp_path: Path) -> None:
    """Not confined: in the sandbox the process around it keeps the pipe open, and it is merely late."""
    repl = write_repl(tmp_path / "repl", [IMPORTED, *OPENED, Exchange(tactic="evil", then="close")])
    with ReplLean(project, repl, None) as lean, lean.open_session(FOO) as (session, root):
        started = time.monotonic()
        (step,) = session.run_tacs(root, ["evil"])
        assert step.outcome is Outcome.FAILED and "ended its worker" in str(step.result)
        assert time.monotonic() - started < lean.limits.soft_ms / 1000


def test_long_answers_may_be_many(native: StartNative) -> None:
    """Each may have 4 MiB, not all together."""
    long = Exchange(tactic="long", reply=json.dumps({"message": "x" * 1_000_000}))
    with native([*OPENED, long]).open_session(FOO) as (session, root):
        assert {step.outcome for step in session.run_tacs(root, ["long"] * 6)} == {Outcome.FAILED}


@pytest.mark.parametrize(
    "reply", ["no JSON", "[1]", '{"proofState": "x"}', '{"goals": []}', "[" * 100_000], ids=lambda reply: reply[:20]
)
def test_an_answer_that_is_none_ends_the_process(native: StartNative, reply: str) -> None:
    with native([*OPENED, Exchange(tactic="odd", reply=reply)]).open_session(FOO) as (session, root):
        (step,) = session.run_tacs(root, ["odd"])
    assert step.outcome is Outcome.FAILED and "the repl is gone, or its answer is none" in str(step.result)


def test_tactics_that_cannot_be_sent_fail(native: StartNative) -> None:
    with native(OPENED).open_session(FOO) as (session, root):
        steps = session.run_tacs(root, ["", "\ud800", "x" * 5_000])
        assert [step.outcome for step in steps] == [Outcome.FAILED] * 3
        assert [step.result.error.split()[2] for step in steps] == ["is", "is", "has"]


def test_states_of_others_are_refused(native: StartNative) -> None:
    with native(OPENED).open_session(FOO) as (session, root):
        after = session.run_tac(root, "by_cases h : x < 0")
        session.drop([root, after])
        session.drop([after])
        for state in (after, PrintedState("⊢ False", root.id), "x"):
            with pytest.raises(UnknownState):
                session.run_tac(state, "rfl")
        assert isinstance(session.run_tac(root, "by_cases h : x < 0"), TacticState)


def test_a_text_is_read_in_a_process_of_its_own(native: StartNative) -> None:
    (message,) = native(EXAMPLES["refused"]).messages(MATHLIB, "#print List.cons")
    assert message == Message("information", "constructor List.cons.{u} : {α : Type u} → α → List α → List α", 1, 0)
