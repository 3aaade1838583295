"""`flywheel eval --toolchain native`: a benchmark in the layout of miniF2F, over a Lean that LeanDojo drives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lean_env.native.project import Project
from lean_env.shim.server import ShimServer
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.native_evaluation import NativeAttempt
from tests.native.conftest import write_lean

FILE = """import Mathlib

open Nat
{more}
theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  sorry

theorem opened (n : Nat) : succ n = n + 1 := by sorry

theorem too_hard (p : Nat → Prop) (n : Nat) : p n := by sorry

namespace Mine
theorem inside (a b : Nat) : a + b = b + a := by sorry
end Mine

theorem nonsense (n : Nat) : Nat.naught n = n := by sorry
def mine : Nat := 1
theorem about_mine : mine = 1 := by sorry
"""
Evaluate = Callable[..., int]


@pytest.fixture
def evaluate(repository: Path, elan: Path, project: Project, shim: ShimServer, tmp_path: Path) -> Evaluate:
    """Unconfined: see test_through_dojo.py."""
    write_lean(project, shim)
    project.toolchain.rename(elan / "toolchains" / "leanprover--lean4---v4.9.0")
    (repository / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n", encoding="utf-8")
    folder = tmp_path / "miniF2F" / "MiniF2F"
    folder.mkdir(parents=True)

    def evaluate(*options: str, more: str = "") -> int:
        (folder / "Test.lean").write_text(FILE.format(more=more), encoding="utf-8")
        bench = ["--bench", str(tmp_path / "miniF2F"), "--home", str(tmp_path / "home"), "--steps", "12"]
        native = ["--toolchain", "native", "--repo", str(repository), "--i-trust-this-model"]
        return run(["eval", *native, *bench, *options])

    return evaluate


def test_a_benchmark_is_attempted_and_nothing_is_stored(
    evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--json") == DONE
    shown = json.loads(capsys.readouterr().out)
    attempts = {one["outcome"]["theorem"]: one for one in shown["attempts"]}
    assert {name for name, one in attempts.items() if one["tactics"]} == {"swap", "opened", "Mine.inside"}
    assert "accepted by Lean v4.9.0, not certified" in attempts["swap"]["verdict"]
    assert attempts["too_hard"]["outcome"]["status"] == "unproved"
    # What cannot be stated is neither a failure nor left out in silence.
    assert "naught" in attempts["nonsense"]["verdict"] and attempts["nonsense"]["outcome"]["status"] == "error"
    assert "declares things before it" in shown["not_attempted"]["about_mine"]
    (arms,) = shown["evaluations"]
    assert "miniF2F".lower() in arms["benchmark"] and arms["unanswered"] == 1
    assert not (tmp_path / "home" / "corpus.db").exists()

    # Again: nothing but what went wrong is run.
    journal = tmp_path / "home" / "reports" / "native-minif2f-test" / "attempts.jsonl"
    before = journal.read_text(encoding="utf-8").splitlines()
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"arm": "portfolio", "outc')  # killed in the middle of a line
    assert evaluate() == DONE
    after = journal.read_text(encoding="utf-8").splitlines()
    assert after[: len(before)] == before
    assert [NativeAttempt.read(line).outcome.theorem for line in after[len(before) :]] == ["nonsense"]
    shown_again = " ".join(capsys.readouterr().out.split())
    assert "portfolio: native: accepted by Lean v4.9.0" in shown_again and "naught" in shown_again

    # Other settings, or other files, are another evaluation.
    assert evaluate("--steps", "13") == CANNOT_START
    assert "made with other settings" in capsys.readouterr().err
    assert evaluate(more="open Int\n") == CANNOT_START


def test_what_has_no_theorems_is_refused(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--split", "valid") == CANNOT_START
    assert "no valid theorems" in capsys.readouterr().err
    assert run(["eval", "--toolchain", "native", "--repo", ".", "--bench", "absent"]) == CANNOT_START
    assert run(["eval", "--toolchain", "native", "--repo", "."]) == CANNOT_START
    assert "needs --bench" in capsys.readouterr().err
    assert run(["eval", "--repo", "."]) == CANNOT_START
