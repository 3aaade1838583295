"""A copy of a test statement, renamed and reordered, never becomes training data; what it stands beside does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from corpus import schema
from corpus.append_only import unprotect
from corpus.guard import held_back
from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import outcomes
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.external import load_external
from prover.benchmarks.external import register_external
from prover.benchmarks.registry import register
from prover.cli.main import run
from prover.cli.output import DONE
from prover.lean import Lean
from prover.policies.portfolio import PortfolioPolicy
from prover.rounds.attempt import Phase
from prover.rounds.plan import Plan
from prover.search.budget import Budget
from training.config import FlywheelConfig
from training.data.seed_round import store_seeds
from training.data.seeds import load_seeds
from training.flywheel import Flywheel

TRAIN = """theorem copy (p q r : Prop) (second : q → r) (first : p → q) : p → r := by sorry
theorem unrelated (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
"""
TEST = """theorem held (a b c : Prop) (h : a → b) (k : b → c) : a → c := by sorry
"""
#: The same where Lean cannot read it here: nothing but its text is known.
TEXT_ALONE = f"import Mathlib\n\n{TEST}"
HELD_OUT = pytest.mark.parametrize("theirs", [TEST, TEXT_ALONE], ids=["read by Lean", "text alone"])


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(2) as lean:
        yield lean


def benchmark(corpus: Corpus, lean: Lean, folder: Path, name: str, text: str, split: str) -> str:
    file = folder / f"{name}.lean"
    file.write_text(text)
    loaded = load_external(file, lean.staters, lean.library, split=split, under_header=lean.state_under_header)
    return register_external(corpus, loaded).key


def wheel(corpus: Corpus, lean: Lean, folder: Path, name: str, key: str) -> Flywheel:
    settings = FlywheelConfig.load(name=name, benchmark=key, seed_proofs=False, grammar_steps=64)
    return Flywheel(settings, lean, corpus, folder / name)


def trained_on(corpus: Corpus, run: str) -> set[str]:
    taken = take_snapshot(corpus, SnapshotFilter(run=run))
    return {proof.theorem.name for proof in snapshot_proofs(corpus, taken.hash)}


@HELD_OUT
def test_a_copy_that_was_proved_leaves_when_the_test_comes_and_is_not_tried_again(
    lean: Lean, tmp_path: Path, theirs: str
):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        key = benchmark(corpus, lean, tmp_path, "train", TRAIN, "train")
        before = wheel(corpus, lean, tmp_path, "before", key)
        before.begin()
        assert trained_on(corpus, "before") == {"copy", "unrelated"}
        benchmark(corpus, lean, tmp_path, "test", theirs, "test")
        assert held_back(corpus.engine, key) == {"copy"}
        assert trained_on(corpus, "before") == {"unrelated"}
        record = before.learn(0)
        assert record.metrics["kept_out"] == {"statements": 1, "proofs": 1, "human": 0}
        after = wheel(corpus, lean, tmp_path, "after", key)
        after.begin()
        tried = {o.theorem for round in corpus.rounds("after") for o in outcomes(corpus, round)}
        assert tried == trained_on(corpus, "after") == {"unrelated"}


@HELD_OUT
def test_a_round_that_tries_a_copy_stores_no_proof_of_it(lean: Lean, tmp_path: Path, theirs: str):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        benchmark(corpus, lean, tmp_path, "test", theirs, "valid")
        key = benchmark(corpus, lean, tmp_path, "train", TRAIN, "train")
        assert held_back(corpus.engine, key) == {"copy"}
        flywheel = wheel(corpus, lean, tmp_path, "round", key)
        plan = Plan(Phase(PortfolioPolicy(lean.actions), Budget(24), source="portfolio"))
        flywheel.rounds.run("by hand", "external", ["copy", "unrelated"], plan, {})
        (round,) = corpus.rounds("round")
        found = {o.theorem: o.status for o in outcomes(corpus, round)}
        assert found["copy"] is AttemptStatus.WITHHELD and found["unrelated"] is AttemptStatus.PROVED
        assert trained_on(corpus, "round") == {"unrelated"}


@pytest.mark.parametrize("test_first", [False, True])
def test_one_that_reads_alike_is_a_copy_with_whatever_its_file_opens(lean: Lean, tmp_path: Path, test_first: bool):
    """And with it what Lean knows for a copy of that one."""
    train = f"""open List
{TRAIN}theorem opened (xs : List Nat) : reverse (reverse xs) = xs := by sorry
theorem of_arrays (xs : Array Nat) : Array.reverse (Array.reverse xs) = xs := by sorry
"""
    test = "import Mathlib\nopen List Real\ntheorem held (l : List ℕ) : reverse (reverse l) = l := by sorry\n"
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        if test_first:
            benchmark(corpus, lean, tmp_path, "test", test, "test")
        key = benchmark(corpus, lean, tmp_path, "train", train, "train")
        assert corpus.theorem("opened", key).statement.startswith(": open List in ∀")
        if not test_first:
            assert held_back(corpus.engine, key) == frozenset()
            benchmark(corpus, lean, tmp_path, "test", test, "test")
        assert held_back(corpus.engine, key) == {"opened", "of_arrays"}


@pytest.mark.parametrize("imports", ["", "import Mathlib\n"], ids=["read by Lean", "text alone"])
def test_the_same_words_under_another_definition_are_no_copy(lean: Lean, tmp_path: Path, imports: str):
    train = """def f (n : Nat) : Nat := n + 1
theorem copy : f 0 = 1 := by sorry
namespace Other
def f (n : Nat) : Nat := n * 2 + 1
theorem stays : f 0 = 1 := by sorry
end Other
"""
    test = f"{imports}/-- Adds one. -/\ndef f (n : Nat) : Nat :=\n  n + 1\ntheorem held : f 0 = 1 := by sorry\n"
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        key = benchmark(corpus, lean, tmp_path, "train", train, "train")
        assert held_back(corpus.engine, key) == frozenset()
        benchmark(corpus, lean, tmp_path, "test", test, "test")
        assert held_back(corpus.engine, key) == {"copy"}


def test_one_that_was_stored_without_a_class_is_held_back_by_its_statement(lean: Lean, tmp_path: Path):
    """Of a corpus that an older version wrote."""
    train = "theorem mine (xs : List Nat) : xs.reverse.reverse = xs := by sorry\n"
    test = "import Mathlib\ntheorem held (l : List ℕ) : l.reverse.reverse = l := by sorry\n"
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        key = benchmark(corpus, lean, tmp_path, "train", train, "train")
        with corpus.engine.begin() as connection:
            unprotect(connection)
            connection.execute(delete(schema.TheoremClass))
        benchmark(corpus, lean, tmp_path, "test", test, "test")
        assert held_back(corpus.engine, key) == {"mine"}


def test_seeds_that_copy_lean_core_are_withheld(lean: Lean, tmp_path: Path):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        register(corpus, "lean-core", lean)
        corpus.start_run("seeds", {})
        store_seeds(corpus, lean, "seeds", threading.Event())
        (round,) = corpus.rounds("seeds", RoundKind.TRAIN)
        withheld = {o.theorem for o in outcomes(corpus, round) if o.status is AttemptStatus.WITHHELD}
        # `(a.or b).or c = a.or (b.or c)` is Option.or_assoc of the split valid.
        assert "seed.option_or_three" in withheld
        assert len(withheld) < 0.1 * len(load_seeds())
        assert trained_on(corpus, "seeds") == {seed.theorem.name for seed in load_seeds()} - withheld
        assert held_back(corpus.engine, "lean-core") == frozenset(), "the benchmark's own splits share no class"


@HELD_OUT
def test_bench_load_says_what_it_keeps_out(tmp_path: Path, capsys: pytest.CaptureFixture[str], theirs: str):
    for name, text, split in (("theirs", theirs, "test"), ("mine", TRAIN, "train")):
        (tmp_path / f"{name}.lean").write_text(text)
        arguments = ["bench", "load", str(tmp_path / f"{name}.lean"), "--split", split, "--home", str(tmp_path)]
        assert run(arguments) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 train theorems kept out of training, copies of held-out ones: copy" in shown
