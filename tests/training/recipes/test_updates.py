"""What each recipe makes of the same samples: models of a made run, its own verdicts, TRL's updates."""

from __future__ import annotations

import shutil

import pytest
from made_run import NUMBERS, Made, config, copied

from corpus.filters import filter_rates
from corpus.learned import learned
from corpus.samples import samples_of, verdicts_of
from corpus.snapshot import snapshot_proofs, take_snapshot
from corpus.store import Corpus
from prover.policies.text.checkpoint import load_base, load_text, text_meta
from training.config import FlywheelConfig
from training.recipes.choice import recipe_of
from training.recipes.recipe import RecipeRefused
from training.recipes.star import PLAN, plan_of
from training.recipes.writing import PAIRS_A_THEOREM, by_theorem, ranked_pairs

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """M_0 and its round."""
    home = tmp_path_factory.mktemp("made")
    with Corpus.open(str(home / "corpus.db")) as corpus:
        run = Made(home, config(), corpus)
        run.begin()
        verdicts = run.sample(0)
    assert 5 < verdicts.count("certified") < len(verdicts) - 10, "some hold and some do not"
    return home


def going_on(begun, tmp_path, recipe: str, *without: str) -> Made:
    return copied(begun, tmp_path / "run", config(recipe, *without))


def share_certified(run: Made, number: int) -> float:
    verdicts = [
        (one["verdict"] == "certified", one["count"])
        for n in NUMBERS
        for one in run.attempt(n, load_text(run.models / f"M_{number}"), 99).stats["samples"]
    ]
    return sum(count for good, count in verdicts if good) / sum(count for _, count in verdicts)


def test_expert_iteration_learns_every_proof_from_base(begun, tmp_path):
    run = going_on(begun, tmp_path, "expert-iteration")
    made = run.learn(1)
    again = run.trainer.train(
        run.learning(1).proofs(), tmp_path / "again", seed=1, statements=[f"{n} ↓" for n in NUMBERS]
    )
    assert made.weights_sha256 == again.weights_sha256, "the trainer's own bytes"
    assert made.metrics["data"]["proofs"] == run.learning(1).snapshot.proofs > 15, "round 0's and the model's"


def test_pairs_are_of_one_theorem_better_first_and_few(begun, tmp_path):
    run = going_on(begun, tmp_path, "llama3")
    samples = samples_of(run.corpus, "made", 0)
    pairs = ranked_pairs(samples, 1)
    assert pairs and pairs == ranked_pairs(samples, 1)
    for better, worse in pairs:
        assert better.theorem.name == worse.theorem.name and better.certified
        assert worse.refused or (worse.certified and len(worse.tactics) > len(better.tactics))
    assert max(len(own) for own in by_theorem(better for better, _ in pairs).values()) <= PAIRS_A_THEOREM
    assert ranked_pairs([one for one in samples if one.certified and len(one.tactics) == 2], 1) == []


@pytest.mark.filterwarnings("error")  # whoever trains would have to read it
def test_llama3_picks_prefers_and_averages_and_a_kill_costs_no_step_twice(begun, tmp_path):
    run = going_on(begun, tmp_path, "llama3")
    first = run.learn(1)
    assert first.metrics["recipe"]["reward_pairs"] == 0 and filter_rates(run.corpus) == [], "no pair before round 1"
    assert first.metrics["recipe"]["dpo"]["pairs"] >= 5 and first.metrics["recipe"]["averaged"] == 3
    stages = next((run.models / ".M_1.stages").iterdir())
    assert {path.name for path in stages.iterdir()} == {"sft", "dpo", "dpo-slower", "averaged"}
    models = {name: load_base(str(stages / name))[0].state_dict() for name in ("sft", "dpo", "dpo-slower")}
    averaged = load_base(str(run.models / "M_1"))[0].state_dict()
    for name, weights in averaged.items():
        mean = sum(model[name] for model in models.values()) / 3
        assert (weights - mean).abs().max() < 1e-6
    assert any((models["dpo"][name] - models["sft"][name]).abs().max() > 1e-4 for name in averaged)
    _what_it_took_is_read_from_the_corpus(run, first)
    # Killed after DPO: what is done is taken up, and the end is the same.
    shutil.rmtree(stages / "averaged")
    shutil.rmtree(stages / "dpo-slower")
    before = {path.name: path.stat().st_mtime_ns for path in (stages / "sft").iterdir()}
    assert run.recipe.update(run.learning(1)).weights_sha256 == first.weights_sha256
    assert before == {path.name: path.stat().st_mtime_ns for path in (stages / "sft").iterdir()}
    run.sample(1)
    second = run.learn(2).metrics["recipe"]
    assert second["reward_pairs"] > 0 and 0 <= second["reward_accuracy"] <= 1
    (rates,) = filter_rates(run.corpus, "made")
    assert rates.filter == "reward" and rates.samples == second["sampled"] - rates.undecided
    assert second["picked"] <= 2 * len(NUMBERS) * 2


