"""The grammar: draws from the query's seed only, without replacement, with its own log-probabilities."""

from collections import Counter

import numpy as np
import pytest
from small_library import LESS, LISTS, MAP_APPEND, action_space, theorem

from prover.policies.grammar import GrammarPolicy, grammar_log_probs
from prover.policy import PolicyQuery

SPACE = action_space()


def draw(policy, state, seed):
    return policy.propose([PolicyQuery(theorem(), state, seed)])[0]


def test_the_same_seed_draws_the_same_whatever_else_is_asked():
    policy = GrammarPolicy(SPACE)
    np.random.seed(1)
    alone = draw(policy, LESS, 5)
    np.random.seed(2)
    batch = policy.propose([PolicyQuery(theorem(), MAP_APPEND, 5), PolicyQuery(theorem(), LESS, 5)])
    assert batch[1] == alone
    assert draw(policy, LESS, 6) != alone


def test_draws_are_distinct_and_carry_their_log_probability():
    situation = SPACE.look(LISTS, MAP_APPEND)
    log_probs = grammar_log_probs(situation.candidates)
    assert np.exp(log_probs).sum() == pytest.approx(1.0)
    proposals = draw(GrammarPolicy(SPACE, draws=24), MAP_APPEND, 1)
    assert len(proposals) == len({p.tactic for p in proposals}) == 24
    assert all(p.log_prob == pytest.approx(log_probs[situation.find(p.tactic)]) for p in proposals)


def test_templates_are_drawn_evenly_however_many_actions_they_have():
    counts = Counter(draw(GrammarPolicy(SPACE, draws=1), MAP_APPEND, seed)[0].template for seed in range(3000))
    templates = len(np.unique(SPACE.look(LISTS, MAP_APPEND).candidates.template))
    expected = 3000 / templates
    assert len(counts) > 0.95 * templates
    assert max(counts.values()) < expected + 6 * expected**0.5
