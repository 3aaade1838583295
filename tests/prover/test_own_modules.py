"""Files of a project of several: what its own modules declare is known above each `sorry`, by the rules of headers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lean_env.embedded.worker import LeanRefused
from lean_env.gate.certificate import Certificate, KernelVerdict
from lean_env.lean_text.modules import OwnModules, own_modules
from lean_env.session.replay import replay
from lean_env.session.stating import StatementRefused
from lean_env.theorem import Environment, Header, Theorem
from prover.actions import own as actions
from prover.goal import parse_goal
from prover.lean import Lean

FILES = {
    "lakefile.toml": 'name = "toy"\n\n[[lean_lib]]\nname = "Toy"\nsrcDir = "src"\n',
    "src/Toy/Color.lean": """inductive Color where | red | green | blue
deriving DecidableEq
namespace Color
variable (c : Color)
def next : Color → Color | red => green | green => blue | blue => red
@[simp] theorem next_next_next : next (next (next c)) = c := by cases c <;> rfl
private def hidden : Nat := 1
local notation "†" c => next c
""",
    "src/Toy/Light.lean": """import Toy.Color
open Color
structure Light where
  color : Color
  on : Bool
def Light.step (l : Light) : Light := if l.on then { l with color := l.color.next } else l
theorem Light.step_off (c : Color) : (Light.mk c false).step = ⟨c, false⟩ := by simp [step]
""",
    "src/Toy/Count.lean": """import Toy.Color
import Std.Data.HashMap
lemma Color.red_or (c : Color) : c = .red ∨ c ≠ .red := Decidable.em _
def counts (cs : List Color) : Nat := cs.length
""",
    "src/Toy/Main.lean": """import Toy.Light
import Toy.Count

theorem round (c : Color) : c.next.next.next = c := by
  sorry

theorem stays (l : Light) (h : l.on = false) : l.step = l := by
  sorry
""",
}


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


@pytest.fixture
def main(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "src/Toy/Main.lean"


def read(lean: Lean, file: Path) -> tuple[OwnModules, Environment]:
    own = own_modules(file, file.read_text(encoding="utf-8"), lean.library.modules)
    return own, Environment(own.imports, Header(own.text))


def test_a_theorem_over_three_modules_is_certified_by_both_kernels(lean: Lean, main: Path) -> None:
    _, environment = read(lean, main)
    theorem = Theorem("round", "(c : Color) : (Light.mk c.next.next.next false).step = ⟨c, false⟩", environment)
    stated = lean.stated(theorem)
    proof = replay(lean.replayers, theorem, ["rw [Light.step_off]", "simp"]).proof_ndjson
    certificate = lean.gate.check(theorem, proof, stated)
    assert isinstance(certificate, Certificate), certificate
    assert certificate.kernels["second"].verdict is KernelVerdict.ACCEPT
    assert certificate.header_digest


def test_scopes_and_private_names_end_with_their_module(lean: Lean, main: Path) -> None:
    _, environment = read(lean, main)
    for text in ("example : Nat := Color.hidden", "example (c : Color) : Color := † c", "example : Color := red"):
        assert [message.severity for message in lean.messages(environment, text)] == ["error"], text
    assert lean.messages(environment, "#guard_msgs in example : Color.red.next = .green := rfl") == []


def test_theorems_and_definitions_of_modules_are_offered(lean: Lean, main: Path) -> None:
    _, environment = read(lean, main)
    goal = parse_goal("l : Light\n⊢ Light.step l = l")
    assert actions.definitions(environment, goal)[0] == "Light.step"
    offered = [premise.name for premise in actions.premises(environment, goal, ())]
    assert {"Light.step_off", "Color.next_next_next", "Color.red_or"} <= set(offered)


def test_the_rules_of_headers_hold_in_modules_and_the_refusal_names_the_chain(lean: Lean, main: Path) -> None:
    color = main.with_name("Color.lean")
    chain = "Main.lean imports Toy.Light, which imports Toy.Color: module Toy.Color, line "
    for added, said in (
        ("axiom no : False\n", "9: a header may not contain `axiom`"),
        ("initialize IO.println 1\n", "9: a header may not contain `initialize`"),
        ("theorem no : 1 = 2 := rfl\n", "9: "),
        ("end Color\nend Color\n", "10: "),
    ):
        color.write_text(FILES["src/Toy/Color.lean"] + added)
        own, environment = read(lean, main)
        with pytest.raises(LeanRefused) as refused:
            lean.messages(environment, "")
        assert own.blame(refused.value.message).startswith(chain + said), refused.value.message
        with pytest.raises(StatementRefused):
            lean.stated(Theorem(f"true {added}", ": True", environment))


def test_names_that_meet_are_an_error(lean: Lean, main: Path) -> None:
    for added, said in (
        ("def counts : Nat := 1\n", "`counts` has already been declared"),
        ("private def Color.hidden : Nat := 1\n", "private `Color.hidden` is declared by another module as well"),
    ):
        main.with_name("Light.lean").write_text(FILES["src/Toy/Light.lean"] + added)
        own, environment = read(lean, main)
        with pytest.raises(LeanRefused) as refused:
            lean.messages(environment, "")
        assert said in own.blame(refused.value.message)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", "from prover.cli.main import main; main()", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def test_flywheel_prove_fills_a_file_of_a_project(main: Path) -> None:
    done = command("prove", str(main), "--json", "--steps", "64")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proved"] == 2


def test_what_cannot_be_imported_is_one_line_and_status_2(main: Path) -> None:
    main.with_name("Count.lean").write_text("import Mathlib.Tactic\n")
    done = command("prove", str(main))
    assert done.returncode == 2
    assert (
        "Main.lean imports Toy.Count, which imports Mathlib.Tactic, which the embedded Lean does not have"
        in done.stderr
    )