def _what_it_took_is_read_from_the_corpus(run, first):
    found, told = learned(run.corpus, "made"), first.metrics["recipe"]
    certified = [one for one in samples_of(run.corpus, "made") if one.certified]
    assert found.verified == sum(one.count for one in certified) >= found.unique > 0
    assert found.unique == len({(one.theorem.name, one.tactics) for one in certified})
    # M_0's training is not counted: that of the supervised stage and both of preferences are.
    steps = [first.metrics["updates"], told["dpo"]["steps"], told["dpo-slower"]["steps"]]
    assert all(steps) and found.updates == sum(steps) and found.tokens > first.metrics["tokens"] > 0
    assert found.base == run.generation(0).model_hash and found.health is None


@pytest.mark.long
def test_llama3_without_its_steps_is_their_beginning(begun, tmp_path):
    whole = copied(begun, tmp_path / "a", config("llama3"))
    whole.learn(1)
    stages = next((whole.models / ".M_1.stages").iterdir())
    without = copied(begun, tmp_path / "b", config("llama3", "dpo", "averaging"))
    assert without.learn(1).weights_sha256 == text_meta(stages / "sft")["weights_sha256"]
    without = copied(begun, tmp_path / "c", config("llama3", "averaging"))
    assert without.learn(1).weights_sha256 == text_meta(stages / "dpo")["weights_sha256"]
    with pytest.raises(RecipeRefused, match="nothing to average"):
        recipe_of(config("llama3", "dpo"))


@pytest.mark.filterwarnings("error")  # whoever trains would have to read it
def test_r1_reinforces_a_teacher_and_measures_a_student(begun, tmp_path):
    run = going_on(begun, tmp_path, "r1")
    assert run.recipe.sampler(run.models / "M_0") == run.models / "M_0"
    told = run.learn(1).metrics["recipe"]
    assert told["grpo"]["steps"] > 0 and told["grpo"]["tokens"] > 0
    assert 0 < told["teaching_groups"] <= told["groups"] <= len(NUMBERS)
    teacher = run.models / "M_1-teacher"
    assert run.recipe.sampler(run.models / "M_1") == teacher
    moved = text_meta(teacher)["training"]["recipe"]["grpo"]
    assert moved["steps"] >= 1 and moved["kl"] >= 0
    old, new = (load_base(str(folder))[0].state_dict() for folder in (run.models / "M_0", teacher))
    assert any((old[name] - new[name]).abs().max() > 1e-5 for name in old), "the teacher goes on from M_0"
    assert text_meta(run.models / "M_1")["weights_sha256"] != text_meta(teacher)["weights_sha256"]
    alone = copied(begun, tmp_path / "alone", config("r1", "student"))
    assert alone.learn(1).metrics["updates"] == 0, "a teacher alone was not supervised"
    assert text_meta(alone.models / "M_1")["weights_sha256"] == text_meta(teacher)["weights_sha256"]


@pytest.mark.parametrize("recipe", ["confidence", pytest.param("judge", marks=pytest.mark.long)])
def test_what_no_verifier_accepted_is_learned_and_is_no_proof(begun, tmp_path, recipe):
    run = going_on(begun, tmp_path, recipe)
    proofs = {one.content_hash for one in snapshot_proofs(run.corpus, run.generation(0).snapshot_hash)}
    everything = take_snapshot(run.corpus).proofs
    made = run.learn(1)
    assert run.learning(1).snapshot.hash == run.generation(0).snapshot_hash, (
        "the kernel's later proofs are not looked at"
    )
    samples = samples_of(run.corpus, "made", 0)
    assert made.metrics["unverified"] == round(0.25 * len(samples)) > made.metrics["of_these_false"]
    (rates,) = filter_rates(run.corpus)
    assert rates.filter == recipe and rates.samples + rates.undecided == len(samples)
    assert rates.false_share.count == made.metrics["of_these_false"]
    # Impossible to mistake: no proof, no snapshot, no source of theirs.
    assert take_snapshot(run.corpus).proofs == everything
    assert {one.content_hash for one in snapshot_proofs(run.corpus, run.learning(1).snapshot.hash)} == proofs
    assert {one.source for one in snapshot_proofs(run.corpus, take_snapshot(run.corpus).hash)} == {"grammar", "policy"}
    assert (run.models / "judge").exists() == (recipe == "judge")
    if recipe == "judge":
        assert load_base(str(run.models / "judge"))[0].config.hidden_size == 128


