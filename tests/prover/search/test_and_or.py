"""AND/OR search: goals taken by themselves, shared where they are the same, put together to one script."""

from __future__ import annotations

import pytest
from countdown import CountdownSession, FixedPolicy, theorem

from corpus.pages.tree import graph, walk
from corpus.search_tree import pack, unpack
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import ProofFinished
from lean_env.theorem import Environment, Theorem
from prover.search.and_or import AndOr
from prover.search.and_or_nodes import independent
from prover.search.and_or_replay import renamed, renaming
from prover.search.budget import Budget, Ended
from prover.search.tree import tree_of

SPLIT = FixedPolicy(("nonsense", -0.1), ("split", -0.2), ("sub 1", -1.0), ("finish", -1.5))
SETTINGS = [AndOr(), AndOr(exploration=1.0), AndOr(exploration=0.5, widening=0.5)]


def search(number, policy=SPLIT, steps=200, config=None, seed=0, quantified=False, **limits):
    goal = theorem(number, quantified=quantified)
    session = CountdownSession(goal)
    result = (config or AndOr()).prove(session, session.root, goal, policy, Budget(steps, **limits), seed=seed)
    return result, session


@pytest.mark.parametrize("config", SETTINGS)
@pytest.mark.parametrize("quantified", [False, True])
def test_the_goals_proofs_make_one_script(config, quantified):
    result, session = search(7, config=config, quantified=quantified)
    assert result.ended is Ended.PROVED and session.alive == {session.root.id}
    again = CountdownSession(theorem(7, quantified=quantified))
    state = again.root
    for tactic in result.tactics:
        state = again.run_tac(state, tactic)
    assert isinstance(state, ProofFinished)
    assert (result.tactics[0] == "intros") == quantified and "rotate_left" not in " ".join(result.tactics)


def test_a_goal_that_waits_does_not_count_and_one_that_fails_spares_the_others():
    """7 splits into 1 and 6. The costs of closing 1 are none of 6's: both lie on branches of length 2."""
    result, session = search(7, FixedPolicy(("split", -0.2), ("sub 1", -1.0), ("finish", -1.5)), 20)
    assert any(tactic.startswith("rotate_left") for tactic in session.log)
    assert result.ended is Ended.PROVED
    odd = FixedPolicy(("split", -0.2), ("finish", -1.5))
    hopeless, session = search(5, odd)  # 1 is never closed, so 4 is left alone once that is known
    assert hopeless.ended is Ended.EXHAUSTED and session.log == ["intros", "split", "split", "finish", "finish"]


def test_a_goal_known_from_elsewhere_is_proved_once_and_run_again():
    result, _ = search(5, FixedPolicy(("split", -0.1), ("sub 1", -1.0)), 30)
    assert result.ended is Ended.PROVED
    tree = tree_of(result, "policy")
    assert [tree.steps[index].tactic for index in tree.solved] == list(result.tactics)
    assert unpack(pack([tree]).data) == (tree,)
    assert [item.branch.number for item in walk(tree, 100) if item.kind == "open"] == list(range(len(tree.states)))
    assert sum(edge["solved"] for edge in graph(tree)["edges"]) >= 1
    printed = [state.text.partition("\n\n")[0] for state in tree.states]
    assert len(printed) > len(set(printed))


def test_budgets_and_stops_hold():
    for steps in range(1, 12):
        result, session = search(60, steps=steps)
        assert (result.ended, result.steps) == (Ended.STEPS, steps)
        assert session.alive == {session.root.id}
    assert search(60, heartbeats=10)[0].ended is Ended.HEARTBEATS
    goal = theorem(50)
    session = CountdownSession(goal)
    stopped = AndOr().prove(session, session.root, goal, SPLIT, Budget(100), stopped=lambda: session.calls >= 3)
    assert stopped.ended is Ended.STOPPED
    assert search(9, FixedPolicy(("sub 1", -1.0), ("crash", -1.1)))[0].ended is Ended.CRASHED


def test_bounds_prune_and_are_counted():
    deep, _ = search(9, FixedPolicy(("sub 1", -1.0)), config=AndOr(max_depth=3))
    assert (deep.ended, deep.pruned) == (Ended.EXHAUSTED, {"no_progress": 1, "too_deep": 1})
    assert search(9, FixedPolicy(("split", -1.0)), config=AndOr(max_goals=1))[0].pruned["too_many_goals"] == 1
    assert search(9, FixedPolicy(("split", -1.0)), config=AndOr(max_state_chars=8))[0].pruned["too_large"] == 1


@pytest.mark.parametrize("config", SETTINGS)
def test_the_seed_alone_decides(config):
    assert search(30, steps=60, config=config)[1].log == search(30, steps=60, config=config, seed=5)[1].log
    noisy = AndOr(noise=1.0, exploration=config.exploration)
    logs = [search(30, steps=60, config=noisy, seed=seed)[1].log for seed in (1, 1, 2)]
    assert logs[0] == logs[1] != logs[2]


def test_statistics_add_up():
    result, session = search(23, steps=40)
    tried = {name: counts.tried for name, counts in result.templates.items()}
    assert sum(tried.values()) == len(session.log) == result.steps + 1 + tried.get("rotate_left", 0)
    assert result.nodes == result.graph.states


def test_goals_with_metavariables_stay_together():
    assert independent(["⊢ a", "⊢ b", "⊢ xs[i]? = none"]) == [(0, 1), (1, 1), (2, 1)]
    assert independent(["⊢ p ?x", "⊢ Nat"]) == [(0, 2)]


def test_a_proof_takes_the_names_of_the_place():
    here, there = "p q : Prop\nh : p\nh_1 : q\n⊢ p ∧ q", "p q : Prop\na : q\nh_1 : p\n⊢ p ∧ q"
    names = renaming(here, there)
    assert names == {"h": "h_1", "h_1": "a"}
    assert renamed("exact ⟨h, h_1⟩", names) == "exact ⟨h_1, a⟩" and renamed("exact h.left", names) == "exact h_1.left"


CONJUNCTION = Theorem("both", "(p q r : Prop) (h : p ∧ q) (k : r) : (q ∧ r) ∧ (q ∧ r)", Environment(("Init",)))
NAMED = FixedPolicy(
    ("constructor", -0.5), ("cases h with | intro a b", -0.6), ("exact b", -1.0), ("exact k", -1.1), ("cases k", -1.2)
)


def test_on_the_real_lean(pool: WorkerPool):
    for config in SETTINGS:
        with Dojo(CONJUNCTION, pool) as (dojo, root):
            result = config.prove(dojo, root, CONJUNCTION, NAMED, Budget(60))
            assert result.ended is Ended.PROVED
            state = root
            for tactic in result.tactics:
                state = dojo.run_tac(state, tactic)
            assert isinstance(state, ProofFinished)
