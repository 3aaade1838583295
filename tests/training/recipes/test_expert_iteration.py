"""What expert iteration's update does to a policy that can be written down: nine lines to write, one token each.

The policies are trained by the product's own `fit`, on the rows that its own `examples` make; their distributions are
read off and compared with the closed form.
"""

import numpy as np
import pytest
import torch
from small_library import NAT, theorem

from corpus.records import StepRecord
from training.data.dataset import TrainingProof
from training.trainers.isolation import isolated
from training.trainers.sft import fit
from training.trainers.text import from_scratch
from training.trainers.text_config import DecoderSizes, TextConfig, TextData
from training.trainers.text_data import Row, examples

pytestmark = pytest.mark.timeout(600)

LINES = "abcdefghi"
#: M_n, and which lines the kernel accepts.
POLICY = np.array([0.30, 0.20, 0.05, 0.15, 0.10, 0.05, 0.05, 0.05, 0.05])
ACCEPTED = np.array([1, 0, 1, 0, 1, 0, 0, 1, 0])


def config(proofs_per_theorem: int = 4) -> TextConfig:
    return TextConfig(
        model=DecoderSizes(hidden=32, layers=1, heads=2, feed_forward=64, vocabulary=300),
        data=TextData(valid_share=0, proofs_per_theorem=proofs_per_theorem),
        epochs=150,
        batch_size=20,
        learning_rate=1e-2,
        weight_decay=0.0,
        warmup_steps=5,
    )


def learned(written: list[str], tmp_path, settings: TextConfig | None = None) -> np.ndarray:
    """pi(line) of a model that was fitted to these lines, all of them behind one prompt."""
    settings = settings or config()
    with isolated(1, "cpu"):
        torch.manual_seed(0)
        model, tokenizer = from_scratch(settings, ["prompt"], [])
        prompt = tuple(tokenizer.encode("prompt"))
        ids = {line: tokenizer.encode(line)[0] for line in LINES}
        rows = [Row((*prompt, ids[line]), len(prompt)) for line in written]
        fitted = fit(model, tokenizer, rows, settings, seed=1, device="cpu", work=tmp_path / "work")
        with torch.inference_mode():
            logits = fitted.model(torch.tensor([prompt])).logits[0, -1]
    return logits.softmax(0)[[ids[line] for line in LINES]].numpy()


def steps_of(line: str) -> tuple[StepRecord, ...]:
    return (StepRecord("⊢ prompt", line, "no goals"),)


def test_the_minimiser_is_the_policy_conditioned_on_what_is_accepted(tmp_path):
    conditioned = POLICY * ACCEPTED / (POLICY @ ACCEPTED)
    counts = np.rint(conditioned * 20).astype(int)  # 0.6, 0.1, 0.2, 0.1: twenty accepted samples, as they are expected
    assert np.allclose(counts / 20, conditioned)
    found = learned([line for line, count in zip(LINES, counts, strict=True) for _ in range(count)], tmp_path)
    assert np.abs(found - conditioned).max() < 0.02
    reward, before = found @ ACCEPTED, POLICY @ ACCEPTED
    assert before == pytest.approx(0.5) and reward > 0.98, "a step of policy improvement under the reward f"


def test_a_theorem_that_is_solved_often_counts_more_unless_each_counts_as_one(tmp_path):
    """Two theorems that the policy cannot tell apart. Of 20 samples of each, 16 of the first are accepted (two distinct
    proofs, a and c) and 2 of the second (one proof, h)."""
    often = [TrainingProof(theorem("often", NAT), steps_of(line), "policy") for line in "a" * 12 + "c" * 4]
    seldom = [TrainingProof(theorem("seldom", NAT), steps_of("h"), "policy")] * 2
    raw = learned([proof.steps[0].tactic for proof in [*often, *seldom]], tmp_path)
    assert raw[LINES.index("h")] == pytest.approx(2 / 18, abs=0.02), "weighed by how often a theorem is solved"

    def shares(cap: int) -> np.ndarray:
        settings = config(cap)
        found, _ = examples([*often, *seldom], settings.data)
        return learned([one.tactic for one in found] * 10, tmp_path, settings)

    deduplicated, one_each = shares(4), shares(1)
    assert deduplicated[LINES.index("a")] == pytest.approx(1 / 3, abs=0.02), "a counts like c: frequencies are gone"
    assert deduplicated[LINES.index("h")] == pytest.approx(1 / 3, abs=0.02)
    assert one_each[LINES.index("h")] == pytest.approx(1 / 2, abs=0.02), "weights 1/n a theorem: both count alike"
    assert one_each[LINES.index("c")] < 0.02, "at the price of the second proof"


def diversity(policy: np.ndarray) -> float:
    """The chance that two samples differ (Gini-Simpson)."""
    return 1 - float(policy @ policy)


def test_repeated_application_is_idle_in_the_limit_and_collapses_with_finitely_many_samples():
    """With the closed form of the minimiser (first test) in place of the training."""
    conditioned = POLICY * ACCEPTED / (POLICY @ ACCEPTED)
    again = conditioned * ACCEPTED / (conditioned @ ACCEPTED)
    assert np.allclose(again, conditioned), "a second round of infinitely many samples changes nothing"
    generator, samples, rounds, runs = np.random.default_rng(0), 20, 30, 4000
    policies = np.tile(conditioned, (runs, 1))
    expected = diversity(conditioned)
    for _ in range(rounds):  # sample, keep what passes (all of it by now), fit: a resampling without memory
        policies = generator.multinomial(samples, policies) / samples
        expected *= 1 - 1 / samples
    measured = np.array([diversity(policy) for policy in policies])
    assert measured.mean() == pytest.approx(expected, rel=0.05), "a factor 1 - 1/N is lost in every round"
    for _ in range(400):
        policies = generator.multinomial(samples, policies) / samples
    assert (policies.max(axis=1) == 1).all(), "in the end each run writes one proof"
    ended = np.bincount(policies.argmax(axis=1), minlength=9) / runs
    assert np.abs(ended - conditioned).max() < 0.03, "which one is chance: as likely as it was at first"


def test_a_corpus_that_keeps_everything_once_loses_nothing_and_finds_nothing_that_the_first_round_missed():
    """What this system does: all rounds' distinct proofs, each once. The rest is left to noise, prior and seeds."""
    conditioned, ended = POLICY * ACCEPTED / (POLICY @ ACCEPTED), []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        policy, corpus, seen = conditioned, np.zeros(9, dtype=bool), []
        for _ in range(30):
            corpus |= generator.multinomial(20, policy) > 0
            policy = corpus / corpus.sum()
            seen.append(diversity(policy))
        assert seen == [pytest.approx(1 - 1 / corpus.sum())] * 30, "flat at once, and as it is for ever"
        ended.append(corpus.sum())
    missed = ((1 - conditioned[ACCEPTED == 1]) ** 20).sum()
    assert 4 - np.mean(ended) == pytest.approx(missed, abs=0.1), "a line is lost where 20 samples lack it: (1 - p)^20"
