"""Small folders in the layouts of benchmarks that verify programs, with content of our own."""

from __future__ import annotations

from pathlib import Path

VERINA_SUM = """-- !benchmark @start import type=solution
{imports}
-- !benchmark @end import

-- !benchmark @start solution_aux
{aux}
-- !benchmark @end solution_aux

-- !benchmark @start precond_aux

-- !benchmark @end precond_aux

@[reducible, simp]
def total_precond (xs : List Nat) : Prop :=
  -- !benchmark @start precond
  xs ≠ []
  -- !benchmark @end precond


-- !benchmark @start code_aux
def added : List Nat → Nat
  | [] => 0
  | x :: xs => x + added xs
-- !benchmark @end code_aux


def total (xs : List Nat) (h_precond : total_precond (xs)) : Nat :=
  -- !benchmark @start code
  added xs
  -- !benchmark @end code


-- !benchmark @start postcond_aux

-- !benchmark @end postcond_aux


@[reducible, simp]
def total_postcond (xs : List Nat) (result : Nat) (h_precond : total_precond (xs)) : Prop :=
  -- !benchmark @start postcond
  result = xs.foldr (· + ·) 0
  -- !benchmark @end postcond


-- !benchmark @start proof_aux
theorem added_eq (xs : List Nat) : added xs = xs.foldr (· + ·) 0 := by
  induction xs <;> simp_all [added]
-- !benchmark @end proof_aux


theorem total_spec_satisfied (xs : List Nat) (h_precond : total_precond (xs)) :
    total_postcond (xs) (total (xs) h_precond) h_precond := by
  -- !benchmark @start proof
  {proof}
  -- !benchmark @end proof
"""

CLEVER_HELPERS = """import Mathlib
import Std.Data.HashMap

-- start_def helper_definitions
/--
name: twice
problems:
  - 0
-/
def twice (n : ℕ) : ℕ := n + n
-- end_def helper_definitions

-- start_def helper_definitions
/--
name: four_times
problems:
  - 0
-/
def Nat.four_times (n : ℕ) : ℕ := twice (twice n)
-- end_def helper_definitions

-- start_def helper_definitions
/--
name: over_mathlib
problems:
  - 1
-/
def over_mathlib (x : ℝ) : ℝ := x
-- end_def helper_definitions

#test twice 1 = 2
"""

CLEVER_PROBLEM = """import Imports.Helpers

-- start_def problem_details
/--
function_signature: "def quadruple(n: int) -> int"
-/
-- end_def problem_details

-- start_def problem_spec
def problem_spec
(impl: Nat → Nat)
(n: Nat) :=
∃ result, impl n = result ∧ result = {spec}
-- end_def problem_spec

-- start_def generated_spec
def generated_spec
(impl: Nat → Nat)
(n: Nat) : Prop :=
--end_def generated_spec
--start_def generated_spec_body
{generated}
--end_def generated_spec_body

-- start_def spec_isomorphism
theorem spec_isomorphism:
∀ impl,
(∀ n, problem_spec impl n) ↔
(∀ n, generated_spec impl n) :=
-- end_def spec_isomorphism
-- start_def spec_isomorphism_proof
sorry
-- end_def spec_isomorphism_proof

-- start_def implementation_signature
def implementation (n: Nat) : Nat :=
-- end_def implementation_signature
-- start_def implementation
{implementation}
-- end_def implementation

-- start_def test_cases
#test implementation 2 = 8
-- end_def test_cases

-- start_def correctness_definition
theorem correctness
(n: Nat)
: problem_spec implementation n
:=
-- end_def correctness_definition
-- start_def correctness_proof
by
  {proof}
-- end_def correctness_proof
"""


def write_verina(folder: Path, name: str, imports: str = "", aux: str = "", proof: str = "sorry") -> Path:
    """A task about the sum of a list."""
    path = folder / name / "task.lean"
    path.parent.mkdir(parents=True)
    path.write_text(VERINA_SUM.replace("{imports}", imports).replace("{aux}", aux).replace("{proof}", proof))
    (folder / name / "task.json").write_text('{"id": "x", "lean_file": "./task.lean"}')
    return path


def write_clever(folder: Path, number: int, **parts: str) -> Path:
    """A problem about a number four times, and the definitions that it imports."""
    known = {"spec": "Nat.four_times n", "generated": "sorry", "implementation": "4 * n", "proof": "sorry"}
    (folder / "Imports").mkdir(parents=True, exist_ok=True)
    (folder / "Imports" / "Helpers.lean").write_text(CLEVER_HELPERS)
    path = folder / "human_eval" / f"problem_{number}.lean"
    path.parent.mkdir(exist_ok=True)
    text = CLEVER_PROBLEM
    for name, part in (known | parts).items():
        text = text.replace(f"{{{name}}}", part)
    path.write_text(text)
    return path
