"""AND/OR search: goals taken by themselves, shared where they are the same, put together to one script."""

from __future__ import annotations

from dataclasses import replace

import pytest
from countdown import CountdownSession, FixedPolicy, theorem

from corpus.pages.tree import graph, walk
from corpus.search_tree import pack, unpack
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import ProofFinished, TacticState
from lean_env.theorem import Environment, Theorem
from prover.policy import Proposal
from prover.search.and_or import AndOr
from prover.search.and_or_descent import Descent
from prover.search.and_or_nodes import Move, Part, Place, Problem, independent
from prover.search.and_or_replay import renamed, renaming
from prover.search.budget import Budget, Ended
from prover.search.proposals import Kept
from prover.search.tree import tree_of

SPLIT = FixedPolicy(("nonsense", -0.1), ("split", -0.2), ("sub 1", -1.0), ("finish", -1.5))
SETTINGS = [
    AndOr(),
    AndOr(exploration=1.0),
    AndOr(exploration=0.5, widening=0.5),
    AndOr(leaves=3),
    AndOr(exploration=1.0, widening=0.5, leaves=4),
]


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


@pytest.mark.parametrize("leaves", [1, 4])
def test_budgets_and_stops_hold(leaves):
    for steps in range(1, 12):
        result, session = search(61, steps=steps, config=AndOr(leaves=leaves))
        assert (result.ended, result.steps) == (Ended.STEPS, steps)
        assert session.alive == {session.root.id}
    assert search(60, heartbeats=10)[0].ended is Ended.HEARTBEATS
    goal = theorem(50)
    session = CountdownSession(goal)
    stopped = AndOr().prove(session, session.root, goal, SPLIT, Budget(100), stopped=lambda: session.calls >= 3)
    assert stopped.ended is Ended.STOPPED
    assert search(9, FixedPolicy(("sub 1", -1.0), ("crash", -1.1)))[0].ended is Ended.CRASHED


class Counting(FixedPolicy):
    """Keeps how many states it was asked about each time."""

    def __init__(self, *proposals):
        super().__init__(*proposals)
        self.batches: list[int] = []

    def propose(self, queries):
        self.batches.append(len(queries))
        return super().propose(queries)


def test_leaves_are_asked_about_together():
    proposals = ("split", -0.5), ("sub 7", -0.6), ("sub 9", -0.7)
    one, eight = Counting(*proposals), Counting(*proposals)
    alone, together = search(60, one, 60)[0], search(60, eight, 60, AndOr(leaves=8))[0]
    assert alone.steps == together.steps == 60 and set(one.batches) == {1}
    assert len(eight.batches) < len(one.batches) / 2 and max(eight.batches) > 3
    assert len({query.state for query in eight.queries}) == len(eight.queries), "a state was asked about twice"


def leaf(f, name):
    """A problem that the policy was not asked about."""
    place = Place(TacticState(name, 0), 0, (name,), 0, 1)
    return Problem(place, (name,), 0.0, 1, f, None)


def moves_to(problem, *leaves):
    problem.untried = iter(())
    for log_prob, parts in leaves:
        kept = Kept(Proposal("tactic", log_prob), log_prob, log_prob)
        problem.moves.append(Move(problem, kept, 0, [Part(one, one.place) for one in parts]))


def test_a_descent_that_waits_sends_the_next_elsewhere_unless_that_is_far_worse():
    top, near, next_best, far = leaf(0.0, "top"), leaf(1.0, "near"), leaf(1.5, "next"), leaf(9.0, "far")
    moves_to(top, (-1.0, [near]), (-1.0, [next_best]), (-1.0, [far]))
    ways = Descent(exploration=0.0, widening=0.0, leaves=4).ways(top)
    assert [way.end for way in ways] == [near, next_best], "far is worse by more than what waits"
    assert [one.visits for one in (top, near, next_best, far)] == [2, 1, 1, 0]
    assert not any(node.waiting for way in ways for node in way.nodes)


def test_both_goals_of_a_tactic_are_leaves_of_one_turn_the_harder_one_first():
    top, easy, hard = leaf(0.0, "top"), leaf(1.0, "easy"), leaf(2.0, "hard")
    moves_to(top, (-1.0, [easy, hard]))
    for leaves, ends in ((1, [hard]), (2, [hard, easy]), (3, [hard, easy])):
        assert [way.end for way in Descent(0.0, 0.0, leaves).ways(top)] == ends


def test_bounds_prune_and_are_counted():
    deep, _ = search(9, FixedPolicy(("sub 1", -1.0)), config=AndOr(max_depth=3))
    assert (deep.ended, deep.pruned) == (Ended.EXHAUSTED, {"no_progress": 1, "too_deep": 1})
    assert search(9, FixedPolicy(("split", -1.0)), config=AndOr(max_goals=1))[0].pruned["too_many_goals"] == 1
    assert search(9, FixedPolicy(("split", -1.0)), config=AndOr(max_state_chars=8))[0].pruned["too_large"] == 1


@pytest.mark.parametrize("config", SETTINGS)
def test_the_seed_alone_decides(config):
    assert search(30, steps=60, config=config)[1].log == search(30, steps=60, config=config, seed=5)[1].log
    noisy = replace(config, noise=1.0)
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
