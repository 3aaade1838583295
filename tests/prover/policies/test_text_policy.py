"""A language model as a policy, over a tiny, randomly initialised model that the test itself writes to disk, in both of
its engines."""

import os
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lean_env.theorem import Environment, Header, Theorem
from prover.actions.elementary import is_elementary
from prover.policies.prompt import DEFAULT_PROMPT, prompt_of
from prover.policies.text.checkpoint import ModelUnavailable, load_foreign, pieces_of
from prover.policies.text.llama import LlamaDecoder
from prover.policies.text.policy import TextOptions, TextPolicy
from prover.policies.text.sampling import Endings, Sampler, SamplingOptions
from prover.policies.text.torch_decoder import TorchDecoder
from prover.policy import PolicyQuery
from prover.search.samples import tactics_of

pytestmark = pytest.mark.usefixtures("one_thread")
#: `make gpu-check` says cuda.
DEVICE = os.environ.get("FLYWHEEL_TEST_DEVICE", "cpu")
THEOREM = Theorem("t", "∀ (a : Nat), a = a", Environment(("Init",)))
CHARACTERS = ["<eos>", "\n", *" abcdefghilmnoprstuxLNT0123456789=:⊢-"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    # So few characters that a random model ends a line about once in forty tokens.
    tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(CHARACTERS)}, []))
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    fast.save_pretrained(path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        eos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def torch_model(folder):
    return AutoModelForCausalLM.from_pretrained(folder).eval().to(DEVICE)


@pytest.fixture(scope="module")
def pieces(folder):
    return pieces_of(AutoTokenizer.from_pretrained(folder))


@pytest.fixture(scope="module", params=["numpy", "torch"])
def decoder(request, folder, torch_model):
    if request.param == "torch":
        return TorchDecoder(torch_model)
    policy = load_foreign(str(folder))
    assert policy.portable and policy.name == f"{folder} (contaminated)"
    return policy.sampler.decoder


def policy_over(decoder, pieces, allows=None, **options) -> TextPolicy:
    return TextPolicy(decoder, pieces, TextOptions(**options), allows=allows)


@pytest.fixture(scope="module")
def policy(decoder, pieces):
    return policy_over(decoder, pieces, samples=16, max_tokens=40)


def query(state: str, seed: int, theorem: Theorem = THEOREM) -> PolicyQuery:
    return PolicyQuery(theorem, state, seed)


def test_samples_are_single_lines_without_duplicates_best_first(policy):
    (proposals,) = policy.propose([query("a : Nat\n⊢ a = a", 3)])
    assert proposals
    assert all(p.tactic == p.tactic.strip() != "" and "\n" not in p.tactic for p in proposals)
    assert len({p.tactic for p in proposals}) == len(proposals)
    assert [p.log_prob for p in proposals] == sorted((p.log_prob for p in proposals), reverse=True)


def test_a_state_draws_from_its_own_seed_alone(policy):
    first, second = query("a : Nat\n⊢ a = a", 3), query("⊢ True", 4)
    torch.manual_seed(1)
    together = policy.propose([first, second])
    torch.manual_seed(2)
    for alone, within in zip((first, second), together, strict=True):
        (proposals,) = policy.propose([alone])
        assert [p.tactic for p in proposals] == [p.tactic for p in within]
        assert [p.log_prob for p in proposals] == pytest.approx([p.log_prob for p in within], abs=1e-4)
        if policy.portable:
            assert proposals == within, "to the bit, whatever else is asked"
    assert policy.propose([query("a : Nat\n⊢ a = a", 5)]) != together[:1]


def test_the_log_probability_is_the_models_own(policy, pieces, torch_model):
    """Recomputed by transformers from the whole text without a cache: the prompt, the tactic, and the ways to end it.
    What is proposed has no white space round it, what was written may have."""
    state = "⊢ True"
    found = [p for seed in range(6) for p in policy.propose([query(state, seed)])[0]]
    prompt = pieces.prompt(TextOptions(), THEOREM.environment, THEOREM.name, state)
    assert pieces.decode(prompt) == prompt_of(DEFAULT_PROMPT, state, THEOREM.name)
    assert len(found) >= 5

    def log_probs(text: str) -> list[float]:
        written = pieces.tactic(text)[:-1]
        with torch.inference_mode():
            logits = torch_model(torch.tensor([prompt + written], device=DEVICE)).logits[0]
        table = torch.log_softmax(logits.float(), -1).cpu()
        spelled = sum(float(table[len(prompt) - 1 + i, token]) for i, token in enumerate(written))
        return [spelled + float(ending) for ending in table[-1, [0, 1]]]

    for proposal in found:
        spellings = (
            f"{before}{proposal.tactic}{after}" for before in ("", " ", "\n", "  ") for after in ("", " ", "  ")
        )
        assert any(abs(one - proposal.log_prob) < 1e-3 for text in spellings for one in log_probs(text))


def test_samples_that_share_their_beginning_are_drawn_as_if_alone(decoder, pieces):
    """Of 4,000 samples the first token comes as often as the model says, although one row draws for all of them."""
    counts: Counter[str] = Counter()
    endings = Endings(None, frozenset(range(len(CHARACTERS))), lambda tokens: f"t{tokens[-1]}\n")
    sampler = Sampler(decoder, SamplingOptions(samples=4000, max_tokens=1), endings)
    prompt = pieces.prompt(TextOptions(), THEOREM.environment, "t", "⊢ True")
    for sample in sampler.sample([prompt], [7])[0]:
        counts[sample.text] += sample.count
        assert abs(sample.count / 4000 - np.exp(sample.log_prob)) < 0.025
    assert sum(counts.values()) == 4000 and sampler.rows == 0, "nothing went on after one token"


def test_top_p_leaves_out_what_is_unlikely(decoder, pieces):
    endings = Endings(None, frozenset(range(len(CHARACTERS))), lambda tokens: f"t{tokens[-1]}\n")
    prompt = pieces.prompt(TextOptions(), THEOREM.environment, "t", "⊢ True")

    def drawn(top_p: float) -> dict[str, float]:
        sampler = Sampler(decoder, SamplingOptions(samples=2000, max_tokens=1, top_p=top_p), endings)
        return {sample.text: np.exp(sample.log_prob) for sample in sampler.sample([prompt], [1])[0]}

    kept = sorted(drawn(0.5).values())
    assert 0.5 <= sum(kept) < 0.5 + kept[0] + 1e-6, "the smallest set with that mass"
    assert len(drawn(1.0)) > len(kept)


def test_what_a_benchmark_does_not_allow_is_not_proposed(decoder, pieces):
    state = query("⊢ True", 1)
    every = policy_over(decoder, pieces, samples=16, max_tokens=40).propose([state])[0]
    few = policy_over(decoder, pieces, lambda tactic: "a" in tactic, samples=16, max_tokens=40).propose([state])[0]
    assert few == [one for one in every if "a" in one.tactic] and len(few) < len(every)
    assert not policy_over(decoder, pieces, is_elementary, samples=16, max_tokens=40).propose([state])[0]


def test_a_whole_proof_has_several_lines_each_of_which_must_be_allowed(decoder, pieces):
    state = query("⊢ True", 1)
    whole = policy_over(decoder, pieces, whole=True, samples=64, max_tokens=60)
    every = whole.propose([state])[0]
    assert any("\n" in one.tactic for one in every) and sum(one.count for one in every) <= 64
    few = policy_over(decoder, pieces, lambda line: "a" in line, whole=True, samples=64, max_tokens=60)
    expected = [one for one in every if all("a" in line for line in tactics_of(one.tactic))]
    assert few.propose([state])[0] == expected and len(expected) < len(every)
    options = whole.options
    assert options.model_dump()["whole"] is True and "whole" not in TextOptions().model_dump(), (
        "as before there were any"
    )


def test_a_text_may_be_begun_for_the_model(decoder, pieces):
    policy = policy_over(decoder, pieces, whole=True, samples=16, max_tokens=60)
    begun = policy.beginning_with({"other": "zz", THEOREM.name: "ab"})
    (plain,), (started,) = policy.propose([query("⊢ True", 1)]), begun.propose([query("⊢ True", 1)])
    assert started and all(one.tactic.startswith("ab") for one in started) and started != plain
    again = pickle.loads(pickle.dumps(begun)) if begun.portable else begun
    assert again.propose([query("⊢ True", 1)]) == [started]


def test_a_long_state_keeps_its_end_and_the_header_stands_first(decoder, pieces):
    options = TextOptions(max_prompt_tokens=16)
    read = pieces.prompt(options, THEOREM.environment, "t", "h : False\n" * 50 + "⊢ True")
    assert len(read) == 16 and pieces.decode(read).endswith("-- next tactic\n")
    own = Environment(("Init",), Header("def f : Nat := 7\n"))
    text = pieces.decode(pieces.prompt(TextOptions(), own, "t", "⊢ f = 7"))
    assert text.startswith("def f : Nat := 7\n-- Lean") and text.endswith("⊢ f = 7\n-- next tactic\n")


def test_prompts_of_different_lengths_are_one_padded_batch(decoder, pieces):
    if isinstance(decoder, LlamaDecoder):
        with pytest.raises(ValueError, match="too many values"):
            decoder.read([[1], [2]])
        return
    prompts = [[5, 6, 7, 8, 9, 10], [11, 12]]
    together = decoder.read(prompts)
    together.extend(np.array([1, 0, 1]), np.array([3, 4, 5]))
    together.extend(np.array([2, 1]), np.array([7, 8]))
    for row, text in enumerate(([11, 12, 5, 7], [5, 6, 7, 8, 9, 10, 4, 8])):
        assert together.logits[row] == pytest.approx(decoder.read([text]).logits[0], abs=1e-4)


def test_a_search_process_gets_its_own_without_torch(folder):
    policy = load_foreign(str(folder), TextOptions(samples=8, max_tokens=40))
    pickled = pickle.dumps(policy)
    assert b"torch" not in pickled
    assert pickle.loads(pickled).propose([query("⊢ True", 2)]) == policy.propose([query("⊢ True", 2)])


def test_a_missing_model_or_tokenizer_is_one_clear_line(tmp_path, folder):
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        load_foreign(str(tmp_path / "nowhere"))
    bare = tmp_path / "bare"
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(bare)
    with pytest.raises(ModelUnavailable, match=r"no tokenizer.*tokenizer\.json") as caught:
        load_foreign(str(bare))
    assert "\n" not in str(caught.value)
