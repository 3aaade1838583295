"""Portfolio search's policy: fixed costs, cheapest first, everything that the other policies can do."""

import numpy as np
import pytest
from small_library import LISTS, MAP_APPEND, action_space, theorem

from lean_env.benchmark.lean_magma.laws import law
from lean_env.benchmark.lean_magma.statements import denial
from prover.actions.refuting import REFUTATIONS
from prover.policies.portfolio import PORTFOLIO_1, PortfolioPolicy, action_costs, prior
from prover.policy import PolicyQuery

SPACE = action_space()


def test_portfolio_1_comes_among_the_first():
    (proposals,) = PortfolioPolicy(SPACE).propose([PolicyQuery(theorem(), MAP_APPEND, 0)])
    assert set(PORTFOLIO_1) <= {proposal.tactic for proposal in proposals[:30]}


def test_a_denial_about_magmas_gets_the_tables_first():
    denied = "⊢ " + denial(law(43).equation, law(4512).equation).removeprefix(": ").replace("¬ ∀", "¬∀")
    (proposals,) = PortfolioPolicy(SPACE).propose([PolicyQuery(theorem(), denied, 0)])
    count = len(REFUTATIONS)
    assert [one.tactic for one in proposals[:count]] == list(REFUTATIONS)
    assert [p.log_prob for p in proposals] == sorted((p.log_prob for p in proposals), reverse=True)
    assert not {one.tactic for one in proposals[count:]} & set(REFUTATIONS) and len(proposals) > count


def test_cheaper_comes_first_and_the_seed_changes_nothing():
    policy = PortfolioPolicy(SPACE)
    first, second = (policy.propose([PolicyQuery(theorem(), MAP_APPEND, seed)])[0] for seed in (1, 2))
    assert first == second
    assert [p.log_prob for p in first] == sorted((p.log_prob for p in first), reverse=True)


def test_a_better_ranked_premise_is_cheaper_and_an_older_local_dearer():
    situation = SPACE.look(LISTS, MAP_APPEND)
    costs = action_costs(situation)
    best, later = (f"simp [{situation.premises[rank].name}]" for rank in (0, 2))
    assert costs[situation.find(best)] < costs[situation.find(later)]
    assert costs[situation.find("cases ys")] < costs[situation.find("cases xs")]


def test_the_prior_covers_every_action():
    situation = SPACE.look(LISTS, MAP_APPEND)
    probabilities = prior(situation)
    assert len(probabilities) == len(situation.candidates)
    assert (probabilities > 0).all()
    assert probabilities.sum() == pytest.approx(1.0)
    everything = PortfolioPolicy(SPACE, top_k=10_000).propose([PolicyQuery(theorem(), MAP_APPEND, 0)])[0]
    assert len(everything) == len({situation.text(action) for action in range(len(probabilities))})
    assert np.isfinite([p.log_prob for p in everything]).all()
