"""Training: it learns, it is the same bytes every time, and what it writes can be read or is refused."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_library import LISTS, MAP_APPEND, NAT, action_space, theorem

from corpus.records import StepRecord
from prover.policies.folder import META, CheckpointError
from prover.policies.ranker.checkpoint import WEIGHTS, load_checkpoint, load_ranker, save_checkpoint
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from prover.policies.ranker.prompt import PromptEncoder
from prover.policy import PolicyQuery
from training.data.dataset import DatasetConfig, TrainingProof
from training.trainers.averaging import average
from training.trainers.halfway import Halfway, NotTheSame
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_training import train
from training.trainers.trainer import NothingToLearn

SPACE = action_space()
CONFIG = TrainConfig(
    model=ModelConfig(hidden=32, layers=2, heads=2, feed_forward=64, dropout=0.1),
    data=DatasetConfig(valid_share=0.2),
    vocabulary=400,
    epochs=12,
    batch_size=8,
    learning_rate=5e-3,
    warmup_steps=4,
    threads=1,
)


def proofs(count=48):
    """Sums commute by one lemma, maps over lists by induction on the list that is mapped over."""
    made = []
    for i in range(count):
        if i % 2:
            state, tactic, environment = f"a b : Nat\n⊢ a * {i} + b = b + a * {i}", "rw [Nat.add_comm]", NAT
        else:
            state = (
                f"α : Type u\nf : α → Nat\nl : List α\nn : Nat\n⊢ List.map f (l ++ []) = List.map f l ++ [] ∨ n = {i}"
            )
            tactic, environment = "induction l <;> simp_all", LISTS
        made.append(TrainingProof(theorem(f"t{i}", environment), (StepRecord(state, tactic, ""),), "policy"))
    return made


def run(out, seed=1, config=CONFIG, **kwargs):
    return train(proofs(), SPACE, config, out, seed=seed, **kwargs)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "generation"
    return out, run(out)


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_it_learns_and_carries_over_to_theorems_it_has_not_seen(trained):
    _, report = trained
    assert report.valid.states >= 4
    assert report.valid.loss < 1.5
    assert report.valid.top_1 > 0.7
    assert report.train.top_8 == 1.0


def test_the_trained_policy_proposes_what_it_learned(trained):
    out, _ = trained
    policy = load_ranker(out, SPACE)
    assert policy.name == "generation"
    (proposals,) = policy.propose([PolicyQuery(theorem(environment=NAT), "x y : Nat\n⊢ x * 7 + y = y + x * 7", 0)])
    assert "rw [Nat.add_comm]" in [proposal.tactic for proposal in proposals[:3]]


def test_the_same_proofs_config_and_seed_give_the_same_bytes(trained, tmp_path):
    out, report = trained
    torch.manual_seed(123)
    torch.rand(7)
    again = run(tmp_path / "again")
    assert again.weights_sha256 == report.weights_sha256
    assert digest(tmp_path / "again") == digest(out)
    assert run(tmp_path / "other", seed=2).weights_sha256 != report.weights_sha256


def test_another_process_gives_the_same_bytes_too(trained, tmp_path):
    """Hash randomisation, import order and the global generator of this process must not matter."""
    out, _ = trained
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "import test_ranker_trainer\n"
        "test_ranker_trainer.run(Path(sys.argv[1]))"
    )
    here = Path(__file__).parent
    tests = here.parents[1]
    command = [sys.executable, "-c", code, str(tmp_path / "there"), str(here), str(tests)]
    subprocess.run(command, check=True, timeout=240, cwd=tests.parent)
    assert digest(tmp_path / "there") == digest(out)


def test_training_leaves_the_callers_generator_and_threads_alone(tmp_path):
    threads = torch.get_num_threads()
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    run(tmp_path / "out", config=CONFIG.model_copy(update={"epochs": 1}))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_from_a_base_it_keeps_the_tokenizer_and_moves_the_weights(trained, tmp_path):
    base, report = trained
    seen = []
    later = run(tmp_path / "later", base=base, config=CONFIG.model_copy(update={"epochs": 2}), report=seen.append)
    assert [(p.epoch, p.epochs) for p in seen] == [(1, 2), (2, 2)]
    assert (tmp_path / "later" / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    meta = load_checkpoint(tmp_path / "later").meta
    assert meta["training"]["base"] == report.weights_sha256
    assert later.weights_sha256 != report.weights_sha256
    assert seen[0].loss < 2.0


def test_nothing_to_learn_is_said(tmp_path):
    step = StepRecord(MAP_APPEND, "calc _ = _ := rfl", "")
    with pytest.raises(NothingToLearn, match="none of the 1 steps"):
        train([TrainingProof(theorem(), (step,), "policy")], SPACE, CONFIG, tmp_path / "out", seed=1)
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_rebuilds_the_same_network(trained):
    out, report = trained
    checkpoint = load_checkpoint(out)
    assert checkpoint.sha256 == report.weights_sha256
    assert checkpoint.config == CONFIG.model
    assert checkpoint.meta["training"]["seed"] == 1
    assert TrainConfig.model_validate(checkpoint.meta["training"]["config"]) == CONFIG


def test_the_loop_and_a_trained_ranker_do_not_wait_for_torch(trained):
    """Torch and transformers take 300 MB and ten seconds of a laptop's processor; only training needs them."""
    code = (
        "import sys; from pathlib import Path; import training.flywheel; from small_library import action_space; "
        "from training.trainers.choice import trainer_of; from training.trainers.ranker_config import TrainConfig; "
        "trainer = trainer_of(TrainConfig(), action_space()); "
        f"loaded = trainer.load(Path({str(trained[0])!r}), 'M_0', prior=0.1, cost_discount=0.0); "
        "print(loaded.policy.name, sorted({'torch', 'transformers', 'scipy'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "M_0 []\n", done.stderr


def test_writing_again_replaces_the_folder_and_leaves_no_draft(trained, tmp_path):
    checkpoint = load_checkpoint(trained[0])
    target = tmp_path / "model"
    for note in ("first", "second"):
        save_checkpoint(target, checkpoint, {"note": note})
    assert load_checkpoint(target).meta["training"] == {"note": "second"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def damaged(trained, tmp_path, change):
    target = tmp_path / "model"
    checkpoint = load_checkpoint(trained[0])
    save_checkpoint(target, checkpoint, {})
    change(target)
    return target


def flip_a_byte(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)


def rename_a_template(folder):
    meta = json.loads((folder / META).read_text())
    meta["templates"][0] = "other"
    (folder / META).write_text(json.dumps(meta))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (flip_a_byte, "is not the file"),
        (rename_a_template, "other tactic templates"),
        (lambda folder: (folder / WEIGHTS).unlink(), "missing"),
        (lambda folder: (folder / META).write_text("{"), "damaged"),
        (lambda folder: (folder / META).unlink(), "no trained model"),
    ],
)
def test_a_damaged_or_foreign_checkpoint_is_refused(trained, tmp_path, change, message):
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(damaged(trained, tmp_path, change))


