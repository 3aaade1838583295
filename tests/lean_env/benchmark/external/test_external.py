"""A benchmark that somebody else wrote, end to end: files, the real Lean, corpus, search, gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.records import AttemptStatus
from corpus.store import Corpus
from lean_env.benchmark.external import External, Known, load_external, near_duplicates
from lean_env.library.expression import expression_hash
from lean_env.library.ndjson import read_expression
from prover.benchmarks.contract import OtherLibrary, UnknownBenchmark
from prover.benchmarks.external import known_statements, register_external
from prover.benchmarks.registry import benchmark_of, register
from prover.cli.exit_codes import exit_code
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean
from prover.policies.portfolio import PortfolioPolicy
from prover.rounds.attempt import Phase, attempt
from prover.search.budget import Budget

VALID = """import Init
open Nat

/-- Addition commutes. -/
theorem valid_nat (a b : Nat) (h : 0 < a) : a + b = b + a := by
  sorry

theorem valid_opened (n : Nat) : n < succ n := sorry

open List hiding map in open Nat (pred) in
theorem valid_partly (n : Nat) : pred (n + 1) = n := by

theorem valid_int (x : Int) : x - x = 0 :=

theorem valid_bool : ∀ b : Bool, (b || true) = true
"""
TEST = """namespace Mine.Own
theorem list_nil (l : List Nat) : l ++ [] = l := by
  sorry
end Mine.Own
theorem two_hypotheses (m n : Nat) (hn : n < 5) (hm : m < n) : m < 5 := by sorry
theorem false_one (n : Nat) : n = n + 1 := by sorry
theorem needs_universe {α : Type u} (x : α) : x = x := by sorry
def double (n : Nat) := 2 * n
theorem after_def (n : Nat) : double n = 2 * n := by sorry
"""
MATHLIB_INT = """import Mathlib
open BigOperators Real
theorem mathlib_int (x : ℤ) (h : 3 * x = 12) : x = 4 := by sorry
"""
MATHLIB_REAL = """import Mathlib
theorem mathlib_real (x : ℝ) (h : 3 * x = 12) : x = 4 := by sorry
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as miniF2F's are laid out: two files of many theorems, and two of one."""
    root = tmp_path_factory.mktemp("repository") / "miniF2F"
    (root / "MiniF2F" / "Test").mkdir(parents=True)
    (root / "lakefile.lean").write_text("import Lake\nopen Lake DSL\npackage minif2f\n")
    (root / "MiniF2F.lean").write_text("import MiniF2F.Valid\nimport MiniF2F.Test\n")
    (root / "MiniF2F" / "Valid.lean").write_text(VALID)
    (root / "MiniF2F" / "Test.lean").write_text(TEST)
    (root / "MiniF2F" / "Test" / "mathlib_int.lean").write_text(MATHLIB_INT)
    (root / "MiniF2F" / "Test" / "mathlib_real.lean").write_text(MATHLIB_REAL)
    return root


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(2) as lean:
        yield lean


@pytest.fixture(scope="module")
def external(repository: Path, lean: Lean) -> External:
    return load_external(repository, lean.staters, lean.library)


@pytest.fixture(scope="module")
def in_core(repository: Path, lean: Lean) -> External:
    return load_external(repository, lean.staters, lean.library, core=True)


def reasons(external: External) -> dict[str, str]:
    return {one.row.name: one.reason for one in external.unusable}


def test_every_row_is_usable_or_says_why_not(external: External):
    assert external.key == "external/minif2f" and external.format == "minif2f"
    assert {one.theorem.name: one.theorem.split for one in external.usable} == {
        "valid_nat": "valid",
        "valid_opened": "valid",
        "valid_partly": "valid",
        "valid_int": "valid",
        "valid_bool": "valid",
        "Mine.Own.list_nil": "test",
        "two_hypotheses": "test",
        "false_one": "test",
    }
    said = reasons(external)
    assert set(said) == {"needs_universe", "after_def", "mathlib_int", "mathlib_real"}
    assert "Mathlib" in said["mathlib_int"] and "--core" in said["mathlib_real"]
    assert "double" in said["after_def"] and "universe" in said["needs_universe"]


def test_core_tries_what_needs_mathlib_and_keeps_leans_words(in_core: External):
    tried = {one.theorem.name: one for one in in_core.usable}
    assert tried["mathlib_int"].theorem.statement == "(x : Int) (h : 3 * x = 12) : x = 4"
    assert tried["mathlib_int"].notes == ("import Init for Mathlib", "ℤ as Int", "opens nothing of BigOperators, Real")
    assert "import Mathlib" in tried["mathlib_int"].row.scope.header()
    assert "ℝ" in reasons(in_core)["mathlib_real"]


def test_opened_names_go_with_a_statement_only_where_it_needs_them(external: External):
    statements = {one.theorem.name: one.theorem.statement for one in external.usable}
    assert statements["valid_nat"] == "(a b : Nat) (h : 0 < a) : a + b = b + a"
    assert statements["valid_opened"] == ": open Nat in ∀ (n : Nat), n < succ n"


