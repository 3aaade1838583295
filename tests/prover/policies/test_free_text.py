"""Free text over a tiny, randomly initialised model that the test itself writes to disk."""

import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lean_env.theorem import Environment, Header, Theorem
from prover.policies.free_text import FreeTextOptions, FreeTextPolicy, ModelUnavailable
from prover.policies.prompt import DEFAULT_PROMPT, prompt_of
from prover.policy import PolicyQuery

THEOREM = Theorem("t", "∀ (a : Nat), a = a", Environment(("Init",)))


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    # So few characters that a random model ends a line about once in forty tokens.
    characters = ["<eos>", "\n", *" abcdefghilmnoprstuxLNT0123456789=:⊢-"]
    tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(characters)}, []))
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
def policy(folder):
    return FreeTextPolicy.load(str(folder), FreeTextOptions(samples=16, max_tokens=40))


def query(state: str, seed: int) -> PolicyQuery:
    return PolicyQuery(THEOREM, state, seed)


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
    assert policy.propose([second]) == together[1:]
    assert policy.propose([first]) == together[:1]
    assert policy.propose([query("a : Nat\n⊢ a = a", 5)]) != together[:1]


def test_the_log_probability_is_the_models_own(policy):
    """Recomputed from the whole text without a cache: the prompt, the tactic, and the ways to end it."""
    state = "⊢ True"
    proposals = next(found for seed in range(20) if (found := policy.propose([query(state, seed)])[0]))
    prompt = policy._tokenizer(prompt_of(DEFAULT_PROMPT, state, THEOREM.name)).input_ids
    for proposal in proposals:
        written = policy._tokenizer(proposal.tactic).input_ids
        with torch.inference_mode():
            table = torch.log_softmax(policy._model(torch.tensor([prompt + written])).logits[0].float(), -1)
        spelled = sum(float(table[len(prompt) - 1 + i, token]) for i, token in enumerate(written))
        endings = table[-1, [0, 1]]
        assert any(abs(spelled + float(ending) - proposal.log_prob) < 1e-3 for ending in endings)


def test_a_long_state_keeps_its_end(folder):
    policy = FreeTextPolicy.load(str(folder), FreeTextOptions(samples=2, max_tokens=2, max_prompt_tokens=16))
    assert policy.name == f"{folder} (contaminated)"
    seen = watched(policy)
    policy.propose([query("h : False\n" * 50 + "⊢ True", 1)])
    assert seen[0].shape[1] == 16
    assert policy._tokenizer.decode(seen[0][0]).endswith("-- next tactic\n")


def test_the_model_reads_the_header_before_the_state(folder):
    policy = FreeTextPolicy.load(str(folder), FreeTextOptions(samples=2, max_tokens=2))
    seen = watched(policy)
    own = Theorem("t", "f = 7", Environment(("Init",), Header("def f : Nat := 7\n")))
    policy.propose([PolicyQuery(own, "⊢ f = 7", 1)])
    read = policy._tokenizer.decode(seen[0][0])
    assert read.startswith("def f : Nat := 7\n-- Lean") and read.endswith("⊢ f = 7\n-- next tactic\n")


def watched(policy):
    """The token ids of every call of its model."""
    seen = []
    original = policy._model.forward

    def record(ids, **kwargs):
        seen.append(ids)
        return original(ids, **kwargs)

    policy._model.forward = record
    return seen


def test_a_missing_model_is_one_clear_error(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        FreeTextPolicy.load(str(tmp_path / "nowhere"))
