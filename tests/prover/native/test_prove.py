"""`flywheel prove --toolchain native`, and above all what it does not say of a proof.

The replies about axioms and goals at a `sorry` are written after Lean's form; the others are upstream's own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.theorem import Environment, Theorem
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.cli.prove import parse_statement
from prover.lean import Lean
from prover.native.prove import NativeProver, Unproved
from prover.policy import PolicyQuery, Proposal
from prover.rounds.attempt import Phase
from prover.search.budget import Budget
from prover.search.minimize import CHEAP_CLOSERS
from prover.sorries import Above, Posed, Poser, Statement
from tests.lean_env.native.conftest import StartNative
from tests.lean_env.native.player import Exchange, write_repl
from tests.lean_env.native.upstream import EXAMPLES, IMPORTED

ASSUMPTION = "theorem aa (x : Nat) (h1 : x  = 2) : x = 2"
Prove = Callable[..., int]
CLOSERS = [step.tactic for step in CHEAP_CLOSERS]


class Tries:
    """A policy that knows one tactic."""

    name = "tries"

    def __init__(self, tactic: str) -> None:
        self.tactic = tactic

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [[Proposal(self.tactic, -1.0)] for _ in queries]


def theorem_of(module: str) -> Theorem:
    return replace(parse_statement(ASSUMPTION), environment=Environment((module,)))


@pytest.fixture(scope="module")
def lean(imaged: Installation) -> Iterator[Lean]:
    with Lean(workers=1, installation=imaged) as lean:
        yield lean


def said(data: str, severity: str = "info", line: int = 1) -> str:
    message = {"severity": severity, "pos": {"line": line, "column": 0}, "endPos": None, "data": data}
    return json.dumps({"messages": [message], "env": 1}, ensure_ascii=False)


def axioms(data: str, name: str = "aa") -> Exchange:
    return Exchange(cmd=f"#print axioms {name}", reply=said(data))


@pytest.fixture
def prove(repository: Path, tmp_path: Path) -> Prove:
    """`flywheel prove` with a repl that gives these replies. Unconfined: the repl is a Python program here, which needs
    more of the machine than a Lean does."""

    def prove(what: str, exchanges: Sequence[Exchange], *options: str) -> int:
        write_repl(tmp_path / "repl", [IMPORTED, *exchanges])
        native = ["--toolchain", "native", "--repo", str(repository), "--repl", str(tmp_path / "repl")]
        return run(["prove", what, *native, "--i-trust-this-model", *options])

    return prove


def test_a_proof_over_mathlib_is_shown_and_not_certified(prove: Prove, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = axioms("'aa' does not depend on any axioms")
    assert prove(ASSUMPTION, [accepted, *EXAMPLES["assumption_proof"]], "--json") == DONE
    shown = json.loads(capsys.readouterr().out)
    assert shown["certified"] is False and "not certified" in shown["verdict"]
    assert shown["text"].startswith("import Mathlib\n") and shown["text"].endswith(":= by\n  assumption\n")


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (said("'aa' depends on axioms: [propext,\n Lean.ofReduceBool]"), "Lean.ofReduceBool"),
        (said("'aa'' depends on axioms: [sorryAx]"), "sorryAx"),
        (said("declaration uses `sorry`", "warning"), "sorry"),
        (said("unsolved goals\n⊢ x = 2", "error"), "unsolved goals"),
        (said("hello"), "does not say which axioms"),
        ('{"env": 1}', "does not say which axioms"),
        ('{"message": "Unknown environment."}', "Unknown environment."),
    ],
)
def test_a_proof_whose_text_is_not_accepted_is_none(
    native: StartNative, lean: Lean, reply: str, complaint: str
) -> None:
    replies = native([Exchange(cmd="#print axioms aa", reply=reply), *EXAMPLES["assumption_proof"]])
    with pytest.raises(Unproved, match=re.escape(complaint)):
        NativeProver(replies, lean, Phase(Tries("assumption"), Budget(4))).prove(theorem_of("Mathlib"))


def test_over_core_lean_the_gate_decides(prove: Prove, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove(ASSUMPTION, EXAMPLES["assumption_proof"], "--import", "Init", "--json") == DONE
    assert json.loads(capsys.readouterr().out)["certified"] is True


def test_a_native_lean_that_lies_gets_nothing_past_the_gate(native: StartNative, lean: Lean) -> None:
    """A hostile tactic can print any reply: `Completed` for whatever comes, and no axioms."""
    completed = EXAMPLES["assumption_proof"][1].reply
    forged = [
        axioms("'t' does not depend on any axioms", "t"),
        *EXAMPLES["app_type_mismatch"][:1],
        *(Exchange(tactic=tactic, reply=completed) for tactic in ("evil", *CLOSERS)),
    ]
    for tactic in ("evil", "rfl"):
        prover = NativeProver(native(forged), lean, Phase(Tries(tactic), Budget(4)))
        with pytest.raises(Unproved, match="not certified here: replay"):
            prover.prove(Theorem("t", ": 1 = 0", Environment(("Init",))))
    # For Mathlib there is no gate: its word is passed on as what it is.
    proof = prover.prove(Theorem("t", ": 1 = 0", Environment(("Mathlib",))))
    assert not proof.certified and "not certified" in proof.verdict


def test_a_files_sorries(prove: Prove, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "File.lean"
    file.write_text(f"import Mathlib\n\n{ASSUMPTION} := by\n  sorry\n", encoding="utf-8")
    opened, closed = EXAMPLES["assumption_proof"]
    goal = json.loads(opened.reply)["sorries"][0]["goal"]
    stated: list[Theorem] = []
    said_here = Posed("⊢ x = 2", (Statement("(x : Nat) (h1 : x = 2)", "x = 2", own_words=True),))
    Poser(Environment(("Init", "Mathlib")), stated.append).pose(Above("", ""), 4, said_here)
    name = stated[0].name
    exchanges = [
        axioms(f"'{name}' depends on axioms: [propext]", name),
        Exchange(cmd="trace_state", reply=said(goal, line=4)),
        Exchange(cmd=f"theorem {name} (x : Nat) (h1 : x = 2) : x = 2 := by sorry", reply=opened.reply),
        closed,
        Exchange(cmd=f"\n\n{ASSUMPTION} := by\n  sorry\n", reply=said("declaration uses `sorry`", "warning")),
        Exchange(cmd=f"\n\n{ASSUMPTION} := by\n  assumption\n", reply='{"env": 1}'),
    ]
    assert prove(str(file), exchanges) == DONE
    shown = capsys.readouterr()
    assert "-  sorry\n+  assumption\n" in shown.out
    assert "proved: assumption" in shown.err and "not certified" in shown.err


def test_without_trust_or_a_sandbox_nothing_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repl(tmp_path / "repl", [Exchange(cmd="import", then="hang")])
    monkeypatch.setenv("PATH", str(tmp_path))
    native = ["--toolchain", "native", "--repo", str(repository), "--repl", str(tmp_path / "repl")]
    assert run(["prove", ASSUMPTION, *native]) == CANNOT_START
    assert "bubblewrap" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--toolchain", "native"], "needs --repo"),
        (["--repo", "."], "--toolchain native"),
        (["--i-trust-this-model"], "--toolchain native"),
        (["--toolchain", "native", "--repo", "absent-folder"], "absent-folder"),
        (["--toolchain", "native", "--repo", ".", "--in-place"], "--in-place is for files"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["prove", "1 = 1", *options]) == CANNOT_START
    assert complaint in capsys.readouterr().err


def test_without_lean_interact_the_extra_is_named() -> None:
    hidden = (
        "import sys; sys.modules['lean_interact'] = None; from prover.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", hidden, "prove", "1 = 1", "--toolchain", "native", "--repo", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == CANNOT_START
    assert "pip install 'lean-flywheel[native]'" in done.stderr and "Traceback" not in done.stderr
