"""The ranker: an exact distribution over the candidates, the same bits in any company."""

import numpy as np
import pytest
import torch
from small_library import DISJUNCTION, LESS, LISTS, MAP_APPEND, action_space, theorem

from prover.actions.repertoire import LIBRARY
from prover.policies.portfolio import prior
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.inference import frequencies
from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from prover.policies.ranker.policy import RankerOptions, RankerPolicy
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from prover.policy import PolicyQuery

SPACE = action_space()
STATES = (MAP_APPEND, LESS, DISJUNCTION)
TINY = ModelConfig(hidden=32, layers=2, heads=2, feed_forward=64)


@pytest.fixture(scope="module")
def encoder():
    return PromptEncoder(train_tokenizer([readable(SPACE.look(LISTS, state)) for state in STATES], 400))


@pytest.fixture(scope="module")
def model(encoder):
    model = ActionRanker(TINY, encoder.vocabulary, LIBRARY)
    model.initialise(torch.Generator().manual_seed(0))
    # Larger weights than at birth, so that probabilities differ enough for wrong ones to show.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(6)
    return model.eval()


@pytest.mark.parametrize("head", [16, 32, 64])
def test_positions_turn_as_in_training(head):
    network = ActionRanker(ModelConfig(hidden=2 * head, heads=2, layers=1, feed_forward=8), 50, LIBRARY)
    assert (frequencies(head) == network.decoder.rotary_emb.inv_freq.numpy()).all()


def policy(model, encoder, **options):
    return RankerPolicy(model.inference, encoder, SPACE, RankerOptions(**options))


def query(state):
    return PolicyQuery(theorem(), state, seed=1)


def test_probabilities_of_all_candidates_sum_to_one(model, encoder):
    for state in STATES:
        log_probs = policy(model, encoder).log_probs(SPACE.look(LISTS, state))
        assert np.exp(log_probs).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_batch_of_padded_prompts_gives_the_same_probabilities(model, encoder):
    """Padding must not leak: one state a forward and all in one agree."""
    situations = [SPACE.look(LISTS, state) for state in STATES]
    prompts = PromptBatch.of([encoder.encode(situation) for situation in situations], encoder.padding)
    with torch.inference_mode():
        together = model(prompts, CandidateBatch.of([situation.candidates for situation in situations])).numpy()
    alone = np.concatenate([policy(model, encoder).log_probs(situation) for situation in situations])
    assert np.allclose(together, alone, atol=1e-4)


def test_proposals_are_the_same_bits_in_any_company(model, encoder):
    ranker = policy(model, encoder)
    together = ranker.propose([query(state) for state in STATES])
    alone = [ranker.propose([query(state)])[0] for state in reversed(STATES)]
    assert together == alone[::-1]


def test_tokens_see_each_other_both_ways(model, encoder):
    """The goal stands before the premises: its template must still depend on what comes after it."""
    full = SPACE.look(LISTS, LESS)
    prompt = encoder.encode(full)
    changed = list(prompt.tokens)
    changed[-1] = encoder.unknown
    other = type(prompt)(tuple(changed), prompt.marks, prompt.pointers)
    with torch.inference_mode():
        first, second = (
            model(PromptBatch.of([each], encoder.padding), CandidateBatch.of([full.candidates]))
            for each in (prompt, other)
        )
    assert not torch.equal(first[:5], second[:5])


def test_proposals_are_distinct_best_first_and_at_most_k(model, encoder):
    (proposals,) = policy(model, encoder, top_k=10).propose([query(MAP_APPEND)])
    assert len(proposals) == len({proposal.tactic for proposal in proposals}) == 10
    assert [p.log_prob for p in proposals] == sorted((p.log_prob for p in proposals), reverse=True)


def test_temperature_keeps_the_order_and_flattens(model, encoder):
    (sharp,) = policy(model, encoder).propose([query(LESS)])
    (flat,) = policy(model, encoder, temperature=4.0).propose([query(LESS)])
    assert [p.tactic for p in sharp[:5]] == [p.tactic for p in flat[:5]]
    assert flat[0].log_prob < sharp[0].log_prob


def test_the_prior_is_mixed_as_probabilities(model, encoder):
    situation = SPACE.look(LISTS, LESS)
    own = np.exp(policy(model, encoder).log_probs(situation))
    (proposals,) = policy(model, encoder, prior_weight=0.3, top_k=500).propose([query(LESS)])
    mixed = 0.7 * own + 0.3 * prior(situation)
    for proposal in proposals:
        assert np.exp(proposal.log_prob) == pytest.approx(mixed[situation.find(proposal.tactic)], rel=1e-6)


def test_slow_templates_cost_more(model, encoder):
    plain = {p.tactic: p.log_prob for p in policy(model, encoder, top_k=500).propose([query(MAP_APPEND)])[0]}
    timed = {
        p.tactic: p.log_prob
        for p in policy(model, encoder, top_k=500, time_discount=0.5).propose([query(MAP_APPEND)])[0]
    }
    slow = "induction xs <;> simp_all [" + ", ".join(p.name for p in SPACE.look(LISTS, MAP_APPEND).premises[:6]) + "]"
    assert plain["decide"] - timed["decide"] < 0 < plain[slow] - timed[slow]


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="top_p"):
        RankerOptions(top_p=0.5)
