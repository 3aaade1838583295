"""`flywheel eval --toolchain native`: a benchmark in the layout of miniF2F, over a Lean that LeanDojo drives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from lean_env.benchmark.external import Row
from lean_env.lean_text.scope import Scope
from lean_env.native.project import Project
from lean_env.session.leandojo import DojoInitError
from lean_env.shim.server import ShimServer
from lean_env.theorem import Environment, Theorem
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.evaluation.evaluate import Arm
from prover.native.evaluation import Journal, NativeAttempt, OtherSettings, evaluate_natively, native_theorems
from prover.search.budget import Budget
from tests.lean_env.native.conftest import write_lean

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


def test_a_proof_that_comes_with_the_interruption_is_kept(tmp_path: Path) -> None:
    stop, names = threading.Event(), ("first", "second", "third")
    proved = TheoremOutcome("first", "", AttemptStatus.PROVED, 1, 1, 0, 0.0, 0.0, 0.0, 0, 0.0)
    ended = replace(proved, theorem="second", status=AttemptStatus.UNPROVED, steps_to_proof=None)

    def attempt(_arm: str, _prover: object, forms: tuple[Theorem, ...], _stopped: object) -> NativeAttempt:
        if forms[0].name == "first":
            stop.set()
            return NativeAttempt("portfolio", proved, "its word", tactics=("rfl",))
        return NativeAttempt("portfolio", ended, "stopped")

    with pytest.MonkeyPatch.context() as patch, Journal.open(tmp_path / "attempts.jsonl", {}) as journal:
        patch.setattr("prover.native.evaluation.attempt_natively", attempt)
        nothing: Any = None
        evaluation = evaluate_natively(
            [Arm("portfolio", nothing, Budget(1))],
            [(Theorem(name, ": 1 = 1", Environment(())),) for name in names],
            nothing,
            nothing,
            journal,
            benchmark="b",
            split="test",
            seed=0,
            workers=1,
            stop=stop,
            on_progress=lambda *_: None,
        )
    assert evaluation.interrupted and not evaluation.arms
    with Journal.open(tmp_path / "attempts.jsonl", {}) as journal:
        assert [(a.outcome, a.tactics) for a in journal.attempts] == [(proved, ("rfl",))]
    with pytest.raises(OtherSettings), Journal.open(tmp_path / "attempts.jsonl", {"steps": 2}):
        pass


def test_what_lean_does_not_take_is_asked_once(tmp_path: Path) -> None:
    asked = []

    class Prover:
        def prove(self, theorem: Theorem, _stopped: object) -> None:
            asked.append(theorem.statement)
            raise DojoInitError("unknown identifier")

    nothing: Any = None
    with pytest.MonkeyPatch.context() as patch, Journal.open(tmp_path / "attempts.jsonl", {}) as journal:
        patch.setattr("prover.native.evaluation.NativeProver", lambda *_, **__: Prover())
        evaluation = evaluate_natively(
            [Arm("portfolio", nothing, Budget(1)), Arm("M_1", nothing, Budget(1), settings={"model": "a"})],
            [(Theorem("t", ": open A in b", Environment(())), Theorem("t", ": b", Environment(())))],
            nothing,
            nothing,
            journal,
            benchmark="b",
            split="test",
            seed=0,
            workers=1,
            stop=threading.Event(),
            on_progress=lambda *_: None,
        )
        assert asked == [": open A in b", ": b"] and evaluation.unanswered == 1
        assert [a.arm for a in journal.attempts] == ["portfolio", "M_1 from a"]


def test_what_a_file_opens_stands_in_the_statement() -> None:
    scope = Scope(imports=("Mathlib",), opens=("Nat", "scoped BigOperators"), namespaces=("Mine",))
    row = Row("Mine.t", "(n : ℕ)", "n ! = n !", scope, "File.lean:3", "test")
    assert [theorem.statement for theorem in native_theorems(row)] == [
        ": open Mine in open Nat in open scoped BigOperators in ∀ (n : ℕ), n ! = n !",
        ": open Nat in open scoped BigOperators in ∀ (n : ℕ), n ! = n !",
    ]
    (plain,) = native_theorems(Row("t", "(n : ℕ)", "n = n", Scope(imports=("Mathlib",)), "File.lean:3"))
    assert plain.statement == "(n : ℕ) : n = n" and plain.environment.imports == ("Init", "Mathlib")
    with pytest.raises(ValueError, match="variables"):
        native_theorems(replace(row, objection="needs the file's variables: (x : ℝ)"))
