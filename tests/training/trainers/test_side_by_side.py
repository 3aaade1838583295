"""Training over two processes: the same bytes every time, the same gradients as one, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from test_ranker_trainer import CONFIG, SPACE, digest, proofs, run

from prover.policies.ranker.network import ActionRanker
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from training.data.dataset import DatasetConfig, build_dataset
from training.trainers.device import NoDevice
from training.trainers.halfway import Halfway
from training.trainers.isolation import isolated
from training.trainers.lesson import Lesson
from training.trainers.ranker_loss import RankerLoss
from training.trainers.side_by_side import HelperDied, Helpers

TWO = CONFIG.model_copy(update={"processes": 2})
BATCH = [3, 1, 4, 15, 9, 2, 6, 5]


class Stop(Exception):
    pass


def stopping_after(epochs):
    def report(progress):
        if progress.epoch == epochs:
            raise Stop

    return report


def helper_pids() -> set[int]:
    return {
        child.pid
        for child in psutil.Process().children()
        if "side_by_side" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE
    }


def loss_and_lessons(token_dropout=0.0, dropout=0.0):
    states, _ = build_dataset(proofs(), SPACE, DatasetConfig(valid_share=0.0))
    encoder = PromptEncoder(train_tokenizer([readable(state.situation) for state in states], 400))
    model = ActionRanker(CONFIG.model.model_copy(update={"dropout": dropout}), encoder.vocabulary, SPACE.repertoire)
    model.initialise(torch.Generator().manual_seed(3))
    loss = RankerLoss(model, encoder.padding, encoder.unknown, token_dropout, 0.0, 0.1)
    return loss, [Lesson.of(state, encoder) for state in states]


def test_two_processes_learn_and_give_the_same_bytes_even_after_a_stop(tmp_path):
    first = run(tmp_path / "first", config=TWO)
    assert first.valid.top_1 > 0.7 and first.train.top_8 == 1.0
    halfway = Halfway(tmp_path / "halfway", seconds=0.0)
    with pytest.raises(Stop):
        run(tmp_path / "second", config=TWO, halfway=halfway, report=stopping_after(5))
    assert not helper_pids() and not (tmp_path / "second").exists()
    seen = []
    second = run(tmp_path / "second", config=TWO, halfway=halfway, report=lambda progress: seen.append(progress.epoch))
    assert seen[0] > 5, "the epochs before the stop are not trained again"
    assert digest(tmp_path / "first") == digest(tmp_path / "second")
    assert first.steps == second.steps
    assert not helper_pids()


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.long)])
def test_gradients_of_shares_add_up_to_those_of_the_batch(count):
    """Without dropout, up to rounding. The shares are weighted as their states are."""
    loss, lessons = loss_and_lessons()
    whole = sum(lessons[index].weight for index in BATCH)
    with isolated(1, "cpu"):
        loss.model.train()
        alone = loss([lessons[index] for index in BATCH], whole)
        alone.backward()
        expected = {name: p.grad.clone() for name, p in loss.model.named_parameters() if p.grad is not None}
        tokens, loss.tokens = loss.tokens, 0
        with Helpers(count) as helpers:
            helpers.share(loss, lessons, seed=1)
            nats = helpers.gradients(BATCH, step=0)
            assert nats == pytest.approx(float(alone.detach()), rel=1e-5)
            for name, parameter in loss.model.named_parameters():
                if name in expected:
                    torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-6)
            # Fewer states than processes: who has none adds nothing.
            few = helpers.gradients(BATCH[:1], step=1)
            assert few == pytest.approx(float(loss([lessons[BATCH[0]]], lessons[BATCH[0]].weight).detach()), rel=1e-5)
            helpers.part()
    assert loss.tokens <= 2 * tokens
    assert all(torch.isfinite(parameter).all() for parameter in loss.model.parameters()), "they outlive the memory"


@pytest.mark.long
def test_what_a_step_forgets_depends_on_seed_step_and_process_alone():
    loss, lessons = loss_and_lessons(token_dropout=0.3, dropout=0.2)
    found = []
    with isolated(1, "cpu"):
        loss.model.train()
        for draws in (0, 5):
            torch.manual_seed(draws)
            with Helpers(1) as helpers:
                helpers.share(loss, lessons, seed=1)
                found.append([helpers.gradients(BATCH, step) for step in (0, 1, 0)])
                helpers.part()
    assert found[0] == found[1] and found[0][0] == found[0][2] != found[0][1]


def test_a_helper_that_dies_is_said_in_one_line_and_training_goes_on_with_resume(tmp_path):
    halfway = Halfway(tmp_path / "halfway", seconds=0.0)

    def kill(progress):
        if progress.epoch == 3:
            for pid in helper_pids():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(HelperDied, match="killed by SIGKILL") as died:
        run(tmp_path / "out", config=TWO, halfway=halfway, report=kill)
    assert len(str(died.value).splitlines()) == 1 and "--resume" in str(died.value)
    assert not helper_pids() and not (tmp_path / "out").exists() and halfway.file.exists()


def test_a_helper_ends_with_the_process_that_trains():
    code = (
        "import sys, time; from training.trainers.side_by_side import Helpers\n"
        "with Helpers(1) as helpers: print(helpers.pids[0], flush=True); time.sleep(100)"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root, text=True) as process:
        helper = psutil.Process(int(process.stdout.readline()))
        process.kill()
    deadline = time.monotonic() + 60
    while helper.is_running() and helper.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not helper.is_running() or helper.status() == psutil.STATUS_ZOMBIE


def test_processes_are_for_the_processor(tmp_path):
    with pytest.raises(NoDevice, match="processes = 2"):
        run(tmp_path / "out", config=TWO, device="cuda")
    assert not (tmp_path / "out").exists()
