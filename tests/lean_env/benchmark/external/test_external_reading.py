"""Files of other people's benchmarks as rows, by their text alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.external.json_rows import UnknownField, read_json
from lean_env.benchmark.external.lean_source import read_lean
from lean_env.benchmark.external.leandojo import linear, statement_of_state
from lean_env.benchmark.external.reading import Format, Unreadable, read_benchmark
from lean_env.benchmark.external.row import TracedTactic
from lean_env.lean_text.mask import mask, without_comments

SOURCE = """/-- theorem not_me : False := by sorry -/
import Mathlib
set_option maxHeartbeats 400000
open Nat Real

theorem plain (x y : ℕ) (h₀ : x' = "theorem z : 1" ∧ y = 'a'.toNat) -- a := comment
    (h : x = 2) : x + y = 3 := by
  open Nat in simp
  sorry

open List in
theorem Foo.by_cases : ∀ n, n = n
  | 0 => rfl
  | n + 1 => rfl

open scoped Topology in @[simp] private lemma a_let : let x := 3; x = 3 := sorry
namespace A.B
section
variable {α : Type} [DecidableEq α] (l : List α)
theorem uses : l = l := by
  sorry
theorem does_not (n : Nat) : n = n := by rfl
end
example (a : Nat) : a = a := by
end A.B
theorem nothing (n : Nat) : n = n
def f := 3
theorem after : f = 3 := by sorry
"""


def test_every_theorem_of_a_file_is_a_row_with_what_is_in_force_where_it_stands():
    rows = {row.name: row for row in read_lean(SOURCE, "f.lean")}
    assert list(rows) == [
        *("plain", "Foo.by_cases", "a_let", "A.B.uses", "A.B.does_not", "example_1", "nothing", "after"),
    ]
    assert rows["plain"].binders == """(x y : ℕ) (h₀ : x' = "theorem z : 1" ∧ y = 'a'.toNat)  \n    (h : x = 2)"""
    assert rows["plain"].conclusion == "x + y = 3" and rows["plain"].place == "f.lean:6"
    assert rows["plain"].scope.opens == ("Nat", "Real") and rows["plain"].scope.modules == ("Init", "Mathlib")
    assert rows["Foo.by_cases"].statement == ": ∀ n, n = n" and rows["Foo.by_cases"].scope.opens[2:] == ("List",)
    assert rows["a_let"].conclusion == "let x := 3; x = 3"
    assert rows["a_let"].scope.opens[2:] == ("scoped Topology",)
    assert rows["A.B.uses"].scope.namespaces == ("A", "A.B") and not rows["nothing"].scope.namespaces
    assert rows["nothing"].statement == "(n : Nat) : n = n" and not rows["nothing"].scope.variables


def test_what_a_statement_cannot_do_without_stands_above_it():
    above = {row.name: row.above for row in read_lean(SOURCE)}
    assert "variable" in above["A.B.uses"] and "def f := 3" in above["after"]
    assert not any(above[name] for name in ("plain", "A.B.does_not", "nothing"))
    text = "def f := 3\nset_option debug.skipKernelTC true in\nopen Nat in theorem t : f = succ 2 := rfl"
    (row,) = read_lean(text)
    assert row.above == "def f := 3\nset_option debug.skipKernelTC true\nopen Nat\n"


def test_proofs_are_told_from_sorries():
    proved = {row.name: row.proved for row in read_lean(SOURCE)}
    assert [name for name, has in proved.items() if has] == ["Foo.by_cases", "A.B.does_not"]


@pytest.mark.parametrize("ending", ["", " :=", " := by", " := by sorry", " := sorry", " := by\n  sorry\n", " := by\n"])
@pytest.mark.parametrize("header", ["import Init\nopen Nat\n", ""])
@pytest.mark.parametrize("inside", [True, False])
def test_headers_and_endings(ending: str, header: str, inside: bool):
    text = f"theorem t (a b : Nat) : a + b = b + a{ending}"
    row = {"name": "t", "split": "valid", "goal": "", "informal_prefix": "/-- words -/\n"}
    row |= {"formal_statement": header + text} if inside else {"formal_statement": text, "header": header}
    (read,) = read_json(json.dumps(row), "x.jsonl", "", {})
    assert (read.binders, read.conclusion, read.split) == ("(a b : Nat)", "a + b = b + a", "valid")
    assert read.scope.opens == (("Nat",) if header else ()) and not read.proved and not read.objection


@pytest.mark.parametrize(
    ("row", "name", "statement"),
    [
        ({"name": "g", "lean4_code": "import Mathlib\n\ntheorem g : 1 = 1 := by sorry"}, "g", ": 1 = 1"),
        ({"uuid": "3a-f", "formal_statement": "import Mathlib\ntheorem n_1 : 1 = 1 := by sorry"}, "3a-f", ": 1 = 1"),
        ({"problem_name": "p", "lean4_statement": "theorem p (x : Nat) : x = x :=\nsorry"}, "p", "(x : Nat) : x = x"),
        ({"id": 7, "formal_statement": "(x : Nat) : x = x := by"}, "7", "(x : Nat) : x = x"),
        ({"id": 8, "formal_statement": "∀ x : Nat, x = x"}, "8", ": ∀ x : Nat, x = x"),
        ({"name": "m", "my_field": "lemma l : 1 = 1"}, "m", ": 1 = 1"),
    ],
    ids=["goedel", "numina", "putnam", "signature", "proposition", "mapped"],
)
def test_json_schemas(row: dict, name: str, statement: str):
    fields = {"statement": "my_field"} if "my_field" in row else {}
    (read,) = read_json(json.dumps(row), "x.jsonl", "", fields)
    assert (read.name, read.statement, read.objection) == (name, statement, "")


def test_bad_lines_are_rows_too():
    text = '{"name": "a", "other": 1}\nno json\n{"name": "b", "formal_statement": "theorem b : 1 = 1"}\n'
    rows = read_json(text, "x.jsonl", "", {})
    assert [bool(row.objection) for row in rows] == [True, True, False]
    assert "other" in rows[0].objection and rows[0].name == "a"
    with pytest.raises(UnknownField, match="statement"):
        read_json(text, "x.jsonl", "", {"nonsense": "name"})


def test_a_repository_of_one_theorem_a_file(tmp_path: Path):
    for split in ("Test", "Valid"):
        (tmp_path / "MiniF2F" / split).mkdir(parents=True)
        (tmp_path / "MiniF2F" / f"{split}.lean").write_text(f"import MiniF2F.{split}.train_1\n")
        (tmp_path / "MiniF2F" / split / "train_1.lean").write_text("import Mathlib\ntheorem t : 1 = 1 := by\n  sorry\n")
    (tmp_path / ".lake").mkdir()
    (tmp_path / ".lake" / "other.lean").write_text("theorem other : 1 = 1 := by sorry")
    (tmp_path / "MiniF2F" / "latin.lean").write_bytes(b"theorem \xff")
    reading = read_benchmark(tmp_path)
    assert reading.format is Format.MINIF2F and reading.files == 5
    assert [(row.name, row.split, bool(row.objection)) for row in reading.rows] == [
        *(("t", "test", False), ("t_2", "valid", False), ("MiniF2F_latin.lean", "test", True)),
    ]
    changed = reading.digest
    (tmp_path / "MiniF2F" / "Test" / "train_1.lean").write_text("theorem t : 2 = 2 := by sorry")
    assert read_benchmark(tmp_path).digest != changed


def test_splits_are_not_guessed(tmp_path: Path):
    lines = [
        {"name": n, "split": s, "formal_statement": "1 = 1"} for n, s in (("a", "miniF2F-test"), ("b", ""), ("c", "xy"))
    ]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    rows = read_benchmark(file, split="train").rows
    assert [(row.split, bool(row.objection)) for row in rows] == [("test", False), ("train", False), ("xy", True)]


def test_nothing_there_is_said(tmp_path: Path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(Unreadable):
            read_benchmark(path)
    (tmp_path / "empty.lean").write_text("-- theorem t : 1 = 1\n")
    with pytest.raises(Unreadable, match="no theorem"):
        read_benchmark(tmp_path)


def test_leandojo_rows_and_their_tactics(tmp_path: Path):
    step = {"tactic": "rfl", "annotated_tactic": ["rfl", []], "state_before": "⊢ 1 = 1", "state_after": "no goals"}
    row = {
        "url": "https://example.org/lean4",
        "commit": "0" * 40,
        "file_path": ".lake/packages/lean4/src/lean/Init/Core.lean",
        "full_name": "some.theorem",
        "start": [1, 1],
        "end": [2, 1],
        "traced_tactics": [step],
    }
    file = tmp_path / "val.json"
    file.write_text(json.dumps([row, {"no": "row"}]))
    reading = read_benchmark(file)
    assert reading.format is Format.LEANDOJO and [row.split for row in reading.rows] == ["valid", "valid"]
    assert reading.rows[0].library == "some.theorem" and reading.rows[0].extra["module"] == "Init.Core"
    assert reading.rows[1].objection
    assert reading.rows[0].traced == (TracedTactic("⊢ 1 = 1", "rfl", "no goals"),)
    file.write_text(json.dumps([row | {"traced_tactics": [{"tactic": 1}]}, row | {"traced_tactics": []}]))
    malformed, without = read_benchmark(file).rows
    assert "format" in malformed.objection and not without.objection and not without.traced


def test_tactics_inside_others_are_no_steps_of_their_own():
    two, left, right = "p q : Prop\n⊢ p ∧ q", "case left\np q : Prop\n⊢ p", "case right\np q : Prop\n⊢ q"
    alone, other = left.removeprefix("case left\n"), right.removeprefix("case right\n")
    flat = (
        TracedTactic(two, "constructor", f"{left}\n\n{right}"),
        TracedTactic(alone, "assumption", "no goals"),
        TracedTactic(other, "assumption", "no goals"),
    )
    assert linear(flat) == ["constructor", "assumption", "assumption"]
    outer = TracedTactic(two, "refine ⟨?_, ?_⟩ <;> assumption", "no goals")
    assert linear((outer, flat[1], flat[2])) == ["refine ⟨?_, ?_⟩ <;> assumption"]
    assert linear(flat[:2]) is None
    assert linear((flat[0], flat[2], flat[1])) is None


def test_a_printed_state_can_be_stated_where_its_names_can_be_written():
    state = "α : Type u_1\ninst✝ : DecidableEq α\na b : α\nh : a =\n  b\n⊢ b = a"
    assert statement_of_state(state) == ("(α : Type _) [DecidableEq α] (a b : α) (h : a = b)", "b = a")
    for other in ("no goals", "x✝ : Nat\n⊢ 0 = 0", "n : Nat := 3\n⊢ n = 3", "h✝ : 1 = 1\n⊢ 1 = 1"):
        assert statement_of_state(other) == ("", "")


@given(st.text(alphabet="ab\n\"'-/ \\«»r#x:=()", max_size=60))
def test_a_mask_keeps_every_position(text: str):
    masked = mask(text)
    assert len(masked) == len(text)
    assert all(m in (t, " ") and (t != "\n" or m == "\n") for m, t in zip(masked, text, strict=True))


def test_comments_go_and_strings_stay():
    assert without_comments('a /- b /- c -/ -/ "--" -- d\ne') == 'a   "--"  \ne'


@given(st.text(alphabet="theorm lsynaxpif:=()\n{}[]|by'\"-/", max_size=80))
def test_any_text_is_read(text: str):
    read_lean(text)
    read_lean(f"theorem t {text}\nopen {text}\nnamespace {text}\nend {text}\nvariable {text}\ntheorem u : 1 = 1")
