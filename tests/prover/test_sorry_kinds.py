"""Every kind of `sorry`, in one folder that `flywheel prove FOLDER` is given: what is proved, and why the rest is left.

The files of `sorry_kinds/` are checked in; those that an editor would mend (line ends, bytes, tabs) are written here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KINDS = Path(__file__).with_name("sorry_kinds")
ODD = {
    # The last line has no end, and every other one has two characters for it.
    "Crlf.lean": "def inc (n : Nat) := n + 1\r\n\r\ntheorem inc_pos (n : Nat) : inc n > 0 ∧ inc n ≠ n := by\r\n"
    "  sorry\r\n\r\ntheorem last (n : Nat) : n ≤ n + 1 := by\r\n  sorry".encode(),
    "sub/Lemma.lean": "\N{ZERO WIDTH NO-BREAK SPACE}lemma first_one (a b : Nat) (h : a ≤ b) : a < b + 1 := by\n"
    "  sorry\n\nprivate lemma second_one (n : Nat) (h : n < n + 0) : False := by\n"
    "  have := first_one n n\n  sorry\n".encode(),
    "sub/Tabs.lean": b"theorem tab (a : Nat) : a = a := by\n\tsorry\n",
    "sub/Latin1.lean": b"-- caf\xe9\ntheorem t : True := sorry\n",
    "sub/Mathlib.lean": b"import Mathlib.Tactic\ntheorem t : True := sorry\n",
    "sub/Done.lean": b"theorem done : 1 + 1 = 2 := rfl -- no sorry\n",
    ".lake/packages/Other.lean": b"theorem not_ours : True := sorry\n",
}


def prove(where: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = "from prover.cli.main import main; main()"
    arguments = ["prove", str(where), "--steps", "64", *options]
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds") / "src"
    shutil.copytree(KINDS, folder)
    for name, content in ODD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def answer(folder: Path) -> dict[str, Any]:
    ran = prove(folder, "--json", "--in-place")
    assert ran.returncode == 1, ran.stderr
    assert f"{folder}/sub/Done.lean has no sorry, and Lean accepts it" in ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return {**found, "by_name": {Path(one["file"]).name: one for one in found["files"]}}


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["Arguments", "Crlf", "Fields", "Goals", "Lemma", "Modules", "Mutual", "Names", "Terms"],
)
def test_kinds_that_are_proved(answer: dict[str, Any], name: str) -> None:
    one = answer["by_name"][f"{name}.lean"]
    assert one["sorries"] and {s["line"]: s["reason"] for s in one["sorries"] if not s["tactics"]} == {}


@pytest.mark.long
def test_kinds_that_are_left_say_why(answer: dict[str, Any]) -> None:
    left = {
        f"{Path(one['file']).stem} {s['declared']}": s["reason"]
        for one in answer["files"]
        for s in one.get("sorries", ())
        if not s["tactics"]
    }
    assert left.pop("Data theorem over_an_axiom").endswith(
        "a header may not contain `axiom` (Lean.Parser.Command.axiom)"
    )
    never = "Lean does not get there: it is never run"
    for place in ("Data theorem tried", "Data theorem never"):
        assert left.pop(place).startswith(f"{never}; the file's first error is in line 16: ")
    assert left == {
        "Data def amount": "a value of type `Nat` is wanted, not a proof",
        "Data instance": "a value of type `Inhabited (Fin 4)` is wanted, not a proof",
        "Data example": "a value of type `Nat` is wanted, not a proof",
        "Data theorem rests": "it is about `twice_amount` (line 7), which rests on a `sorry`",
        "Data theorem says": "its statement contains a `sorry`",
        "Data theorem open_part": "its goal has unknown parts",
        "Macro macro": f"{never} where the macro is used",
        "Tabs theorem tab": "Lean does not get there: line 2: tabs are not allowed; please configure your editor to "
        "expand them",
    }


@pytest.mark.long
def test_a_folder_goes_on_after_files_that_cannot_be_used(folder: Path, answer: dict[str, Any]) -> None:
    errors = {Path(one["file"]).name: one["error"] for one in answer["files"] if "error" in one}
    assert set(errors) == {"Latin1.lean", "Mathlib.lean"} and answer["unread"] == 2
    assert "save it as UTF-8" in errors["Latin1.lean"] and "imports Mathlib.Tactic" in errors["Mathlib.lean"]
    assert "Other.lean" not in answer["by_name"], "another package's file"
    assert answer["left"] == sum(answer["reasons"].values())
    assert answer["reasons"]["a value of type … is wanted, not a proof"] == 4
    # What was not proved is as it was, and line ends stay.
    assert (folder / "sub/Latin1.lean").read_bytes() == ODD["sub/Latin1.lean"]
    new = (folder / "Crlf.lean").read_bytes()
    assert new.count(b"\n") == new.count(b"\r\n") and b"sorry" not in new and not new.endswith(b"\n")


ASSUME = """theorem hard (n : Nat) (h : n > 2) : ∃ p, p > n ∧ ∀ d, d ∣ p → d = 1 ∨ d = p := by
  sorry

theorem easy (n : Nat) : n * 1 = n := by
  sorry

theorem after : ∃ p, p > 5 ∧ ∀ d, d ∣ p → d = 1 ∨ d = p := by
  have := easy 5
  sorry
"""


def test_a_theorem_left_to_prove_is_used_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "Assume.lean"
    path.write_text(ASSUME)
    ran = prove(path, "--assume")
    assert ran.returncode == 1 and "2 of 3 proved; 1 left: 1 no proof found" in ran.stderr
    assert "theorem after: proved:" in ran.stderr and "assuming hard, left without proof itself" in ran.stderr
    assert "assuming easy" not in ran.stderr
    patched = subprocess.run(["patch", str(path)], input=ran.stdout, text=True, capture_output=True, check=False)
    assert patched.returncode == 0 and path.read_text().count("sorry") == 1
    path.write_text(ASSUME)
    assert "1 of 3 proved; 2 left" in prove(path).stderr
    assert path.read_text() == ASSUME, "without --in-place nothing is written"
