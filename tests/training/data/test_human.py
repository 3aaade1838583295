"""LeanDojo Benchmark 4 as people's training data, from a folder of its layout to a trained network and back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.guard import held_back
from corpus.human import snapshot_traces
from corpus.query import stats
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot, verify
from corpus.store import Corpus
from lean_env.benchmark.external import External, load_external
from prover.benchmarks.external import register_external
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean
from training.config import FlywheelConfig
from training.data.human import NO_REPLAY, NOT_STATED, import_human
from training.flywheel import Flywheel
from training.trainers.trainer import NothingToLearn

INIT = "src/Init/Data/List/Lemmas.lean"
MATHLIB = "Mathlib/Algebra/Order/Basic.lean"


def row(name: str, file: str, *steps: tuple[str, str, str]) -> dict[str, object]:
    return {
        "url": "https://example.org/repository",
        "commit": "0" * 40,
        "file_path": file,
        "full_name": name,
        "start": [1, 1],
        "end": [2, 1],
        "traced_tactics": [
            {"tactic": t, "annotated_tactic": [t, []], "state_before": before, "state_after": after}
            for before, t, after in steps
        ],
    }


def state(*hypotheses: str, goal: str) -> str:
    return "\n".join([*hypotheses, f"⊢ {goal}"])


REAL = ("x y : ℝ", "h : 0 < x", "k : x < y")
LISTS = ("α : Type u_1", "β : Type u_2", "f : α → β", "l₁ l₂ : List α")
PQ = ("p q : Prop", "a : p", "b : q")
LEFT, RIGHT = (f"case {side}\n{state(*PQ, goal=goal)}" for side, goal in (("left", "p"), ("right", "q")))
HELD_REAL = state("a b : ℝ", "h : a < b", "k : b < 7", goal="a < 7")
ROWS: dict[str, list[dict[str, object]]] = {
    "train": [
        # A structured tactic and, behind it, what it did inside; replays with the first alone.
        row(
            "nil",
            MATHLIB,
            (state("f : Nat → Nat", goal="List.map f [] = []"), "first | rfl", "no goals"),
            (state("g : Nat → Nat", goal="List.map g [] = []"), "rfl", "no goals"),
        ),
        row(
            "two_steps",
            MATHLIB,
            (state(*PQ, goal="p ∧ q"), "constructor", f"{LEFT}\n\n{RIGHT}"),
            (LEFT, "exact a", "no goals"),
            (RIGHT, "exact b", "no goals"),
        ),
        row("List.map_append", INIT, (state(*LISTS, goal="…"), "induction l₁ <;> simp_all", "no goals")),
        row("positive", MATHLIB, (state(*REAL, goal="0 < y"), "exact lt_trans h k", "no goals")),
        row("no_replay", MATHLIB, (state("n : Nat", goal="n + 0 = n"), "norm_num", "no goals")),
        row("false_one", MATHLIB, (state("n : Nat", goal="n = n + 1"), "simp", "no goals")),
        # Copies of held-out statements, one that Lean reads and one that it cannot; and what meets one on its way.
        row(
            "copied",
            MATHLIB,
            (state("u v : Nat", "s : u < v", "t : v < 5", goal="u < 5"), "exact Nat.lt_trans s t", "no goals"),
        ),
        row(
            "copied_real",
            MATHLIB,
            (state("b : ℝ", "k : b < 7", "a : ℝ", "h : a < b", goal="a < 7"), "linarith", "no goals"),
        ),
        row(
            "meets_it",
            MATHLIB,
            (state(goal="∀ t : ℝ, t > 3 → True"), "have := foo", HELD_REAL),
            (HELD_REAL, "linarith", "no goals"),
        ),
        row("by_term", MATHLIB),
        row("given_up", MATHLIB, (state("x : ℝ", goal="x = x"), "sorry", "no goals")),
    ],
    "val": [
        row(
            "held",
            MATHLIB,
            (state("a b : Nat", "k : b < 5", "h : a < b", goal="a < 5"), "exact Nat.lt_trans h k", "no goals"),
        )
    ],
    "test": [
        row("held_real", MATHLIB, (state("x y : ℝ", "k : y < 7", "h : x < y", goal="x < 7"), "linarith", "no goals"))
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("leandojo_benchmark_4") / "random"
    root.mkdir()
    for split, rows in ROWS.items():
        (root / f"{split}.json").write_text(json.dumps(rows))
    return root


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(2) as lean:
        yield lean


@pytest.fixture(scope="module")
def external(folder: Path, lean: Lean) -> External:
    return load_external(folder, lean.staters, lean.library, core=True)


@pytest.fixture(scope="module")
def loaded(external: External, lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path_factory.mktemp("corpus") / "corpus.db")) as corpus:
        record = register_external(corpus, external)
        report = import_human(corpus, external, record, lean, threading.Event())
        assert (report.certified, report.traces, report.guarded, report.undecided) == (3, 3, 3, 0)
        assert report.kept_because == {NO_REPLAY: 2, NOT_STATED: 3}
        assert report.unusable == {
            "valid and test rows are held out": 2,
            "no tactics were traced": 1,
            "a step is `sorry`": 1,
        }
        yield corpus


def test_what_the_gate_certifies_is_a_proof_and_nothing_else_is(loaded: Corpus):
    assert stats(loaded).by_source == {"human": 3}
    taken = take_snapshot(loaded, SnapshotFilter(human=("external/random",)))
    proofs = {proof.theorem.name: proof for proof in snapshot_proofs(loaded, taken.hash)}
    assert set(proofs) == {"nil", "two_steps", "List.map_append"}
    assert [step.tactic for step in proofs["nil"].steps] == ["first | rfl"]
    opened, closed = proofs["List.map_append"].steps
    assert opened.tactic == "intro α β f l₁ l₂"
    assert "List.map f l₁ ++ List.map f l₂" in closed.state, "the replay's state, not the file's"
    assert all(proof.certificate.kernels for proof in proofs.values())


def test_traces_are_in_the_snapshot_and_copies_of_what_is_held_out_are_not(loaded: Corpus, external: External):
    taken = take_snapshot(loaded, SnapshotFilter(human=("external/random",)))
    traces = {trace.name: trace for trace in snapshot_traces(loaded, taken.hash)}
    assert set(traces) == {"positive", "no_replay", "false_one"}
    assert (taken.proofs, taken.human, verify(loaded, taken.hash)) == (3, 3, 3)
    assert traces["positive"].steps[0].tactic == "exact lt_trans h k"
    assert held_back(loaded.engine, external.key) == {"copied"}


def test_the_same_again_changes_nothing(loaded: Corpus, external: External, lean: Lean):
    before = take_snapshot(loaded, SnapshotFilter(human=("external/random",)))
    record = register_external(loaded, external)
    again = import_human(loaded, external, record, lean, threading.Event())
    assert (again.certified, again.traces, again.guarded) == (3, 3, 3)
    assert take_snapshot(loaded, SnapshotFilter(human=("external/random",))) == before


def test_a_generation_learns_from_them_and_can_be_trained_again(loaded: Corpus, lean: Lean, tmp_path: Path):
    human, files = ("external/random",), []
    settings = {"epochs": 2, "vocabulary": 200, "model": {"hidden": 32, "layers": 1}, "data": {"valid_share": 0.0}}
    for name in ("one", "same"):
        config = FlywheelConfig.load(name=name, benchmark="external/random", human=human, train=settings)
        record = Flywheel(config, lean, loaded, tmp_path / name).learn(0)
        files.append((record.snapshot_hash, record.model_hash))
        assert record.metrics["human"] == 3 and record.metrics["kept_out"]["statements"] == 1
        assert record.metrics["data"]["human_states"] == record.metrics["data"]["states"] > 3
    assert files[0] == files[1]
    without = settings | {"data": {"human_weight": 0.0}}
    config = FlywheelConfig.load(name="without", benchmark="external/random", human=human, train=without)
    with pytest.raises(NothingToLearn):
        Flywheel(config, lean, loaded, tmp_path / "without").learn(0)


def test_the_command_says_what_became_of_each(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    home = ["--home", str(tmp_path)]
    assert run(["bench", "load", str(folder), "--core", "--human", *home]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "human: 3 proofs certified, 3 kept as steps that are no proof, 3 kept out of training" in shown
    assert "1 train theorems kept out of training, copies of held-out ones: copied" in shown
    assert NO_REPLAY in shown and "no tactics were traced" in shown and 'human = ["external/random"]' in shown
    settings = tmp_path / "c.toml"
    settings.write_text(
        'benchmark = "external/random"\nhuman = ["external/random"]\n'
        "[train]\nepochs = 1\nvocabulary = 200\nmodel = {hidden = 32, layers = 1}\ndata = {valid_share = 0.0}\n"
    )
    assert run(["train", "--name", "t", "--config", str(settings), *home]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "M_0 in" in shown and "1 train statements, 0 proofs, 2 traces of people's steps" in shown
    file = tmp_path / "plain.lean"
    file.write_text("theorem t : 1 = 1 := by sorry")
    assert run(["bench", "load", str(file), "--human", *home]) == CANNOT_START
    assert "traced tactics" in " ".join(capsys.readouterr().err.split())
