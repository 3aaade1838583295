"""Search: what it runs, in which order, what it keeps, what it frees. The last tests run the real Lean."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest
from countdown import CountdownSession, FixedPolicy, theorem

from corpus.search_tree import pack, unpack
from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import SearchResult
from prover.search.running import Running
from prover.search.tree import tree_of

COUNT = FixedPolicy(("nonsense", -0.1), ("skip", -0.2), ("sub 3", -1.0), ("halve", -1.5), ("sub 1", -2.0))


def search(number, policy=COUNT, steps=200, config=None, seed=0, quantified=False, **limits):
    goal = theorem(number, quantified=quantified)
    session = CountdownSession(goal)
    result = (config or BestFirst()).prove(session, session.root, goal, policy, Budget(steps, **limits), seed=seed)
    return result, session


def replays(result: SearchResult, number: int, quantified: bool = False) -> bool:
    session = CountdownSession(theorem(number, quantified=quantified))
    state = session.root
    for tactic in result.tactics:
        state = session.run_tac(state, tactic)
    return not hasattr(state, "pp")


@pytest.mark.parametrize("quantified", [False, True])
def test_a_proof_replays_from_the_root(quantified):
    result, _ = search(7, quantified=quantified)
    assert result.ended is Ended.PROVED
    assert replays(result, 7, quantified)
    assert (result.tactics[0] == "intros") == quantified
    assert result.steps_to_proof == result.steps


def test_intros_is_free():
    result, session = search(1, FixedPolicy(("sub 1", -1.0)), steps=1, quantified=True)
    assert session.log == ["intros", "sub 1"]
    assert (result.ended, result.steps) == (Ended.PROVED, 1)


def test_the_order_is_by_normalised_cost():
    """From 4: `sub 1` costs 1, `sub 2` 1.2; a child's edges have f = 2/sqrt 2 = 1.41, so both root edges go first."""
    result, session = search(4, FixedPolicy(("sub 1", -1.0), ("sub 2", -1.2)))
    assert session.log[:5] == ["intros", "sub 1", "sub 2", "sub 1", "sub 2"]
    assert result.ended is Ended.PROVED
    greedy, _ = search(4, FixedPolicy(("sub 1", -1.0), ("sub 2", -1.2)), config=BestFirst(alpha=0.0))
    assert greedy.tactics == ("sub 2", "sub 2")


def test_it_stops_at_a_proof():
    policy = FixedPolicy(*[(f"nonsense {i}", -0.1 * i) for i in range(5)], ("sub 1", -0.55), ("sub 9", -0.6))
    result, session = search(1, policy)
    assert session.log == ["intros", *[f"nonsense {i}" for i in range(5)], "sub 1"]
    assert result.steps == 6


def test_it_never_exceeds_the_budget():
    result, session = search(50, steps=3)
    assert (result.ended, result.steps) == (Ended.STEPS, 3)
    assert len(session.log) == 4


def test_no_policy_call_after_the_last_step():
    policy = FixedPolicy(("sub 1", -1.0))
    search(50, policy, steps=3)
    assert [query.state for query in policy.queries] == ["⊢ 50 ↓", "⊢ 49 ↓", "⊢ 48 ↓"]


def test_heartbeats_end_a_search():
    result, _ = search(1000, FixedPolicy(("sub 1", -1.0)), heartbeats=10)
    assert (result.ended, result.heartbeats, result.steps) == (Ended.HEARTBEATS, 10, 5)


def test_no_edge_left_is_exhausted():
    result, _ = search(5, FixedPolicy(("sub 2", -1.0)))
    assert (result.ended, result.proof, result.steps_to_proof) == (Ended.EXHAUSTED, None, None)


def test_equal_states_are_searched_once():
    policy = FixedPolicy(("sub 1", -1.0), ("sub 2", -1.0), ("skip", -1.0))
    result, _ = search(9, policy, steps=30)
    printed = [query.state for query in policy.queries]
    assert len(printed) == len(set(printed))
    assert result.pruned["merged"] > 0
    assert result.pruned["no_progress"] > 0


