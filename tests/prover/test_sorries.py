"""`flywheel prove FILE.lean` on a file of twenty `sorry`s, on the real Lean."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lean_env.limits import Limits
from lean_env.session.elaborate import Message
from lean_env.theorem import Environment
from prover.lean import Lean
from prover.sorries import Block, LeanFile, Pose, Poser

SOURCE = Path(__file__).with_name("twenty_sorries.lean")


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(1, Limits(heartbeats=200_000, soft_ms=10_000)) as lean:
        yield lean


def command(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = ["prove", str(path), "--steps", "64", *options]
    return subprocess.run(
        [sys.executable, "-c", "from prover.cli.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_hole_has_its_goal_and_comments_have_none(lean: Lean) -> None:
    readings: list[str] = []

    def check(environment: Environment, text: str) -> list[Message]:
        readings.append(text)
        return lean.messages(environment, text)

    holes = LeanFile(SOURCE.read_text(), check).holes()
    assert len(holes) == 20 and all(hole.goal for hole in holes)
    assert len(readings) <= 5, "all goals of a file are read together"
    by_line = {hole.line: hole for hole in holes}
    assert by_line[12].goals[0].statements[0].text == "(p : Prop) (q : Prop) (r : Prop) (hp : p) (hq : q) (hr : r) : p"
    assert by_line[34].goals[0].statements[0].text == "(n : Nat) (h : Nat.succ n = n) : False"
    assert "@List.nil" in by_line[26].goals[0].statements[1].text
    assert "[inst_1 : DecidableEq α]" in by_line[63].goals[0].statements[0].text
    assert {hole.tactic for hole in holes if hole.line in (3, 21, 43, 50, 56)} == {False}


@pytest.mark.long
def test_in_place_the_file_elaborates_and_only_the_hard_and_false_ones_are_left(tmp_path: Path, lean: Lean) -> None:
    path = tmp_path / "Twenty.lean"
    shutil.copy(SOURCE, path)
    ran = command(path, "--in-place", "--json")
    assert ran.returncode == 1, ran.stderr
    answer = json.loads(ran.stdout)
    left = {found["line"]: found["reason"] for found in answer["sorries"] if not found["tactics"]}
    # The goals about the file's own `double` are among those that are proved.
    assert {56, 59} <= set(left) and not {39, 43, 44} & set(left) and answer["proved"] >= 16
    new = path.read_text()
    before, after = (LeanFile(text, lean.messages).messages(text) for text in (SOURCE.read_text(), new))
    assert not [message for message in after if message.severity == "error"]
    assert len([m for m in after if "sorry" in m.data]) < len([m for m in before if "sorry" in m.data])
    assert len(re.findall(r"(?<!in a comment, and )\bsorry\b", new)) < 20
    patched = tmp_path / "Patched.lean"
    shutil.copy(SOURCE, patched)
    applied = subprocess.run(
        ["patch", str(patched)], input=answer["patch"], text=True, capture_output=True, check=False
    )
    assert applied.returncode == 0 and patched.read_text() == new


ODD = """theorem a (n : Nat) : n = n ∧ n + 0 = n := ⟨by sorry, by sorry⟩
@[simp] theorem b (f : Nat → Nat) : f 0 = f (0 + 0) :=
  (fun h : 1 = 1 =>
    sorry) rfl
theorem c (f : Nat → Nat) : f 0 = f (0 + 0) ∧ True := by
  constructor
  · sorry
  all_goals sorry
theorem d (n : Nat) : n = n := if h : n = 0 then by
  sorry else sorry
"""


def test_goals_that_are_read_together_are_those_that_each_has_by_itself(lean: Lean) -> None:
    """Also below a word that is not what it looks like: there nothing is believed before it is read right."""
    file = LeanFile(ODD, lean.messages)
    holes = file.holes()
    assert holes == [file._hole(hole.offset) for hole in holes] and [hole.tactic for hole in holes].count(False) == 2
    seen = file._seen_together([hole.offset for hole in holes])
    assert len(seen) >= 3 and all(hole in holes for hole in seen.values())


def test_a_proof_that_does_not_fit_changes_nothing(lean: Lean) -> None:
    text = "theorem t (p : Prop) (h : p) : p := by\n  sorry\n"
    file = LeanFile(text, lean.messages)
    (hole,) = file.holes()
    same, objection = file.filled(text, hole, [Block(("exact absurd h",))])
    assert same == text and objection
    assert file.filled(text, hole, [Block(("exact h",))]) == (text.replace("sorry", "exact h"), "")


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Needs.lean"
    path.write_text("import Mathlib\ntheorem t : True := sorry\n")
    ran = command(path)
    assert ran.returncode == 2 and "imports Mathlib" in ran.stderr
    missing = command(tmp_path / "missing.lean")
    assert missing.returncode == 2 and "cannot be read" in missing.stderr


OWN = """
structure Stack where
  items : List Nat
