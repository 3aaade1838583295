"""Tasks that bring their own definitions, asked of the real Lean: what can be posed stands under them and is certified,
what cannot says which line, which command, which import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tasks import write_clever, write_verina

from lean_env.benchmark.external import External, Usable, load_external
from prover.lean import Lean
from prover.search.graph import ProofStep


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(1) as lean:
        yield lean


def load(lean: Lean, path: Path, core: bool = False) -> tuple[External, dict[str, Usable], dict[str, str]]:
    """The benchmark, what is usable by name, and why the rest is not."""
    loaded = load_external(path, lean.staters, lean.library, core=core, under_header=lean.state_under_header)
    return loaded, {one.row.name: one for one in loaded.usable}, {one.row.name: one.reason for one in loaded.unusable}


def test_tasks_of_verina_are_posed_and_certified(lean: Lean, tmp_path: Path):
    write_verina(tmp_path, "plain", "import Std.Data.HashMap")
    write_verina(tmp_path, "over_mathlib", "import Mathlib")
    write_verina(tmp_path, "wrong", aux='def wrong : Nat := "no"')
    write_verina(tmp_path, "axiom", aux="axiom all : ∀ p : Prop, p")
    write_verina(tmp_path, "runs", aux='run_cmd Lean.logInfo "x"')
    write_verina(tmp_path, "says", aux="#eval 1 + 1")
    _, usable, said = load(lean, tmp_path)
    assert set(usable) == {"plain", "says"}
    assert said["over_mathlib"] == "imports Mathlib; the embedded Lean has Init and Std (--core tries it in Init)"
    assert said["wrong"].startswith("line 6: Type mismatch") and "axiom" in said["axiom"]
    assert said["axiom"].startswith("line 6: a header may not contain `axiom`")
    assert said["runs"].startswith("line 6: a header may not contain `run_cmd`")
    theorem = usable["plain"].theorem
    assert theorem.environment.imports == ("Init", "Std.Data.HashMap") and theorem.environment.header
    steps = ["simp only [total_postcond, total]", "clear h_precond", "induction xs <;> simp_all [added]"]
    proof = lean.tools.verify(theorem, [ProofStep(step) for step in steps], "seed")
    assert proof.certificate.statement_hash == theorem.expression_hash and proof.certificate.header_digest


def test_problems_of_clever_stand_under_the_definitions_that_they_name(lean: Lean, tmp_path: Path):
    write_clever(tmp_path, 0)
    write_clever(tmp_path, 1, spec="over_mathlib n")
    _, plainly, said = load(lean, tmp_path)
    assert not plainly and said["problem_0.correctness"].startswith(
        "problem_0.lean imports Imports.Helpers, which imports Mathlib; the embedded Lean has Init and Std"
    )
    loaded, usable, said = load(lean, tmp_path, core=True)
    assert set(usable) == {"problem_0.correctness"} and loaded.format.value == "clever"
    one = usable["problem_0.correctness"]
    assert one.notes == ("import Init, Std.Data.HashMap for Mathlib", "ℕ as Nat")
    assert one.theorem.environment.header and "def twice (n : Nat)" in one.theorem.environment.header.text
    assert said["problem_1.correctness"] == "`ℝ` is notation of a library that is not here"
    assert said["problem_0.spec_isomorphism"] in dict(loaded.reasons())
    proof = lean.tools.verify(one.theorem, [ProofStep(CLEVER_PROOF)], "seed")
    assert proof.certificate.header_digest


CLEVER_PROOF = "exact ⟨_, rfl, by simp only [implementation, Nat.four_times, twice]; omega⟩"


def test_files_with_sorries_see_the_modules_of_their_folder(lean: Lean, tmp_path: Path):
    (tmp_path / "My").mkdir()
    (tmp_path / "My" / "Base.lean").write_text("namespace My\ndef base : Nat := 1\nend My\n")
    (tmp_path / "My" / "Ring.lean").write_text("import Mathlib\nimport My.Base\n")
    (tmp_path / "My" / "Wrong.lean").write_text("import My.Base\n\ndef wrong : Nat := My.bas\n")
    (tmp_path / "good.lean").write_text(
        "import My.Base\nopen My\ntheorem first : base = 1 := by\n  sorry\ntheorem second : base + 1 = 2 := by sorry\n"
    )
    (tmp_path / "ring.lean").write_text("import My.Ring\ntheorem over : My.base = 1 := by sorry\n")
    (tmp_path / "late.lean").write_text(
        'import Init\n\n\ndef late : Nat := ""\ntheorem behind_late : late = 1 := rfl\n'
    )
    (tmp_path / "unfinished.lean").write_text(
        "@[simp] def n : Nat := 1\ntheorem done : n = 1 := by sorry\n"
        "def half : Nat := sorry\ndef whole := half + n\ntheorem about : whole = 1 := by sorry\n"
    )
    (tmp_path / "wrong.lean").write_text("import My.Wrong\ntheorem behind : 1 = 1 := by sorry\n")
    loaded, usable, said = load(lean, tmp_path)
    assert set(usable) == {"first", "second", "done"}
    assert said["about"] == "it is about whole, which is `sorry` or rests on one"
    assert said["over"].startswith("ring.lean imports My.Ring, which imports Mathlib; the embedded Lean has")
    assert said["behind"].startswith("wrong.lean imports My.Wrong: module My.Wrong, line 3: Unknown")
    assert said["behind_late"].startswith("line 4: Type mismatch")
    assert {"imports Mathlib; the", "module My.Wrong, line"} <= {reason[:21].strip() for reason, _ in loaded.reasons()}
    proof = lean.tools.verify(usable["second"].theorem, [ProofStep("rfl")], "seed")
    assert not proof.certificate.axioms
    _, usable, _ = load(lean, tmp_path / "ring.lean", core=True)
    assert usable["over"].notes == ("import Init for Mathlib",)


def test_rows_with_definitions_in_header_or_statement(lean: Lean, tmp_path: Path):
    rows = [
        {
            "name": "in_header",
            "header": "import Init\n\nopen Nat\ndef dbl (n : Nat) := n + n\n",
            "formal_statement": "theorem other (n : Nat) : dbl n = 2 * n :=",
        },
        {
            "name": "in_statement",
            "header": "import Init\n",
            "formal_statement": "structure Box where\n  n : Nat\n\nlemma helper : 1 = 1 := rfl\n"
            "theorem in_statement (b : Box) : b = ⟨b.n⟩ := by sorry",
        },
        {"name": "bare", "header": "def k := 3\n", "formal_statement": "∀ n : Nat, n + k = k + n"},
        {"name": "wrong", "header": "def k : Nat := true\n", "formal_statement": "theorem t : k = k := by sorry"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    _, usable, said = load(lean, path)
    headers = {name: one.theorem.environment.header for name, one in usable.items()}
    assert set(headers) == {"in_header", "in_statement", "bare"} and all(headers.values())
    assert "lemma helper" in str(headers["in_statement"]) and not usable["in_statement"].notes
    assert set(said) == {"wrong"} and said["wrong"].startswith("line 1: Type mismatch")
