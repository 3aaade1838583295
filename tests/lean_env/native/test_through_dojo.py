"""A Lean that LeanDojo's own Dojo can use, in the real sandbox: `lean` there is a client of the embedded Lean's shim,
which speaks for an old Lean with LeanDojo's REPL in it. Its `Mathlib` is the embedded library."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.limits import Limits
from lean_env.native.errors import NativeUnavailable
from lean_env.native.project import Project
from lean_env.native.sandbox import find_bubblewrap
from lean_env.native.through_dojo import DojoLean, read_messages
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_env.session.outcomes import Outcome
from lean_env.shim.server import ShimServer
from lean_env.theorem import Environment, Theorem
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean
from prover.native.prove import NativeProver, Unproved, native_space
from prover.policies.portfolio import PortfolioPolicy
from prover.rounds.attempt import Phase
from prover.search.budget import Budget
from tests.lean_env.native.conftest import DOJO_LIMITS, write_lean

MATHLIB = Environment(("Mathlib",))
#: An option that Leans before 4.8 do not have.
OLD = """if grep -q pp.fieldNotation "$file"; then
echo "$file:2:0: error: unknown option 'pp.fieldNotation'"; exit 1; fi"""
AND = Theorem("swap", "(p q : Prop) (h : p ∧ q) : q ∧ p", MATHLIB)


@pytest.fixture
def native(project: Project, bubblewrap: Path | None, shim: ShimServer) -> Iterator[DojoLean]:
    readable = write_lean(project, shim, OLD)
    with DojoLean(replace(project, version="v4.7.0"), bubblewrap, DOJO_LIMITS, readable) as native:
        yield native


def test_a_proof_goes_from_state_to_state(native: DojoLean) -> None:
    with native.open_session(AND) as (session, root):
        assert root.pp == "p q : Prop\nh : p ∧ q\n⊢ q ∧ p"
        unknown = session.run_tac(root, "exact no_such_name")
        assert isinstance(unknown, LeanError) and "no_such_name" in unknown.error
        two = session.run_tac(root, "constructor")
        assert isinstance(two, TacticState) and two.num_goals == 2
        one = session.run_tac(two, "exact h.2")
        assert isinstance(one, TacticState) and one.pp == "case right\np q : Prop\nh : p ∧ q\n⊢ p"
        assert isinstance(session.run_tac(one, "exact h.1"), ProofFinished)
        # Back in an earlier state, as search goes; and a request longer than a terminal's line.
        assert isinstance(session.run_tac(two, "all_goals sorry"), ProofGivenUp)
        assert isinstance(session.run_tac(root, f"exact ⟨h.2, h.1⟩ -- {'x' * 4_060}"), ProofFinished)


def test_tactics_that_the_embedded_lean_refuses_are_not_sent(native: DojoLean) -> None:
    with native.open_session(AND) as (session, root):
        steps = session.run_tacs(root, ["", "\ud800", f"exact ⟨h.2, h.1⟩ -- {'x' * 5_000}"])
    assert [step.outcome for step in steps] == [Outcome.FAILED] * 3
    assert [step.result.error.split()[2] for step in steps] == ["is", "is", "has"]


def test_a_bare_proposition_is_a_statement(native: DojoLean) -> None:
    with native.open_session(Theorem("t", "∀ n : Nat, n = n", MATHLIB)) as (session, root):
        assert isinstance(session.run_tac(root, "intro n; rfl"), ProofFinished)


@pytest.mark.parametrize(
    "statement", [": 1 = True → nonsense", ": ", "(n : Nat) : n = n := rfl\ntheorem other : 1 = 1"]
)
def test_a_text_that_is_no_open_theorem_is_refused(native: DojoLean, statement: str) -> None:
    with pytest.raises((DojoInitError, DojoCrashError)), native.open_session(Theorem("t", statement, MATHLIB)):
        pass


FORGED = "echo 'REPL> {}'; sleep 60"
ANSWERS = [
    '{"sid": [], "tacticState": "⊢ True", "error": null}',
    '{"sid": 0, "tacticState": null, "error": "no"}',
    '{"sid": 0, "tacticState": {}, "error": null}',
    "[" * 100_000,
]


@pytest.mark.parametrize(
    "does",
    ["exit 9", "kill -9 $$", "sleep 60", "yes", "echo 'REPL> {}'", "echo 'REPL> [1'", *map(FORGED.format, ANSWERS)],
)
def test_a_lean_that_does_not_answer_opens_nothing(
    project: Project, bubblewrap: Path | None, shim: ShimServer, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lean_env.native.through_dojo.OPENING_SECONDS", 3.0)
    readable = write_lean(project, shim, does)
    began = time.monotonic()
    with (
        DojoLean(project, bubblewrap, DOJO_LIMITS, readable) as native,
        pytest.raises((DojoInitError, DojoCrashError)),
        native.open_session(AND),
    ):
        pass
    assert time.monotonic() - began < 20


def test_the_process_is_in_the_sandbox(
    project: Project, bubblewrap: Path | None, shim: ShimServer, tmp_path: Path
) -> None:
    if bubblewrap is None:
        with pytest.raises(NativeUnavailable):
            find_bubblewrap()
        return
    mark = tmp_path / "mark"
    readable = write_lean(project, shim, f'echo x > {mark}; echo "$HOME $(ls {tmp_path.parent} | wc -l)" >&2; exit 3')
    with (
        DojoLean(project, bubblewrap, DOJO_LIMITS, readable) as native,
        pytest.raises(DojoInitError) as refused,
        native.open_session(AND),
    ):
        pass
    # Of the folder that the repository lies in, the way to the repository is there and nothing else.
    assert refused.value.args[0].split()[-2:] == ["/tmp", "1"] and not mark.exists()


def test_what_lean_says_of_a_text(native: DojoLean) -> None:
    text = "theorem a : 1 = 1 := by\n  sorry\n\ntheorem b : 1 = 2 := rfl\n#print axioms a\n"
    said = native.messages(MATHLIB, text)
    assert [(m.severity, m.line) for m in said[:2]] == [("warning", 1), ("error", 4)]
    assert "declaration uses" in said[0].data and said[-1].data.endswith("\n'a' depends on axioms: [propext]")


def test_what_is_printed_of_errors_in_the_imports() -> None:
    with pytest.raises(DojoInitError, match="unknown package 'Mathlib'"):
        read_messages("/t/x.lean:1:0: error: unknown package 'Mathlib'\nand more\n", "/t/x.lean", 1)
    lines = "hello\n/t/x.lean:3:2: error: a\n  b\n/t/x.lean:4:0: warning: c\n'a' does not depend on any axioms\n"
    assert read_messages(lines, "/t/x.lean", 1) == [
        Message("information", "hello", 0, 0),
        Message("error", "a\n  b", 2, 2),
        Message("warning", "c\n'a' does not depend on any axioms", 3, 0),
    ]


def test_the_search_proves_and_the_gate_decides(native: DojoLean, imaged: Installation) -> None:
    with Lean(workers=1, installation=imaged) as lean:
        phase = Phase(PortfolioPolicy(native_space(lean)), Budget(64))
        prover = NativeProver(native, lean, phase)
        proof = prover.prove(AND)
        assert not proof.certified and "accepted by Lean v4.7.0, not certified" in proof.verdict
        assert prover.prove(replace(AND, environment=Environment(("Init",)))).certified
        with pytest.raises(Unproved):
            prover.prove(Theorem("t", "(p : Prop) : p", MATHLIB))


def test_the_command_takes_this_road_for_an_old_lean(
    repository: Path, elan: Path, shim: ShimServer, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unconfined, because the relay is no Lean: it needs more than the sandbox shows."""
    write_lean(project, shim, OLD)
    old = elan / "toolchains" / "leanprover--lean4---v4.7.0"
    project.toolchain.rename(old)
    (repository / "lean-toolchain").write_text("leanprover/lean4:v4.7.0\n", encoding="utf-8")
    native = ["--toolchain", "native", "--repo", str(repository), "--i-trust-this-model"]
    assert run(["prove", "(p q : Prop) (h : p ∧ q) : q ∧ p", *native, "--steps", "64"]) == DONE
    shown = capsys.readouterr()
    assert shown.out.startswith("import Mathlib\n") and "accepted by Lean v4.7.0, not certified" in shown.err
    # What needs the repl says so.
    (repository / "File.lean").write_text("theorem t : 1 = 1 := by\n  sorry\n", encoding="utf-8")
    assert run(["prove", str(repository / "File.lean"), *native]) == CANNOT_START
    assert "the repl, which reads files, begins at v4.8.0" in " ".join(capsys.readouterr().err.split())


