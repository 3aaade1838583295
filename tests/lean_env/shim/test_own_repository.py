"""A user's repository and a user's script: `flywheel dojo env --trace REPO -- python script.py`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import git
import pytest

from lean_env.shim.spans import theorems_in
from tests.lean_env.shim.conftest import read_exports

TOY = """import Init.Data.List.Lemmas
/-! theorem in_a_comment : False := by -/

namespace Toy

/-- Twice. theorem also_in_a_comment : 1 = 1 := by rfl -/
def double (n : Nat) : Nat := n + n -- not a theorem x : y := by

section
variable {α : Type}

@[simp] protected theorem double_zero (h : (1 : Nat) = 1 := rfl) : double 0 = 0 := by
  -- a comment
  rfl

end

theorem string : "theorem q : p := by" ≠ "é" := by
  decide

private theorem term : let x := 1; x = 1 := rfl

end Toy

theorem _root_.above.{u} {α : Sort u} (a : α) (h : Toy.double 2 = 4) :
    a = a ∧ Toy.double 2 = 4 :=
  by exact ⟨rfl, h⟩

theorem by_cases' : Nat → True
  | 0 => trivial
  | _ => trivial
"""

SCRIPT = """
import json, sys
from lean_dojo import Dojo, LeanGitRepo, Theorem

repo = LeanGitRepo.from_path(sys.argv[1])
said = []
for name, tactics in json.loads(sys.argv[2]):
    with Dojo(Theorem(repo, sys.argv[3], name)) as (dojo, state):
        said.append([state.pp])
        for tactic in tactics:
            result = dojo.run_tac(state, tactic)
            said[-1].append([type(result).__name__, getattr(result, "pp", getattr(result, "error", ""))])
            state = result if hasattr(result, "pp") else state
print(json.dumps(said))
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    repository = git.Repo.init(tmp_path / "toy")
    folder = Path(repository.working_dir)
    (folder / "Deep").mkdir()
    (folder / "Deep" / "Toy.lean").write_text(TOY)
    (folder / "lean-toolchain").write_text("leanprover/lean4:v4.28.0\n")
    repository.git.add(all=True)
    repository.index.commit("Toy", author=git.Actor("a", "a@b"), committer=git.Actor("a", "a@b"))
    return folder


