"""Shortening proofs through the session."""

from __future__ import annotations

import pytest
from countdown import CountdownSession, theorem

from lean_env.session.leandojo import DojoCrashError
from prover.search.graph import ProofStep
from prover.search.minimize import minimize


def shorten(number, *tactics, closers=(), steps=64, quantified=False):
    session = CountdownSession(theorem(number, quantified=quantified))
    proof = tuple(ProofStep(tactic, tactic.split()[0]) for tactic in tactics)
    closers = tuple(ProofStep(tactic, "cheap") for tactic in closers)
    result = minimize(session, session.root, proof, closers=closers, steps=steps)
    assert session.alive == {session.root.id}
    assert result.steps == len(session.log)
    return [step.tactic for step in result.proof], session


def test_needless_steps_go():
    """8 - 1 - 4 = 3, and without the first step 4; only `halve` after `sub 4` is needed to reach 2 = `sub 2`."""
    assert shorten(8, "skip", "sub 4", "skip", "halve", "sub 2")[0] == ["sub 4", "halve", "sub 2"]


def test_a_minimal_proof_stays():
    assert shorten(7, "sub 3", "halve", "sub 2")[0] == ["sub 3", "halve", "sub 2"]


def test_a_closer_ends_a_proof_early():
    assert shorten(9, "sub 3", "halve", "sub 3", closers=["sub 6"])[0] == ["sub 3", "sub 6"]


def test_the_free_intros_stays():
    assert shorten(4, "intros", "skip", "sub 4", quantified=True)[0] == ["intros", "sub 4"]


def test_an_equally_dear_closer_does_not_replace_the_last_step():
    assert shorten(4, "halve", "sub 2", closers=["sub 2"])[0] == ["halve", "sub 2"]


def test_the_budget_holds():
    long = ["sub 1"] * 40
    proof, session = shorten(40, *long, closers=["sub 3"], steps=10)
    assert proof == long
    assert len(session.log) <= 10


def test_a_proof_that_does_not_replay_is_left_alone():
    assert shorten(4, "sub 1", "sub 9", "sub 1")[0] == ["sub 1", "sub 9", "sub 1"]


def test_a_crash_is_raised():
    with pytest.raises(DojoCrashError):
        shorten(4, "sub 1", "sub 3", closers=["crash"])