def test_a_statement_with_opened_names_is_the_one_that_its_file_has(external: External, lean: Lean):
    mine = next(one for one in external.usable if one.theorem.name == "valid_opened")
    spelled = mine.theorem.__class__("spelled", "(n : Nat) : n < Nat.succ n", mine.theorem.environment)
    stated = lean.stated(spelled)
    expression = read_expression(stated.expression_ndjson, stated.levels)
    assert expression_hash(expression, stated.levels) == mine.theorem.expression_hash


def test_the_portfolio_proves_them_and_the_gate_agrees(external: External, in_core: External, lean: Lean):
    policy = PortfolioPolicy(lean.actions)
    theorems = {one.theorem.name: one.theorem for one in (*external.usable, *in_core.usable)}
    status = {}
    for name, theorem in theorems.items():
        record = attempt(theorem, Phase(policy, Budget(24)), 0, lean.tools)
        assert record is not None
        status[name] = record.status
    assert status.pop("false_one") is AttemptStatus.UNPROVED
    assert set(status.values()) == {AttemptStatus.PROVED}


HOSTILE = [
    {"name": "axiom_after", "formal_statement": "theorem t : 1 = 1 := sorry\naxiom bad : False"},
    {"name": "command_inside", "formal_statement": "(n : Nat) : n = n\naxiom bad : False\ntheorem x : True"},
    {"name": "unbalanced", "formal_statement": "theorem t : 1 = 1) := sorry axiom bad : False --"},
    {"name": "open_breaks_out", "header": "open Nat in True := sorry axiom bad : False", "formal_statement": "1 = 1"},
    {"name": "sorry_inside", "formal_statement": "theorem t : (sorry : Prop)"},
    {"name": "skips_kernel", "header": "set_option debug.skipKernelTC true", "formal_statement": "theorem t : 1 = 2"},
    {"name": "x : True := trivial\naxiom bad : False", "formal_statement": "theorem t : 1 = 1"},
    {"name": "deep", "formal_statement": "theorem t : " + "(" * 400 + "True" + ")" * 400},
    {"name": "long", "formal_statement": "theorem t : " + " ∧ ".join(["True"] * 20_000)},
]


def test_hostile_text_adds_nothing(lean: Lean, tmp_path: Path):
    file = tmp_path / "hostile.jsonl"
    file.write_text("\n".join(map(json.dumps, HOSTILE)))
    loaded = load_external(file, lean.staters, lean.library)
    assert len(loaded.usable) + len(loaded.unusable) == len(HOSTILE)
    said = reasons(loaded)
    assert {"unbalanced", "sorry_inside", "skips_kernel", "deep", "long"} <= set(said)
    notes = {one.row.name: one.notes for one in loaded.usable}
    assert "command_inside" in said or notes["command_inside"]
    for one in loaded.usable:
        assert one.theorem.statement == ": 1 = 1" and "axiom" not in one.theorem.statement
        assert "\n" not in one.theorem.name and " " not in one.theorem.name
    probe = load_external(_file(tmp_path, "theorem t : bad = bad"), lean.staters, lean.library)
    assert "bad" in probe.unusable[0].reason


def test_copies_are_found_under_other_names_and_orders(external: External, lean: Lean, tmp_path: Path):
    text = (
        "theorem renamed (x y : Nat) (small : y < 5) (below : x < y) : x < 5 := by sorry\n"
        "theorem reordered (a b : Nat) (h : a < b) (k : b < 5) : a < 5 := by sorry\n"
        "theorem other (a b : Nat) (h : a < b) (k : b < 5) : a < 6 := by sorry\n"
    )
    others = load_external(_file(tmp_path, text), lean.staters, lean.library, name="others")
    known = [
        Known(external.key, one.theorem.name, "train", one.theorem.expression_hash, external.classes[one.theorem.name])
        for one in external.usable
    ]
    found = {
        (copy.theorem, copy.other.name): copy.exact for copy in near_duplicates(others.usable, known, others.classes)
    }
    assert found[("renamed", "two_hypotheses")] is True
    assert found[("reordered", "two_hypotheses")] is False


def test_the_library_and_the_corpus_are_compared_with(external: External, lean: Lean, tmp_path: Path):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        register_external(corpus, external)
        own = known_statements(corpus, but=external.key)
        assert {one.benchmark for one in own} == {"lean-core", "lean-std"}
        again = known_statements(corpus, but="external/another")
        assert {one.name for one in again if one.benchmark.startswith(external.key)} == set(external.classes)
    file = _file(tmp_path, "theorem t (as : List α) : as.reverse.reverse = as")
    file.write_text("theorem t (a b c : Nat) (h : a ≤ b) : a - c ≤ b - c := by sorry")
    copied = load_external(file, lean.staters, lean.library)
    names = {copy.other.name for copy in near_duplicates(copied.usable, own, copied.classes)}
    assert any("sub_le_sub_right" in name for name in names)