def flywheel(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from prover.cli.main import main; main()", *arguments]


def test_theorems_are_found_where_they_stand() -> None:
    spans = list(theorems_in(TOY))
    assert [span.full_name for span in spans] == ["Toy.double_zero", "Toy.string", "Toy.term", "above"]
    for span in spans:
        assert TOY.startswith("theorem", span.start)
        assert TOY.startswith(":=", span.colon_equals)
    proofs = [TOY[span.proof : span.end] for span in spans]
    assert proofs == ["by\n  -- a comment\n  rfl", "by\n  decide", "rfl", "by exact ⟨rfl, h⟩"]


def test_a_users_script(toy: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    walks = [
        ["Toy.double_zero", ["unfold double", "rfl"]],
        ["Toy.string", ["sorry", "exact (", "decide"]],
        ["Toy.term", ["intro x", "rfl"]],
        ["above", ["constructor", "rfl", "exact h"]],
    ]
    command = flywheel("dojo", "env", "-j1", "--trace", str(toy), "--")
    command += [sys.executable, str(script), str(toy), json.dumps(walks), "Deep/Toy.lean"]
    variables = {**os.environ, "CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 theorems" in done.stderr
    zero, string, term, above = json.loads(done.stdout)
    assert zero[0] == "h : 1 = 1\n⊢ Toy.double 0 = 0".replace("Toy.", "")
    assert [kind for kind, _ in zero[1:]] == ["TacticState", "ProofFinished"]
    assert [kind for kind, _ in string[1:]] == ["ProofGivenUp", "LeanError", "ProofFinished"]
    assert [kind for kind, _ in term[1:]] == ["TacticState", "ProofFinished"]
    assert [kind for kind, _ in above[1:]] == ["TacticState", "TacticState", "ProofFinished"]
    assert above[1][1].startswith("case left\n") and above[2][1].startswith("case right\n")


def test_a_repository_of_several_files(toy: Path, tmp_path: Path) -> None:
    """The theorem is about what two other modules declare, one of which imports the other."""
    for path, text in {
        "lakefile.toml": 'name = "toy"\n[[lean_lib]]\nname = "Own"\nsrcDir = "lean"\n',
        "lean/Own/Color.lean": "inductive Color | red | blue\n"
        "def Color.next : Color → Color | red => blue | blue => red\n",
        "lean/Own/Light.lean": "import Own.Color\nimport Std.Data.HashMap\nopen Color\nstructure Light where\n"
        "  color : Color\n  seen : Std.HashMap Nat Nat\n"
        "def Light.step (l : Light) : Light := { l with color := l.color.next }\n"
        "@[simp] theorem Color.twice (c : Color) : next (next c) = c := by cases c <;> rfl\n",
        "lean/Own/Main.lean": "import Own.Light\n\ntheorem back (l : Light) : l.step.step = l := by\n  sorry\n\n"
        "namespace Own\ndef two := 2\ntheorem lit (c : Color) : c.next.next = c ∧ two = 2 := by sorry\n",
        "lean/Own/Round.lean": "import Own.Round\ntheorem never : True := by sorry\n",
    }.items():
        (toy / path).parent.mkdir(parents=True, exist_ok=True)
        (toy / path).write_text(text)
    repository = git.Repo(toy)
    repository.git.add(all=True)
    repository.index.commit("More", author=git.Actor("a", "a@b"), committer=git.Actor("a", "a@b"))
    repository.close()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    variables = {**os.environ, "CACHE_DIR": str(tmp_path / "cache")}

    walks = [["back", ["unfold Light.step", "simp"]], ["Own.lit", ["constructor", "simp", "rfl"]]]
    command = flywheel("dojo", "env", "-j1", "--trace", str(toy), "--", sys.executable, str(script), str(toy))
    command += [json.dumps(walks), "lean/Own/Main.lean"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    back, lit = json.loads(done.stdout)
    assert back[0] == "l : Light\n⊢ Light.step (Light.step l) = l"
    assert [kind for kind, _ in back[1:]] == ["TacticState", "ProofFinished"]
    assert [kind for kind, _ in lit[1:]] == ["TacticState", "TacticState", "ProofFinished"]

    # LeanDojo says "Unexpected EOF" of what cannot be opened; the reason is on the terminal.
    command = flywheel("dojo", "env", "-j1", "--", "lake", "env", "lean", "lean/Own/Round.lean")
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Round.lean imports Own.Round, which is the file itself" in done.stdout


def test_the_commands_exit_code_is_passed_on() -> None:
    command = flywheel("dojo", "env", "-j1", "--", sys.executable, "-c", "import sys; sys.exit(7)")
    assert subprocess.run(command, check=False).returncode == 7


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    done = subprocess.run(
        flywheel("dojo", "env", "--trace", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "git repository" in done.stderr


def test_exports_for_a_shell_of_ones_own() -> None:
    with subprocess.Popen(flywheel("dojo", "env", "-j1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as serving:
        try:
            exports = read_exports(serving)
            version = subprocess.run(
                ["/bin/sh", "-c", f"{exports}\nlean --version; lake test"], capture_output=True, text=True, check=False
            )
            assert version.stdout.startswith("Lean (version 4.28.0-pre,"), version
            assert version.returncode != 0 and "not served" in version.stdout
            folder = Path(exports.split("export PATH=")[1].split('"')[0].strip("'"))
            assert folder.exists()
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(timeout=60) == 130
        finally:
            serving.kill()  # else a failure above would wait for it
    assert not folder.exists()
