"""The scorer of premises is learned from a snapshot, kept beside the ranker, and goes where the ranker goes."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest
from small_library import NAT, action_space, retriever, theorem

from corpus.records import StepRecord
from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import LIBRARY
from prover.goal import parse_goal
from prover.policies.folder import META, CheckpointError
from prover.policies.ranker.checkpoint import PREMISES, load_checkpoint, load_ranker
from prover.policies.ranker.config import ModelConfig
from prover.policy import PolicyQuery
from prover.rounds.messages import pack_policy, unpack_policy
from training.config import FlywheelConfig
from training.data.dataset import DatasetConfig, TrainingProof, build_dataset
from training.recipes.dpo import Dpo
from training.recipes.recipe import RecipeRefused
from training.trainers.averaging import average
from training.trainers.choice import NoPremises, require_trainable
from training.trainers.halfway import Halfway
from training.trainers.isolation import isolated
from training.trainers.premises import scored_dataset, untrained
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_training import train

SPACE = action_space()
CONFIG = TrainConfig(
    model=ModelConfig(hidden=32, layers=2, heads=2, feed_forward=64),
    data=DatasetConfig(valid_share=0.2),
    vocabulary=400,
    epochs=2,
    batch_size=8,
    threads=1,
    premise_scorer=True,
)


def goal(i):
    """A sum that retrieval without a scorer has commute, and that the proofs below have regrouped."""
    return f"a b c : Nat\n⊢ a + b * {i} = b * {i} + a"


def proofs(count=40):
    tactic = "rw [Nat.add_assoc]"
    return [TrainingProof(theorem(f"t{i}", NAT), (StepRecord(goal(i), tactic, ""),), "policy") for i in range(count)]


def run(out, config=CONFIG, **kwargs):
    return train(proofs(), SPACE, config, out, seed=1, **kwargs)


def scored(given):
    with isolated(1, "cpu"):
        return scored_dataset(given, SPACE, DatasetConfig(valid_share=0.0), seed=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "generation"
    return out, run(out)


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def first_premise(space):
    return space.look(NAT, goal(99)).premises[0].name


@pytest.mark.parametrize("state", [goal(3), "n m : Nat\nh : n < m\n⊢ n ≤ m"])
def test_untrained_it_ranks_as_retrieval_without_it(state):
    plain, beside = (
        [premise.name for premise in retriever().premises(NAT, parse_goal(state), count=4, scorer=scorer)]
        for scorer in (None, untrained(0))
    )
    assert plain == beside


def test_it_learns_which_premise_proofs_used(trained):
    out, report = trained
    assert first_premise(SPACE) != "Nat.add_assoc"
    assert first_premise(load_ranker(out, SPACE).space) == "Nat.add_assoc"
    assert report.premises["named"] == 40 and report.premises["found"] == 40
    assert load_checkpoint(out).meta["training"]["premises"] == report.premises


def test_states_are_shown_with_premises_of_a_scorer_that_has_not_seen_them():
    """The theorems of one fold alone have goals with this lemma: whoever has seen them has it first."""
    alike = [f"odd{i}" for i in range(200) if crc32(f"odd{i}".encode()) % 4 == 1][:30]
    below = "n m : Nat\n⊢ n = m ∨ m = {}"
    own = [
        TrainingProof(theorem(name, NAT), (StepRecord(below.format(i), "simp [Nat.mul_comm]", ""),), "policy")
        for i, name in enumerate(alike)
    ]
    states, scorer = scored([*proofs(24), *own])[0::2]
    known = SPACE.with_scorer(scorer).look(NAT, below.format(99)).premises[0].name
    shown = [state.situation.premises[0].name for state in states[24:]]
    assert known == "Nat.mul_comm" and len(shown) == 30
    assert "Nat.mul_comm" not in shown


def test_a_list_that_an_earlier_generation_filled_is_learned_as_its_form():
    tactic = "simp_all [Nat.mul_comm, Nat.le_refl, Nat.le_of_lt]"
    listed = [
        *proofs(8),
        TrainingProof(theorem("listed", NAT), (StepRecord(goal(50), tactic, ""),), "policy"),
    ]
    states, report, _, _ = scored(listed)
    assert not report.outside
    ((action, share),) = states[-1].targets.items()
    assert states[-1].situation.template(action).name == "simp_all_few" and share == 1.0
    assert build_dataset(listed, SPACE, DatasetConfig(valid_share=0.0))[1].outside == {"simp_all": 1}


def test_the_same_proofs_config_and_seed_give_the_same_bytes(trained, tmp_path):
    run(tmp_path / "again")
    assert digest(tmp_path / "again") == digest(trained[0])
    assert set(digest(trained[0])) == {META, PREMISES, "weights.safetensors", "tokenizer.json"}


@pytest.mark.long
def test_another_process_gives_the_same_bytes_too(trained, tmp_path):
    out, _ = trained
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "import test_premise_training\n"
        "test_premise_training.run(Path(sys.argv[1]))"
    )
    here = Path(__file__).parent
    tests = here.parents[1]
    command = [sys.executable, "-c", code, str(tmp_path / "there"), str(here), str(tests)]
    subprocess.run(command, check=True, timeout=900, cwd=tests.parent)
    assert digest(tmp_path / "there") == digest(out)


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(trained, tmp_path):
    class Killed(Exception):
        pass

    def stop(_progress):
        raise Killed

    halfway = Halfway(tmp_path / "halfway")
    with pytest.raises(Killed):
        run(tmp_path / "model", halfway=halfway, report=stop)
    run(tmp_path / "model", halfway=halfway)
    assert digest(tmp_path / "model") == digest(trained[0])


def test_without_it_nothing_of_it_is_written(tmp_path):
    plain = CONFIG.model_copy(update={"premise_scorer": False})
    report = run(tmp_path / "plain", config=plain)
    assert report.premises == {}
    assert set(digest(tmp_path / "plain")) == {META, "weights.safetensors", "tokenizer.json"}
    meta = load_checkpoint(tmp_path / "plain").meta
    assert "premises_sha256" not in meta and "premises" not in meta["training"]
    assert load_ranker(tmp_path / "plain", SPACE).space.scorer is None
    assert "premise_scorer" not in plain.model_dump() and CONFIG.model_dump()["premise_scorer"] is True


def test_where_no_step_names_a_premise_there_is_none():
    step = StepRecord("xs : List Nat\n⊢ xs ++ [] = xs", "simp", "")
    states, _, scorer, figures = scored([TrainingProof(theorem("t", NAT), (step,), "policy")])
    assert len(states) == 1 and scorer is None and figures == {"states": 0}


def test_it_travels_with_its_policy(trained):
    policy = load_ranker(trained[0], SPACE)
    packed = pack_policy(policy)
    assert packed is not None
    there = unpack_policy(packed, lambda _repertoire: action_space())
    query = PolicyQuery(theorem("t", NAT), goal(7), 0)
    assert there.propose([query]) == policy.propose([query])
    assert first_premise(there.space) == "Nat.add_assoc"


def test_a_damaged_or_missing_scorer_is_refused(trained, tmp_path):
    out = shutil.copytree(trained[0], tmp_path / "model")
    data = bytearray((out / PREMISES).read_bytes())
    data[-1] ^= 1
    (out / PREMISES).write_bytes(data)
    with pytest.raises(CheckpointError, match=PREMISES):
        load_checkpoint(out)
    (out / PREMISES).unlink()
    with pytest.raises(CheckpointError, match=PREMISES):
        load_checkpoint(out)


def test_a_scorer_of_other_features_is_refused(trained, tmp_path):
    out = shutil.copytree(trained[0], tmp_path / "model")
    meta = json.loads((out / META).read_text())
    assert meta["premise_features"][0] == "is-equation"
    meta["premise_features"][0] = "is-something"
    (out / META).write_text(json.dumps(meta))
    with pytest.raises(CheckpointError, match="other features"):
        load_checkpoint(out)


def test_an_average_keeps_it(trained, tmp_path):
    out = shutil.copytree(trained[0], tmp_path / "model")
    before = digest(out)[PREMISES]
    average(out, trained[0], 0.5, LIBRARY)
    assert digest(out)[PREMISES] == before
    assert load_ranker(out, SPACE).space.scorer is not None


def test_it_is_refused_where_there_are_no_premises():
    require_trainable(CONFIG, "cpu", LIBRARY)
    with pytest.raises(NoPremises, match="leave it out"):
        require_trainable(CONFIG, "cpu", ELEMENTARY)


def test_preferences_between_candidates_refuse_it():
    config = FlywheelConfig.load(
        contents={"trees": {"training": 1.0}, "train": {"premise_scorer": True}, "recipe": "dpo"}
    )
    with pytest.raises(RecipeRefused, match="premise_scorer"):
        Dpo().require(config)
