"""DPO between candidates, on a state with six of them: the loss in figures, its minimiser, and the same bytes again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from small_library import DISJUNCTION, NAT, theorem

from corpus.records import StepRecord
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace, Situation
from prover.policies.ranker.checkpoint import load_checkpoint
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from prover.policies.ranker.prompt import PromptEncoder
from training.data.dataset import DatasetConfig, TrainingProof
from training.data.preferences import Preference
from training.trainers.candidate_preferences import Preferred, prefer_candidates, preference_loss
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_training import train

SPACE = ActionSpace(None, ELEMENTARY)
CONFIG = TrainConfig(
    model=ModelConfig(hidden=32, layers=1, heads=2, feed_forward=64, dropout=0.1),
    data=DatasetConfig(valid_share=0),
    vocabulary=300,
    epochs=4,
    batch_size=8,
    learning_rate=2e-2,
    warmup_steps=2,
)


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dpo") / "M"
    steps = [(StepRecord(DISJUNCTION, tactic, "no goals"),) for tactic in ("left", "right", "exfalso")]
    train([TrainingProof(theorem("t", NAT), step, "policy") for step in steps], SPACE, CONFIG, out, seed=1)
    return out


@pytest.fixture(scope="module")
def state() -> Situation:
    return SPACE.look(NAT, DISJUNCTION)


def log_probs(folder: Path, state: Situation) -> np.ndarray:
    """Of each candidate of the state."""
    checkpoint = load_checkpoint(folder, ELEMENTARY)
    encoder = PromptEncoder(checkpoint.tokenizer)
    prompt = PromptBatch.of([encoder.encode(state)], encoder.padding)
    with torch.inference_mode():
        return ActionRanker.of(checkpoint)(prompt, CandidateBatch.of([state.candidates])).numpy()


def preferred(supervised: Path, out: Path, pairs: list[Preference], **how: float) -> Preferred:
    return prefer_candidates(supervised, pairs, SPACE, CONFIG, out, seed=3, **how)


def test_the_loss_of_one_pair_worked_out_by_hand() -> None:
    before = torch.tensor([[math.log(0.4), math.log(0.4)]])
    now = torch.tensor([[math.log(0.5), math.log(0.25)]])
    # The chosen one gained a factor 1.25, the other 0.625: sigmoid(log 2) = 2/3.
    assert float(preference_loss(now, before, 1.0, 0.0)) == pytest.approx(-math.log(2 / 3))
    assert float(preference_loss(now, before, 1.0, 0.2)) == pytest.approx(-math.log(2 / 3) - 0.2 * math.log(0.5))
    assert float(preference_loss(before, before, 0.1, 0.0)) == pytest.approx(math.log(2)), "where it begins"


def test_the_minimiser_is_where_the_ratios_say_how_often_each_is_preferred(
    supervised: Path, state: Situation, tmp_path: Path
) -> None:
    """Three of four preferences are for `left` over `exfalso`. L is least where sigmoid(beta (r+ - r-)) = 3/4, so where
    the two ratios to the reference are log(3) / beta apart, whatever the reference says."""
    left, exfalso = state.find("left"), state.find("exfalso")
    assert left is not None and exfalso is not None and len(state.candidates) == 6
    pairs = [Preference(state, left, exfalso)] * 6 + [Preference(state, exfalso, left)] * 2
    before = log_probs(supervised, state)
    for beta in (1.0, 0.5):
        preferred(supervised, tmp_path / f"{beta}", pairs, beta=beta, nll=0.0, epochs=150)
        after = log_probs(tmp_path / f"{beta}", state)
        assert np.exp(after).sum() == pytest.approx(1)
        ratios = after - before
        assert ratios[left] - ratios[exfalso] == pytest.approx(math.log(3) / beta, abs=0.03)


def test_a_few_passes_prefer_what_it_was_told_and_is_the_same_bytes_again(
    supervised: Path, state: Situation, tmp_path: Path
) -> None:
    right, worse = state.find("right"), [state.find(one) for one in ("left", "exfalso", "by_cases h1 : q")]
    pairs = [Preference(state, right, one) for one in worse for _ in range(4)]
    assert right is not None and None not in worse
    first, again = (preferred(supervised, tmp_path / name, pairs) for name in ("a", "b"))
    assert first == again and first.weights_sha256 != load_checkpoint(supervised, ELEMENTARY).sha256
    assert (first.pairs, first.steps, first.accuracy) == (12, 6, 1.0) and first.tokens > 0
    before, after = log_probs(supervised, state), log_probs(tmp_path / "a", state)
    assert all(after[right] - before[right] > after[one] - before[one] for one in worse)
    record = load_checkpoint(tmp_path / "a", ELEMENTARY).meta["training"]["dpo"]
    assert record["reference"] == load_checkpoint(supervised, ELEMENTARY).sha256 and record["nll"] == 0.2


def test_the_likelihood_term_holds_up_what_is_chosen(supervised: Path, state: Situation, tmp_path: Path) -> None:
    left, right = state.find("left"), state.find("right")
    assert left is not None and right is not None
    pairs = [Preference(state, left, right)] * 8
    found = {nll: preferred(supervised, tmp_path / f"{nll}", pairs, nll=nll, epochs=20) for nll in (0.0, 1.0)}
    assert all(one.likelier == 1 for one in found.values())
    without, with_it = (log_probs(tmp_path / f"{nll}", state)[left] for nll in (0.0, 1.0))
    assert with_it > without + 0.05