def test_every_state_but_the_root_is_dropped():
    for config in (BestFirst(), BestFirst(max_depth=1), BestFirst(max_goals=1)):
        _, session = search(12, FixedPolicy(("split", -0.5), ("sub 5", -1.0), ("skip", -1.0)), 60, config)
        assert session.alive == {session.root.id}


def test_bounds_prune_and_are_counted():
    deep, _ = search(9, FixedPolicy(("sub 1", -1.0)), config=BestFirst(max_depth=3))
    assert (deep.ended, deep.pruned) == (Ended.EXHAUSTED, {"no_progress": 1, "too_deep": 1})
    wide, _ = search(9, FixedPolicy(("split", -1.0)), config=BestFirst(max_goals=1))
    assert wide.pruned["too_many_goals"] == 1
    large, _ = search(9, FixedPolicy(("split", -1.0)), config=BestFirst(max_state_chars=8))
    assert large.pruned["too_large"] == 1


def test_a_crash_is_not_a_failed_search():
    result, _ = search(9, FixedPolicy(("sub 1", -1.0), ("crash", -1.1)))
    assert (result.ended, result.proof) == (Ended.CRASHED, None)


def test_a_timed_out_tactic_is_counted_and_search_goes_on():
    result, _ = search(1, FixedPolicy(("slow", -0.1), ("sub 1", -2.0)))
    assert (result.ended, result.wall_limit_hits) == (Ended.PROVED, 1)
    assert result.templates["slow"].timed_out == 1


def test_stop_is_obeyed():
    goal = theorem(50)
    session = CountdownSession(goal)
    result = BestFirst().prove(session, session.root, goal, COUNT, Budget(100), stopped=lambda: session.calls >= 3)
    assert result.ended is Ended.STOPPED
    assert session.calls == 3
    assert session.alive == {session.root.id}


def test_noise_changes_the_order_by_the_seed_alone():
    config = BestFirst(noise=1.0)
    logs = [search(30, steps=60, config=config, seed=seed)[1].log for seed in (1, 1, 2)]
    assert logs[0] == logs[1] != logs[2]
    assert search(30, steps=60)[1].log == search(30, steps=60, seed=5)[1].log


def test_noise_lets_edges_beyond_the_cut_in():
    policy = FixedPolicy(*[(f"nonsense {i}", -1.0 - 0.01 * i) for i in range(30)])
    kept = {
        tactic
        for seed in range(5)
        for tactic in search(1, policy, 200, BestFirst(noise=1.0, edges_per_state=5), seed)[1].log
    }
    assert len(kept - {"intros"}) > 10
    assert len(search(1, policy, 200, BestFirst(edges_per_state=5))[1].log) == 6


#: Only `sub 1`, of which the policy thinks little, leads on; of what it likes there is much.
SHUNNED = FixedPolicy(*[(f"nonsense {i}", -1.0 - 0.1 * i) for i in range(40)], ("skip", -1.5), ("sub 1", -9.0))


def test_a_template_that_the_policy_shuns_gets_its_floor_and_the_search_goes_on_behind_it():
    plain, _ = search(3, SHUNNED, 40)
    assert "sub" not in plain.templates and plain.ended is not Ended.PROVED
    floor = BestFirst(template_floor=1.0)
    results = [search(3, SHUNNED, 40, floor, seed) for seed in range(12)]
    assert {session.log[1] for _, session in results} == {"nonsense 0", "skip", "sub 1"}
    # The step costs what the state's best one does, so what lies behind it is searched soon.
    logs = [session.log for _, session in results if session.log[1] == "sub 1"]
    assert all(log[:15].count("nonsense 0") == 2 for log in logs)
    assert search(3, SHUNNED, 40, floor, 5)[1].log == results[5][1].log
    assert any(search(1, SHUNNED, 1, floor, seed)[0].ended is Ended.PROVED for seed in range(12))