def test_unknown_configuration_keys_are_refused():
    with pytest.raises(ValueError, match="epoch"):
        TrainConfig(epoch=3)


def killed_after(out: Path, writings: int) -> None:
    """Trains in a process that SIGKILLs itself when its state is written for the so-manieth time."""
    code = (
        "import os, signal, sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path\n"
        "from training.trainers import halfway\n"
        "import test_ranker_trainer\n"
        "left = [int(sys.argv[2])]\n"
        "save = halfway.Halfway.save\n"
        "def counted(self, *state):\n"
        "    save(self, *state)\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "halfway.Halfway.save = counted\n"
        "out = Path(sys.argv[1])\n"
        "test_ranker_trainer.run(out, halfway=halfway.Halfway(out.with_name('half'), seconds=0))"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", code, str(out), str(writings), str(here), str(here.parents[1])]
    done = subprocess.run(command, check=False, timeout=240, cwd=here.parents[2], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_training_that_was_killed_twice_gives_the_same_bytes(trained, tmp_path):
    """Once within an epoch (6 batches and a writing at its end: the 24th is in the fourth), once at the end of one."""
    whole, _ = trained
    out, half = tmp_path / "again", tmp_path / "half"
    for writings in (24, 11):
        killed_after(out, writings)
        assert half.exists() and not out.exists()
    seen = []
    run(out, halfway=Halfway(half, seconds=0), report=seen.append)
    assert 1 < seen[0].epoch < CONFIG.epochs, "it started from the beginning"
    assert digest(out) == digest(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["again"], "what is no longer needed is left"


def test_half_of_another_training_is_refused(tmp_path):
    out, half = tmp_path / "out", tmp_path / "half"
    killed_after(out, 3)
    for changed in ({"seed": 2}, {"config": CONFIG.model_copy(update={"learning_rate": 1e-3})}):
        with pytest.raises(NotTheSame, match="half of another training"):
            run(out, halfway=Halfway(half), **changed)
    half.write_bytes(half.read_bytes()[:1000])
    with pytest.raises(NotTheSame, match="is damaged"):
        run(out, halfway=Halfway(half))
    assert not out.exists()


def test_the_average_of_two_rankers_is_that_of_their_weights(trained, tmp_path):
    first, more = tmp_path / "first", tmp_path / "more"
    shutil.copytree(trained[0], first)
    train(proofs(), SPACE, CONFIG.model_copy(update={"epochs": 1}), more, seed=2, base=first)
    before = load_checkpoint(more).weights
    digest_ = average(more, first, 0.25, SPACE.repertoire)
    found, start = load_checkpoint(more), load_checkpoint(first).weights
    assert found.sha256 == digest_ and found.meta["training"]["averaged"]["share"] == 0.25
    for name, value in found.weights.items():
        np.testing.assert_allclose(value, 0.75 * before[name] + 0.25 * start[name], rtol=1e-5, atol=1e-7)
    assert any((before[name] != start[name]).any() for name in start)


def test_rankers_of_other_sizes_have_no_average(trained, tmp_path):
    small = CONFIG.model_copy(update={"epochs": 1, "model": ModelConfig(hidden=16, layers=1, heads=1, feed_forward=16)})
    train(proofs(12), SPACE, small, tmp_path / "small", seed=1)
    before = digest(tmp_path / "small")
    with pytest.raises(CheckpointError, match="no average"):
        average(tmp_path / "small", trained[0], 0.5, SPACE.repertoire)
    assert digest(tmp_path / "small") == before


def with_value(**changes):
    return CONFIG.model_copy(update={"model": CONFIG.model.model_copy(update={"value_bins": 8}), **changes})


def chains(count=24):
    """Theorems of one to four steps; what is left can be read off the goal."""
    made = []
    for i in range(count):
        ends = range(i % 4, -1, -1)
        steps = tuple(StepRecord(f"a b : Nat\nh : a = {'succ ' * k}b\n⊢ {k} = {i}", "simp_all", "") for k in ends)
        made.append(TrainingProof(theorem(f"c{i}", NAT), steps, "policy"))
    return made


def test_the_value_head_learns_how_far_a_goal_is_and_says_the_same_in_numpy(tmp_path):
    config = with_value(epochs=30, token_dropout=0.0, value_loss=1.0)
    report = train(chains(), SPACE, config, tmp_path / "m", seed=1)
    assert report.train.steps_off < 0.3
    assert train(chains(), SPACE, config, tmp_path / "again", seed=1).weights_sha256 == report.weights_sha256
    ranker = load_ranker(tmp_path / "m", SPACE)
    for chain in chains(8):
        for left, step in zip(range(len(chain.steps), 0, -1), chain.steps, strict=True):
            assert ranker.steps_left(PolicyQuery(chain.theorem, step.state, 0)) == pytest.approx(left, abs=1)
    checkpoint = load_checkpoint(tmp_path / "m", SPACE.repertoire)
    situation = SPACE.look(NAT, chains(1)[0].steps[0].state)
    prompt = PromptBatch.of([PromptEncoder(checkpoint.tokenizer).encode(situation)], 0)
    with torch.inference_mode():
        _, values = ActionRanker.of(checkpoint).judge(prompt, CandidateBatch.of([situation.candidates]))
    expected = float(values[0].softmax(0) @ torch.arange(1.0, 9.0))
    assert ranker.steps_left(PolicyQuery(chains(1)[0].theorem, chains(1)[0].steps[0].state, 0)) == pytest.approx(
        expected, abs=1e-4
    )


def test_states_of_which_no_proof_is_known_teach_the_value_head_nothing(tmp_path):
    unknown = [replace(one, whole=False) for one in chains(8)]
    assert train(unknown, SPACE, with_value(epochs=2), tmp_path / "m", seed=1).train.steps_off is None


def test_a_network_without_one_knows_no_value(trained):
    out, report = trained
    assert report.train.steps_off is None
    assert load_ranker(out, SPACE).steps_left(PolicyQuery(theorem(environment=NAT), "⊢ 1 = 1", 0)) == 0
    assert "value_bins" not in json.loads((out / META).read_text())["model"]