#eval 1
def Stack.size (s : Stack) : Nat := s.items.length
theorem left_open : 1 = 2 := by
  sorry
mutual
def ev : Nat → Bool
  | 0 => true
  | n + 1 => od n
def od : Nat → Bool
  | 0 => false
  | n + 1 => ev n
end
namespace Stack
variable (s : Stack)
def push (t : Stack) (n : Nat) : Stack := ⟨n :: t.items⟩
infixl:65 " <+ " => push
/-- Doc. -/
@[simp] theorem grows (n : Nat) : (s <+ n).size = s.size + 1 := by
  sorry
end Stack
theorem four : ev 4 = true := by
  sorry
def datum : Nat := sorry
"""


def test_a_goal_is_stated_under_what_stands_above_its_command(lean: Lean) -> None:
    file = LeanFile(OWN, lean.messages)
    holes = {hole.line: hole for hole in file.holes()}
    grows, four = (file.above(OWN, holes[line]) for line in (22, 25))
    assert grows.text.endswith('" <+ " => push\n')
    # What is left to prove is no lemma, what only prints is gone, and every line keeps its number.
    assert "left_open" not in four.text and "grows" not in four.text and "#eval" not in four.text
    assert four.unproved == ("left_open", "Stack.grows") and "left_open" in four.with_open
    assert four.text.split("\n")[7] == "mutual" == OWN.split("\n")[7]
    pose = Poser(file.environment, lean.stated).pose(four, 25, holes[25].goals[0])
    assert isinstance(pose, Pose) and pose.theorem.environment.header is not None
    assert pose.theorem.statement == ": ev 4 = true" and lean.stated(pose.theorem).header_ndjson


def test_goals_about_what_the_file_declares_are_proved(tmp_path: Path) -> None:
    path = tmp_path / "Own.lean"
    path.write_text(OWN)
    answer = json.loads(command(path, "--json").stdout)
    found = {one["line"]: one for one in answer["sorries"]}
    assert found[22]["tactics"] and found[25]["tactics"] and not found[7]["tactics"]
    assert found[26]["reason"] == "a value of type `Nat` is wanted, not a proof"


def test_a_statement_that_lean_does_not_understand_is_left_with_its_words() -> None:
    """Lean goes on after an error in a statement, with `sorry` as what it says."""

    def check(_environment: Environment, text: str) -> list[Message]:
        error = Message("error", "unexpected token", 1, 24)
        return [error, *([Message("information", "a : Nat\n⊢ sorry", 2, 2)] if "trace_state" in text else [])]

    (hole,) = LeanFile("theorem t (a : Nat) : a +- = a := by\n  sorry\n", check).holes()
    assert hole.reason == "Lean does not understand its statement: line 1: unexpected token"


def test_a_byte_order_mark_and_lemma_are_read_and_lines_stay() -> None:
    seen: list[tuple[Environment, str]] = []

    def check(environment: Environment, text: str) -> list[Message]:
        seen.append((environment, text))
        return []

    text = "\ufeffimport Init.Core\n-- lemma\n@[simp] private lemma a : 1 = 1 := rfl\ntheorem lemma' : a.lemma := rfl\n"
    assert LeanFile(text, check).messages(text) == []
    assert seen == [
        (
            Environment(("Init", "Init.Core")),
            "\n-- lemma\n@[simp] private theorem a : 1 = 1 := rfl\ntheorem lemma' : a.lemma := rfl\n",
        )
    ]


def test_imports_are_blanked_and_lines_stay(lean: Lean) -> None:
    seen: list[tuple[Environment, str]] = []

    def check(environment: Environment, text: str) -> list[Message]:
        seen.append((environment, text))
        return lean.messages(environment, text)

    file = LeanFile("import Init.Data.List.Lemmas\n-- import Foo\ntheorem t : 1 = 1 := sorry\n", check)
    (hole,) = file.holes()
    assert hole.line == 3 and file.environment == Environment(("Init", "Init.Data.List.Lemmas"))
    assert all(text.count("\n") == 3 for _, text in seen)


def test_a_file_over_std_and_a_question_mark_that_is_no_unknown(tmp_path: Path) -> None:
    path = tmp_path / "Maps.lean"
    path.write_text(
        "import Std.Data.HashMap\n\n"
        "theorem found (m : Std.HashMap Nat Nat) (k v : Nat) : (m.insert k v)[k]? = some v := by\n  sorry\n\n"
        "theorem holds (m : Std.HashMap Nat Nat) (k v : Nat) : (m.insert k v).contains k := by\n  sorry\n\n"
        "theorem first (xs : List Nat) : (0 :: xs).head?.isSome := by\n  sorry\n"
    )
    ran = command(path, "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