def test_the_corpus_keeps_source_revision_and_what_was_left_out(external: External, lean: Lean, tmp_path: Path):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        with pytest.raises(UnknownBenchmark, match="bench load"):
            register(corpus, external.key, lean)
        record = register_external(corpus, external)
        assert register_external(corpus, external) == record == register(corpus, external.key, lean)
        assert record.meta["sha256"] == external.digest and record.theorems == len(external.usable)
        assert {one["name"]: one["reason"] for one in record.meta["unusable"]} == reasons(external)
        stored = {theorem.name: theorem for theorem in corpus.theorems(external.key, "test", "external")}
        assert set(stored) == {"Mine.Own.list_nil", "two_hypotheses", "false_one"}
        assert stored["two_hypotheses"].extra["place"] == "MiniF2F/Test.lean:5"
        assert benchmark_of(external.key).train_stratum == "external"


def test_a_benchmark_of_another_library_is_refused_with_what_to_do(
    external: External, lean: Lean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        record = register_external(corpus, replace(external, library_digest="0123456789abcdef0000"))
        with pytest.raises(OtherLibrary) as refused:
            register(corpus, external.key, lean)
        said = str(refused.value)
        assert "\n" not in said and said.startswith(f"{record.key} was stated over the library 0123456789abcdef,")
        assert lean.library.digest[:16] in said and f"`flywheel bench load {external.source} --name " in said
        assert exit_code(refused.value) == CANNOT_START
        mended = register_external(corpus, external)
        assert register(corpus, external.key, lean) == mended


def test_leandojo_rows_are_the_librarys_theorems(lean: Lean, tmp_path: Path):
    steps = [{"tactic": "rfl", "annotated_tactic": ["rfl", []], "state_before": "⊢ x", "state_after": "no goals"}]
    rows = [
        {"full_name": name, "file_path": file, "url": "", "commit": "", "traced_tactics": steps}
        for name, file in (
            ("List.map_append", "src/Init/Data/List/Lemmas.lean"),
            ("Finset.sum_comm", "Mathlib/Algebra/BigOperators/Basic.lean"),
        )
    ]
    (tmp_path / "test.json").write_text(json.dumps(rows))
    loaded = load_external(tmp_path, lean.staters, lean.library)
    (usable,), (unusable,) = loaded.usable, loaded.unusable
    assert usable.theorem.module == "Init.Data.List.Lemmas" and usable.theorem.expression_hash
    assert "Mathlib/Algebra" in unusable.reason
    with lean.open_session(usable.theorem) as (_, state):
        assert "List.map" in state.pp


def test_the_command_prints_what_is_usable_and_what_is_not(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    home = ["--home", str(tmp_path)]
    assert run(["bench", "load", str(repository), "--core", *home]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "12 theorems in 5 files" in shown
    assert "import Init for Mathlib" in shown and "flywheel eval --bench external/minif2f" in shown
    assert run(["bench", "load", str(repository), "--core", "--json", *home]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["usable"]) == 10 and len(answer["unusable"]) == 2
    headers = {one["name"]: one["header"] for one in answer["usable"] if one["header"]}
    assert list(headers) == ["after_def"] and "def double" in headers["after_def"]
    assert run(["bench", "list", "external/minif2f", "--split", "valid", "--json", *home]) == DONE
    assert len(json.loads(capsys.readouterr().out)) == 5
    assert run(["bench", "list", *home]) == DONE
    assert "external/minif2f@" in capsys.readouterr().out
    assert run(["bench", "show", "mathlib_int", "--bench", "external/minif2f", *home]) == DONE
    assert "ℤ as Int" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([".", "--format", "nonsense"], "leandojo"),
        ([".", "--map", "nonsense=x"], "statement"),
        ([".", "--map", "name"], "statement=FIELD"),
        ([".", "--split", "nonsense"], "valid"),
        ([".", "--name", "a@b"], "letters"),
        (["."], "no .lean"),
    ],
)
def test_bad_options_are_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "load", *arguments]) == CANNOT_START
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_round_takes_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"name": "a", "split": "train", "formal_statement": "(p q : Prop) (h : p ∧ q) : q"}))
    monkeypatch.setenv("FLYWHEEL_SEED_PROOFS", "false")
    home = ["--home", str(tmp_path), "--workers", "2"]
    assert run(["round", "--bench", str(file), "--json", "--name", "r", *home]) == DONE
    assert json.loads(capsys.readouterr().out)["proofs"] == 1
    assert run(["eval", "--bench", str(file), "--name", "r", *home]) == CANNOT_START
    assert "no trained generation" in capsys.readouterr().err
    file.write_text(json.dumps({"name": "a", "formal_statement": "1 = 1"}))
    assert run(["round", "--bench", str(file), "--name", "s", *home]) == CANNOT_START
    assert "no train theorems" in " ".join(capsys.readouterr().err.split())
    assert run(["eval", "--portfolio", "--bench", str(file), "--steps", "4", "--json", *home]) == DONE
    (evaluation,) = json.loads(capsys.readouterr().out)["evaluations"]
    assert [(row["arm"], row["theorems"], row["solved"]) for row in evaluation["arms"]] == [("portfolio", 1, 1)]


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]):
    assert run(["bench", "load", "--help"]) == DONE
    assert "flywheel bench load miniF2F-lean4 --core" in " ".join(capsys.readouterr().out.split())


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.lean"
    path.write_text(text)
    return path