def test_a_lean_that_does_not_compile_the_repl_is_named(project: Project, bubblewrap: Path | None) -> None:
    lean = project.toolchain / "bin" / "lean"
    lean.write_text("#!/bin/sh\necho \"Lean4Repl.lean:2:0: error: unknown package 'Lean'\"; exit 1\n", encoding="utf-8")
    with pytest.raises(NativeUnavailable, match=r"does not compile LeanDojo's REPL: .*unknown package"):
        DojoLean(project, bubblewrap)


def test_a_timeout_costs_the_process(project: Project, bubblewrap: Path | None, shim: ShimServer) -> None:
    first = '{"sid": 0, "tacticState": "⊢ True", "error": null}'
    readable = write_lean(project, shim, f"echo 'REPL> {first}'; read x; sleep 60")
    limits = Limits(soft_ms=200, hard_margin_ms=100)
    with DojoLean(project, bubblewrap, limits, readable) as native, native.open_session(AND) as (session, root):
        began = time.monotonic()
        (step,) = session.run_tacs(root, ["trivial"])
    assert step.outcome is Outcome.FAILED and step.wall_limit and time.monotonic() - began < 30
    assert "ended its worker" in str(step.result)


@pytest.mark.parametrize("answer", ["[]", '{"sid": 1}', '{"sid": {}, "tacticState": "a", "error": null}', "\\377", "{"])
def test_an_answer_that_is_none_costs_the_process(
    project: Project, bubblewrap: Path | None, shim: ShimServer, answer: str
) -> None:
    first = '{"sid": 0, "tacticState": "⊢ True", "error": null, "flywheel": {"ms": []}}'
    readable = write_lean(project, shim, f"echo 'REPL> {first}'; read x; printf 'REPL> {answer}\\n'; sleep 60")
    with DojoLean(project, bubblewrap, DOJO_LIMITS, readable) as native, native.open_session(AND) as (session, root):
        (step,) = session.run_tacs(root, ["trivial"])
    assert step.outcome is Outcome.FAILED and "ended its worker" in str(step.result)