def test_noise_by_template_moves_all_of_a_template_together_and_by_the_seed_alone():
    config = BestFirst(template_noise=6.0)
    logs = {seed: search(3, SHUNNED, 30, config, seed)[1].log for seed in range(12)}
    assert logs[3] == search(3, SHUNNED, 30, config, 3)[1].log
    firsts = {log[1] for log in logs.values()}
    assert "sub 1" in firsts and "nonsense 0" in firsts and firsts <= {"sub 1", "skip", "nonsense 0"}


def test_settings_of_templates_are_named_only_where_they_are_used():
    assert not [name for name in BestFirst(noise=0.5).settings if name.startswith("template")]
    assert BestFirst(template_floor=0.1).settings["template_floor"] == 0.1


def test_policy_seeds_belong_to_theorem_state_and_round():
    def seeds(number, seed):
        policy = FixedPolicy(("sub 1", -1.0))
        search(number, policy, seed=seed)
        return {query.state: query.seed for query in policy.queries}

    assert seeds(4, 0) == seeds(4, 0)
    assert len({*seeds(4, 0).values(), *seeds(4, 1).values(), *seeds(5, 0).values()}) == 4 + 4 + 5


def test_statistics_add_up():
    result, session = search(23, steps=40)
    assert sum(statistics.tried for statistics in result.templates.values()) == result.steps + 1 == len(session.log)
    assert result.templates["sub"].advanced > 0
    assert result.nodes == result.graph.states
    assert result.times.wall >= result.times.lean > 0
    assert replace(result.times, cpu=0) + result.times == replace(
        result.times, lean=2 * result.times.lean, model=2 * result.times.model, other=2 * result.times.other
    )


def test_a_tactic_that_is_run_twice_on_a_state_is_two_steps_of_its_tree():
    """`intros` is tried for free first, and then again for the policy's sake: it changes nothing both times."""
    result, session = search(1, FixedPolicy(("intros", -0.1), ("sub 1", -1.0)))
    tree = tree_of(result, "policy")
    assert [step.tactic for step in tree.steps] == session.log == ["intros", "intros", "sub 1"]
    assert unpack(pack([tree]).data) == (tree,) and tree.solved == (2,)


class Knowing(FixedPolicy):
    """It also knows how far a number is from zero, in steps of three."""

    def steps_left(self, query):
        return math.ceil(int(query.state.split()[1]) / 3)


@pytest.mark.parametrize("kind", [BestFirst, AndOr])
def test_a_value_leads_to_what_is_nearer_to_its_end(kind):
    tactics = (("sub 1", -1.0), ("sub 3", -1.1))
    blind, _ = search(12, FixedPolicy(*tactics), config=kind(max_depth=20))
    knowing, _ = search(12, Knowing(*tactics), config=kind(max_depth=20, value=1.0))
    assert knowing.ended is blind.ended is Ended.PROVED
    assert knowing.steps < blind.steps * 0.7
    # Not asked, and one that cannot say.
    assert (
        search(12, Knowing(*tactics), config=kind(max_depth=20))[1].log
        == search(12, FixedPolicy(*tactics), config=kind(max_depth=20, value=1.0))[1].log
    )


def test_all_goals_of_a_state_count():
    policy = Knowing(("sub 1", -1.0))
    goal = theorem(6)
    running = Running(CountdownSession(goal), goal, policy, BestFirst(value=0.5), 0, Spending(Budget(1), never))
    assert running.rest("⊢ 6 ↓\n\n⊢ 1 ↓") == 0.5 * (2 + 1)


@pytest.mark.parametrize("portable", [True, False])
def test_a_model_in_this_thread_costs_its_processor_time_and_another_one_its_clock(portable):
    class Slow(FixedPolicy):
        def propose(self, queries):
            time.sleep(0.05)
            return super().propose(queries)

    policy = Slow(("sub 1", -1.0))
    policy.portable = portable
    result, _ = search(4, policy)
    slept = 0.05 * len(policy.queries)
    assert policy.queries and result.times.model >= slept
    assert (result.times.cpu < slept) == portable
