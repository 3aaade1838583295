"""Learning at test time, on the real Lean: variants that Lean has read, each once, learned from by one model alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.errors import Conflict
from corpus.exchange import archive
from corpus.export import export
from corpus.guard import classes_of
from corpus.merge import merge
from corpus.records import RoundKind, TheoremRecord
from corpus.snapshot import snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.theorem import Environment, Theorem
from prover.benchmarks.contract import UnknownBenchmark
from prover.benchmarks.registry import benchmark_of
from prover.benchmarks.variant_texts import goal_of
from prover.benchmarks.variants import DENIAL, VARIANT, make_variants
from prover.cli.main import run
from prover.cli.output import CANNOT_START
from prover.lean import Lean
from prover.rounds.plan import theorem_of
from training.config import FlywheelConfig
from training.events import Event, Interrupted
from training.experiments.specialist import NAME, Specialist, settings_for
from training.retrain import retrain

pytestmark = pytest.mark.timeout(900)

INIT = Environment(("Init",))
ELEMENTARY = "variants/elementary"
TARGET = Theorem("t", "(p q r : Prop) (hp : p ∧ (q ∨ r)) (hq : q → r) : (r ∧ p) ∧ (q → p)", INIT)
GOAL = goal_of("p q r : Prop\nhp : p ∧ (q ∨ r)\nhq : q → r\n⊢ (r ∧ p) ∧ (q → p)")

#: One that any model finds in 64 steps.
EASY = Theorem("t", "(p q : Prop) (hp : p) (hq : q) : q ∧ p", INIT)
EASY_GOAL = goal_of("p q : Prop\nhp : p\nhq : q\n⊢ q ∧ p")


@pytest.fixture(scope="module")
def lean():
    with Lean(1) as lean:
        yield lean


def begun(folder: Path, lean: Lean, count: int) -> Corpus:
    corpus = Corpus.open(str(folder / "corpus.db"), create=True)
    nonsense = [goal_of("p : Prop\n⊢ p + 1"), goal_of("a b c : Prop\nh : b → c\nk : a ∧ (b ∨ c)\n⊢ (c ∧ a) ∧ (b → a)")]
    make_variants(corpus, lean, TARGET, ELEMENTARY, GOAL, nonsense, count)
    return corpus


def settings(count: int, steps: int):
    config = settings_for(ELEMENTARY, count, steps, turns=1, seed=0, workers=1)
    train = config.train.model_copy(
        update={"model": config.train.model.model_copy(update={"hidden": 32, "layers": 1, "heads": 2})}
    )
    return config.model_copy(update={"train": train.model_copy(update={"least_batches": 20})})


@pytest.mark.long
def test_variants_are_read_by_lean_each_once_and_learned_from_by_one_model_alone(tmp_path: Path, lean: Lean) -> None:
    with begun(tmp_path, lean, 12) as corpus:
        (record,) = corpus.benchmarks()
        theorems = corpus.theorems(ELEMENTARY)
        assert [one.split for one in theorems] == ["valid", *["train"] * 24], "the target is what is held out"
        assert record.meta["variants"] == 12 and record.meta["dropped"]["refused by Lean"] >= 1, "p + 1 is none"
        # The other open goal is the target with other names and its hypotheses in another order.
        assert record.meta["dropped"]["says the same as another"] >= 1
        variants = [one for one in theorems if one.stratum == VARIANT]
        classes = classes_of(corpus.engine, record.key)
        assert len({classes[one.name] for one in [*variants, theorems[0]]}) == 13
        assert all(one.extra["made_by"] for one in variants)
        denials = {one.name: one for one in theorems if one.stratum == DENIAL}
        assert all(denials[one.extra["counterpart"]].statement.startswith(": ¬") for one in variants)
        assert make_variants(corpus, lean, TARGET, ELEMENTARY, GOAL, [], 5) == record, "made once"

        # One step is too few for the target: the wheel turns to its end, stopped once on the way.
        config, stop, heard = settings(12, 40), threading.Event(), list[Event]()
        config = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"steps": 1})})

        def report(event: Event) -> None:
            heard.append(event)
            if event.phase.startswith("round 1 policy"):
                stop.set()

        with pytest.raises(Interrupted):
            Specialist(config, lean, corpus, tmp_path / "models", None, report, stop).turn()
        began = {one.id for one in corpus.rounds(NAME)}
        found = Specialist(config, lean, corpus, tmp_path / "models").turn()
        assert began < {one.id for one in corpus.rounds(NAME)}, "what was begun is gone on with"
        assert (found.proof, found.generation, found.generations, found.variants) == ("", None, 2, 12)
        assert found.proved >= 2 and found.proved + found.denied <= 12 and found.steps > 0
        first, second = corpus.generations(NAME)
        assert second.parent_id == first.id
        arms = {(one.arm, one.stratum) for one in corpus.rounds(NAME, RoundKind.TRAIN)}
        assert {("policy", VARIANT), ("disproof", DENIAL), ("grammar", VARIANT)} <= arms

        known = {one.name for one in theorems}
        learned = list(snapshot_proofs(corpus, second.snapshot_hash or ""))
        assert learned and {proof.theorem.name for proof in learned} < known - {"t"}, "of variants and denials alone"


def test_nothing_takes_variants_out_of_their_corpus(tmp_path: Path) -> None:
    row = TheoremRecord("variant_0001", "(p : Prop) (h : p) : p", "hash", "Init", None, "train", VARIANT)
    corpora = (Corpus.open(str(tmp_path / f"{name}.db"), create=True) for name in ("own", "other"))
    with next(corpora) as own, next(corpora) as other:
        own.add_benchmark(ELEMENTARY, "1", "library", [row])
        with pytest.raises(Conflict, match="no other model may learn from: it cannot be merged"):
            merge(other, own)
        assert other.benchmarks() == []
        with pytest.raises(UnknownBenchmark, match="flywheel prove STATEMENT --variants N"):
            benchmark_of(ELEMENTARY).register(other, None)  # type: ignore[arg-type]
        with pytest.raises(Conflict, match="it cannot be archived"):
            archive(own, take_snapshot(own).hash, tmp_path / "out.tar")
        with pytest.raises(Conflict, match="it cannot be exported as a data set"):
            export(own, tmp_path / "set", take_snapshot(own).hash, "jsonl", lambda *_parts: "")
        with pytest.raises(Conflict, match="it cannot be trained on by"):
            retrain(own, None, take_snapshot(own).hash, FlywheelConfig.load(), None)  # type: ignore[arg-type]
        assert not (tmp_path / "out.tar").exists() and not (tmp_path / "set").exists()


def test_one_lean_states_the_variants_of_many_targets(tmp_path: Path, lean: Lean) -> None:
    stated = set[str]()
    for number, (target, goal) in enumerate(((EASY, EASY_GOAL), (TARGET, GOAL))):
        with Corpus.open(str(tmp_path / f"{number}.db"), create=True) as corpus:
            make_variants(corpus, lean, target, ELEMENTARY, goal, [], 3)
            found = [theorem_of(one, ELEMENTARY) for one in corpus.theorems(ELEMENTARY, "train")]
        assert len(found) == 6 and not stated & {one.name for one in found}
        assert all(lean.stated(one) for one in found), "a name stands for one statement in one Lean"
        stated |= {one.name for one in found}


def test_a_theorem_of_the_library_is_what_the_library_says_whatever_its_universes_are_called(
    tmp_path: Path, lean: Lean
) -> None:
    name = "List.reverse_eq_iff"
    (found,) = (one for one in lean.library.theorems() if one.name == name)
    constant = lean.library.constant(name)
    assert constant is not None and "Type u_1" in found.statement, "which is no text that Lean reads back"
    environment = lean.library.strict_environment(found.module)
    target = Theorem(name, found.statement, environment, found.module, constant.type_hash)
    goal = goal_of("α : Type u_1\nas bs : List α\n⊢ List.reverse as = bs ↔ as = List.reverse bs")
    with Corpus.open(str(tmp_path / "corpus.db"), create=True) as corpus:
        made = make_variants(corpus, lean, target, "variants/library", goal, [], 3)
        (held_out,) = corpus.theorems(made.name, "valid")
        rows = corpus.theorems(made.name, "train")
    assert (held_out.module, held_out.statement_hash) == (found.module, constant.type_hash)
    assert len(rows) == 6 and all("{α : Type _}" in one.statement for one in rows)


def test_a_specialist_ends_once_the_target_is_proved_and_goes_on_from_a_generalist(tmp_path: Path, lean: Lean) -> None:
    with Corpus.open(str(tmp_path / "corpus.db"), create=True) as corpus:
        make_variants(corpus, lean, EASY, ELEMENTARY, EASY_GOAL, [], 8)
        config = settings(8, 64)
        found = Specialist(config, lean, corpus, tmp_path / "models").turn()
        assert "theorem t (p q : Prop)" in found.proof and found.generation == 0 and found.length == 3
        rounds = len(corpus.rounds(NAME))
        again = Specialist(config, lean, corpus, tmp_path / "models").turn()
        assert again == found and len(corpus.rounds(NAME)) == rounds, "what is done is read"
    (tmp_path / "second").mkdir()
    with Corpus.open(str(tmp_path / "second" / "corpus.db"), create=True) as corpus:
        make_variants(corpus, lean, replace(EASY, name="u"), ELEMENTARY, EASY_GOAL, [], 4)
        models = tmp_path / "second" / "models"
        special = Specialist(settings(4, 64), lean, corpus, models, tmp_path / "models" / "M_0").turn()
        assert special.generation == 1 and special.steps > 0, "what the generalist does itself was tried before"
        m_0, _m_1 = corpus.generations(NAME)
        assert (m_0.recipe, m_0.snapshot_hash) == ("generalist", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["A.lean", "--variants", "4"], "--variants is for a statement"),
        (["1 = 1", "--variants", "4", "--in-place"], "--in-place is for files"),
        (["1 = 1", "--variants", "4", "--model", "{folder}"], "goes on from a ranker's weights"),
    ],
)
def test_what_variants_cannot_be_made_of_is_refused_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    home = ["--home", str(tmp_path / "home")]
    assert run(["prove", *(one.format(folder=tmp_path) for one in arguments), *home]) == CANNOT_START
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not (tmp_path / "home").exists()
