"""Whole proofs drawn from the policy: by its own probabilities, from the start again, and never twice at a cost."""

from __future__ import annotations

from collections import Counter

import pytest
from countdown import CountdownSession, FixedPolicy, theorem

from prover.search.budget import Budget, Ended
from prover.search.sampled import Sampled

LIKELY = FixedPolicy(("sub 1", -0.105), ("sub 2", -2.303))


def draw(number, policy, steps=60, seed=0, config=None, quantified=False):
    goal = theorem(number, quantified=quantified)
    session = CountdownSession(goal)
    result = (config or Sampled()).prove(session, session.root, goal, policy, Budget(steps), seed=seed)
    return result, session


@pytest.mark.parametrize("quantified", [False, True])
def test_a_proof_replays_from_the_root_and_no_state_is_left(quantified):
    result, session = draw(7, LIKELY, quantified=quantified)
    assert result.ended is Ended.PROVED and (result.tactics[0] == "intros") == quantified
    again = CountdownSession(theorem(7, quantified=quantified))
    state = again.root
    for tactic in result.tactics:
        state = again.run_tac(state, tactic)
    assert not hasattr(state, "pp")
    assert session.alive == {session.root.id}


def test_a_tactic_is_drawn_as_often_as_the_policy_says():
    openings = Counter(draw(9, LIKELY, seed=seed, steps=1)[1].log[1] for seed in range(400))
    assert 0.85 < openings["sub 1"] / 400 < 0.95


def test_after_a_refusal_it_begins_again_and_pays_for_nothing_twice():
    policy = FixedPolicy(("sub 1", -0.7), ("nonsense", -0.7))
    result, session = draw(5, policy, steps=200)
    assert result.ended is Ended.PROVED and result.tactics == ("sub 1",) * 5
    assert len(session.log) - 1 == result.steps <= 5 + 5
    assert draw(5, policy, steps=200)[1].log == session.log


def test_what_is_sure_of_itself_and_wrong_ends():
    result, _ = draw(5, FixedPolicy(("skip", -0.01)), steps=200)
    assert (result.ended, result.steps, result.pruned) == (Ended.EXHAUSTED, 1, {"no_progress": 2})
    assert draw(5, FixedPolicy(), steps=9)[0].ended is Ended.EXHAUSTED


def test_bounds_and_budget_hold():
    deep, _ = draw(30, FixedPolicy(("sub 1", -0.1)), steps=200, config=Sampled(max_depth=4))
    assert deep.ended is Ended.EXHAUSTED and deep.pruned["too_deep"] == 1 and deep.steps == 5
    assert draw(30, LIKELY, steps=7)[0].ended is Ended.STEPS
    assert "noise" not in Sampled(noise=0.5).settings