def test_a_judge_may_be_a_model_that_is_there_already(begun, tmp_path):
    m_0 = str(begun / "models" / "M_0")
    asked = copied(begun, tmp_path / "asked", config("judge", judge=m_0))
    told = asked.learn(1).metrics
    assert not (asked.models / "judge").exists() and told["judge"] == asked.generation(0).model_hash
    samples = samples_of(asked.corpus, "made", 0)
    said = verdicts_of(asked.corpus, "made", "judge")
    own = copied(begun, tmp_path / "own", config("confidence"))
    own.learn(1)
    surest = verdicts_of(own.corpus, "made", "confidence")
    assert len(samples) == len(said) == len(surest) > 10
    assert said == {key: (accepts, pytest.approx(score, abs=1e-3)) for key, (accepts, score) in surest.items()}, (
        "asked about what it wrote itself, a model is as sure as when it wrote it"
    )


def test_alphaproof_goes_on_from_the_last_model(begun, tmp_path):
    settings = config("alphaproof").model_copy(
        update={"round": config().round.model_copy(update={"disproofs": 3}), "recipe": "alphaproof"}
    )
    run = copied(begun, tmp_path / "run", settings)
    made = run.learn(1)
    assert made.metrics["epochs"] == 12 and made.metrics["from"] == 0
    assert text_meta(run.models / "M_1")["training"]["base"] == run.generation(0).model_hash
    assert share_certified(run, 1) > 0.1, "what M_0 knew is not lost"


def test_star_learns_its_own_plans_and_gives_others_theirs(begun, tmp_path):
    assert plan_of("a b : Nat\nh : a = b\n⊢ b = a", ("rw [h]", "exact h")) == "-- plan: rw, exact; use h"
    run = copied(begun, tmp_path / "run", config("star"))
    run.learn(1)
    run.sample(1)
    written = [one for one in samples_of(run.corpus, "made", 1) if one.certified]
    assert written and sum(one.text.startswith(PLAN) for one in written) > len(written) / 2, "it has learned to plan"
    policy = load_text(run.models / "M_1")
    begun_with = policy.beginning_with({f"down_{NUMBERS[3]}": "-- plan: sub"})
    hinted = run.attempt(NUMBERS[3], begun_with, 5).stats["samples"]
    assert all(one["text"].startswith("-- plan: sub") for one in hinted) and len(hinted) > 1
    assert all("plan" not in " ".join(one["tactics"]) for one in hinted)


@pytest.mark.parametrize("recipe", ["llama3", "r1", "star", "confidence", "judge"])
def test_a_recipe_for_writers_refuses_others(recipe):
    with pytest.raises(RecipeRefused, match=r'needs a model that writes proofs: .* writes = "proof"'):
        recipe_of(FlywheelConfig.load(recipe=recipe))
    with pytest.raises(RecipeRefused, match="needs a model that writes proofs"):
        recipe_of(config(recipe, writes="tactic"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (config("r1", samples=1), "in a group of one each sample is its own mean"),
        (config("llama3", samples=1), "learn from rejected samples beside accepted ones"),
        (config("confidence", samples=1), "accepts the surest of several"),
        (config("judge", base="folder"), r"beside a base: \[train\] judge = FOLDER, or no base"),
        (FlywheelConfig.load(recipe="alphaproof"), r"learns from disproofs: set \[round\] disproofs"),
        (FlywheelConfig.load(recipe="star", without=("dpo",)), "recipe star has no step dpo to leave out: it has hint"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(settings, said):
    with pytest.raises(RecipeRefused, match=said):
        recipe_of(settings)
