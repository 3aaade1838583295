"""Decoding that a state's candidates constrain, over a random byte-level model in both engines: nothing else is ever
written, and the distribution is the model's own, renormalised token by token."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
import torch
from small_library import action_space
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM

from lean_env.theorem import Environment, Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.magma import MAGMA
from prover.actions.repertoire import LIBRARY
from prover.actions.space import ActionSpace
from prover.policies.text.checkpoint import decoder_of, load_text, pieces_of, save_text
from prover.policies.text.constraint import CannotConstrain, guide_of
from prover.policies.text.policy import Pieces, TextOptions, TextPolicy
from prover.policies.text.sampling import Sampler, SamplingOptions
from prover.policies.text.torch_decoder import TorchDecoder
from prover.policy import PolicyQuery
from prover.rounds.messages import pack_policy, unpack_policy
from training.trainers.choice import require_trainable
from training.trainers.text import train_tokenizer
from training.trainers.text_config import TextConfig

pytestmark = pytest.mark.usefixtures("one_thread")
#: `make gpu-check` says cuda.
DEVICE = os.environ.get("FLYWHEEL_TEST_DEVICE", "cpu")
THEOREM = Theorem("t", "∀ (p q : Prop), p ∧ q → q ∧ p", Environment(("Init",)))
LOGIC = "p q : Prop\nh : p ∧ q\nh1 : p → q\n⊢ q ∨ p"
GROUP = "G : Type\nop : G → G → G\nh : ∀ (x y : G), op x y = op y x\na b : G\n⊢ op a b = op b a"
STATES = (LOGIC, "n k : Nat\na : n = k\n⊢ k = n", "p q r : Prop\nh : (p → q) ∧ r\nh1 : p ↔ q\n⊢ r ∧ p", GROUP)
SPACE = ActionSpace(None, ELEMENTARY)


@pytest.fixture(scope="module")
def tokenizer():
    """With merges that cross the words of a tactic as often as not, and of `∧` half a letter."""
    return train_tokenizer([*STATES, "cases h", "exact h1", "exact h", "apply h1", "intro", "∧∨⟨⟩" * 3], 340)


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.2,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def pieces(tokenizer) -> Pieces:
    return pieces_of(tokenizer)


@pytest.fixture(scope="module", params=["numpy", "torch"])
def decoder(request, model):
    return decoder_of(model) if request.param == "numpy" else TorchDecoder(model.to(DEVICE))


def policy_of(decoder, pieces, space=SPACE, **options) -> TextPolicy:
    return TextPolicy(decoder, pieces, TextOptions(max_tokens=60, **options), space=space)


def texts(state: str, space=SPACE) -> set[str]:
    situation = space.look(THEOREM.environment, state)
    return {situation.text(action) for action in range(len(situation.candidates))}


@pytest.mark.parametrize("space", [SPACE, ActionSpace(None, MAGMA)], ids=["elementary", "magma"])
def test_nothing_but_the_candidates_is_ever_written(decoder, pieces, space):
    states = [state for state in STATES if len(texts(state, space)) > 1]
    assert states
    policy = policy_of(decoder, pieces, space, samples=24, constrained=True)
    queries = [PolicyQuery(THEOREM, state, seed) for state in states for seed in (1, 2)]
    for query, found in zip(queries, policy.propose(queries), strict=True):
        assert {one.tactic for one in found} <= texts(query.state, space) and len(found) > 1
        assert sum(one.count for one in found) == 24, "no sample is lost"
    (free,) = policy_of(decoder, pieces, space, samples=4).propose([PolicyQuery(THEOREM, states[0], 0)])
    assert not {one.tactic for one in free} & texts(states[0], space), "a random model by itself writes none of them"


def test_every_tokenization_of_a_candidate_passes_and_only_its_end_ends_it(pieces):
    vocabulary = pieces.vocabulary()
    for state in STATES[:3]:
        for text in texts(state):
            bytewise = [vocabulary.tokens[bytes((byte,))] for byte in text.encode()]
            for spelled in (pieces.tokens(text), bytewise):
                assert pieces.decode(spelled) == text
                guide = guide_of(vocabulary, texts(state))
                for token in spelled:
                    assert token in guide.tokens()
                    guide = guide.after(token)
                assert pieces.end in guide.tokens()
    assert guide_of(vocabulary, ["a", "ab"]).after(vocabulary.tokens[b"a"]).tokens().tolist() == sorted(
        [pieces.end, vocabulary.tokens[b"b"]]
    )


def test_the_bytes_of_a_token_are_what_it_is_decoded_to(pieces, tokenizer):
    vocabulary = pieces.vocabulary()
    assert len(vocabulary.tokens) == len(tokenizer) - 2, "all but the special ones"
    for text, token in vocabulary.tokens.items():
        assert pieces.decode([token]) == text.decode(errors="replace")


def spellings(model, pieces: Pieces, prompt: list[int], allowed: list[str]) -> dict[str, list[float]]:
    """By text the log-probability of each of its tokenizations: the model's next token given each beginning, by
    transformers without a cache, renormalised over what continues one of the texts."""
    vocabulary = pieces.vocabulary()
    found: dict[str, list[float]] = {text: [] for text in allowed}

    def go(written: bytes, tokens: list[int], log_prob: float) -> None:
        following = {
            token: written + piece
            for piece, token in vocabulary.tokens.items()
            if any(text.encode().startswith(written + piece) for text in allowed)
        }
        ends = written.decode(errors="replace") in allowed
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + tokens], device=model.device)).logits[0, -1].float().cpu()
        may = [*following, *([vocabulary.end] if ends else [])]
        table = dict(zip(may, torch.log_softmax(logits[may], 0).tolist(), strict=True))
        if ends:
            found[written.decode()].append(log_prob + table[vocabulary.end])
        for token, text in following.items():
            go(text, [*tokens, token], log_prob + table[token])

    go(b"", [], 0.0)
    return found


def test_the_distribution_is_the_models_own_renormalised_token_by_token(decoder, model, pieces):
    allowed = ["exact h", "exact h1", "cases h", "left"]
    prompt = pieces.prompt(TextOptions(), THEOREM.environment, "t", LOGIC)
    expected = spellings(model, pieces, prompt, allowed)
    assert sum(np.exp(one) for spelled in expected.values() for one in spelled) == pytest.approx(1, abs=1e-3)
    assert max(map(len, expected.values())) > 2, "several tokenizations of one text"
    sampler = Sampler(decoder, SamplingOptions(samples=4000, max_tokens=20), pieces.endings())
    counts: Counter[str] = Counter()
    for sample in sampler.sample([prompt], [3], [guide_of(pieces.vocabulary(), allowed)])[0]:
        counts[sample.text] += sample.count
        assert any(abs(sample.log_prob - one) < 1e-3 for one in expected[sample.text])
    assert sum(counts.values()) == 4000
    for text, spelled in expected.items():
        share = sum(map(np.exp, spelled))
        assert abs(counts[text] / 4000 - share) < 4 * np.sqrt(share * (1 - share) / 4000) + 1e-3


def test_temperature_and_top_p_choose_among_what_is_allowed(decoder, pieces):
    likeliest = policy_of(decoder, pieces, samples=32, constrained=True, top_p=1e-6).propose(
        [PolicyQuery(THEOREM, LOGIC, 1)]
    )[0]
    assert len(likeliest) == 1 and likeliest[0].tactic in texts(LOGIC) and likeliest[0].count == 32
    cold, warm = (
        policy_of(decoder, pieces, samples=64, constrained=True, temperature=t).propose(
            [PolicyQuery(THEOREM, LOGIC, 1)]
        )[0]
        for t in (0.3, 3.0)
    )
    assert len(cold) < len(warm)


def test_a_state_has_the_same_samples_alone_and_in_a_batch(decoder, pieces):
    policy = policy_of(decoder, pieces, samples=16, constrained=True)
    queries = [PolicyQuery(THEOREM, state, seed) for seed, state in enumerate(STATES[:3])]
    together = policy.propose(queries)
    for query, within in zip(queries, together, strict=True):
        (alone,) = policy.propose([query])
        assert [(one.tactic, one.count) for one in alone] == [(one.tactic, one.count) for one in within]
        assert [one.log_prob for one in alone] == pytest.approx([one.log_prob for one in within], abs=1e-4)


def test_constrained_states_stand_beside_free_ones_in_a_batch(model, pieces):
    sampler = Sampler(TorchDecoder(model.to(DEVICE)), SamplingOptions(samples=12, max_tokens=30), pieces.endings())
    prompts = [pieces.prompt(TextOptions(), THEOREM.environment, "t", state) for state in STATES[:2]]
    guides = [None, guide_of(pieces.vocabulary(), texts(STATES[1]))]
    free, limited = sampler.sample(prompts, [1, 2], guides)
    alone = sampler.sample(prompts[:1], [1])[0]
    assert [one.text for one in free] == [one.text for one in alone]
    assert limited and {one.text for one in limited} <= texts(STATES[1])


def test_where_nothing_can_be_written_nothing_is_proposed(decoder, pieces):
    nowhere = "⊢ 7"
    assert not texts(nowhere, ActionSpace(None, MAGMA))
    policy = policy_of(decoder, pieces, ActionSpace(None, MAGMA), samples=8, constrained=True)
    assert policy.propose([PolicyQuery(THEOREM, nowhere, 1)]) == [[]]


def test_a_search_process_constrains_over_its_own_action_space(model, pieces):
    policy = policy_of(decoder_of(model), pieces, samples=8, constrained=True)
    packed = pack_policy(policy)
    assert packed is not None
    again = unpack_policy(packed, lambda repertoire: ActionSpace(None, repertoire))
    query = PolicyQuery(THEOREM, LOGIC, 5)
    assert again.propose([query]) == policy.propose([query])


def test_a_saved_model_is_constrained_where_the_benchmark_is_elementary(tmp_path, model, tokenizer):
    options = TextOptions(samples=8, constrained=True)
    assert "constrained" not in TextOptions().model_dump(), "as before there was any"
    save_text(tmp_path / "M", model.cpu(), tokenizer, options, {})
    policy = load_text(tmp_path / "M", space=SPACE)
    assert {one.tactic for one in policy.propose([PolicyQuery(THEOREM, LOGIC, 5)])[0]} <= texts(LOGIC)
    for space in (None, action_space()):
        with pytest.raises(CannotConstrain, match=r"lean-logic.*leave `constrained` out") as caught:
            load_text(tmp_path / "M", space=space)
        assert "\n" not in str(caught.value)


def test_what_cannot_be_constrained_is_one_line():
    config = TextConfig(constrained=True)
    require_trainable(config, "cpu", ELEMENTARY)
    require_trainable(config, "cpu", MAGMA)
    with pytest.raises(CannotConstrain, match="elementary"):
        require_trainable(config, "cpu", LIBRARY)
    with pytest.raises(ValueError, match="constrained decoding is for tactics"):
        TextConfig(constrained=True, writes="proof")
    letters = Tokenizer(models.BPE({"a": 0, "<end>": 1}, []))
    for tokenizer, end, reason in ((letters, 1, "not byte-level"), (letters, None, "no end-of-text token")):
        with pytest.raises(CannotConstrain, match=reason):
            Pieces(tokenizer, end).vocabulary()
