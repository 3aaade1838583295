"""Replies of leanprover-community/repl, byte for byte from its own tests at commit 8948401 (for Lean 4.33.0-rc2).

Copyright (c) 2023 Scott Morrison and others, Apache License 2.0. `test/NAME.in` is what was sent,
`test/NAME.expected.out` what came back. No Lean produced them here.
"""

from __future__ import annotations

from tests.lean_env.native.player import Exchange

#: test/Mathlib/test/exact
IMPORTED = Exchange(cmd="import ", reply='{"env": 0}')

EXAMPLES = {
    "by_cases": (
        Exchange(
            cmd="theorem foo (x : Int) : x = x := by sorry",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 36},
   "goal": "x : Int\n⊢ x = x",
   "endPos": {"line": 1, "column": 41}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": {"line": 1, "column": 11},
   "data": "declaration uses `sorry`"}],
 "env": 0}""",
        ),
        Exchange(
            proof_state=0,
            tactic="by_cases h : x < 0",
            reply=r"""{"proofStatus": "Incomplete: open goals remain",
 "proofState": 1,
 "goals":
 ["case pos\nx : Int\nh : x < 0\n⊢ x = x",
  "case neg\nx : Int\nh : ¬x < 0\n⊢ x = x"]}""",
        ),
        Exchange(
            proof_state=1,
            tactic="case pos => rfl",
            reply=r"""{"proofStatus": "Incomplete: open goals remain",
 "proofState": 2,
 "goals": ["case neg\nx : Int\nh : ¬x < 0\n⊢ x = x"]}""",
        ),
        Exchange(
            proof_state=1,
            tactic="all_goals sorry",
            reply=r"""{"sorries":
 [{"proofState": 3, "goal": "case pos\nx : Int\nh : x < 0\n⊢ x = x"},
  {"proofState": 4, "goal": "case neg\nx : Int\nh : ¬x < 0\n⊢ x = x"}],
 "proofStatus": "Incomplete: contains sorry",
 "proofState": 5,
 "goals": []}""",
        ),
        # test/sorry_hypotheses: the same statement
        Exchange(
            proof_state=0,
            tactic="have h : x = 1 := sorry",
            reply=r"""{"sorries": [{"proofState": 1, "goal": "x : Int\n⊢ x = 1"}],
 "proofStatus": "Incomplete: open goals remain",
 "proofState": 2,
 "goals": ["x : Int\nh : x = 1\n⊢ x = x"]}""",
        ),
    ),
    "assumption_proof": (
        Exchange(
            cmd="theorem aa (x : Nat) (h1 : x  = 2) : x = 2 := by sorry",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 49},
   "goal": "x : Nat\nh1 : x = 2\n⊢ x = 2",
   "endPos": {"line": 1, "column": 54}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": {"line": 1, "column": 10},
   "data": "declaration uses `sorry`"}],
 "env": 0}""",
        ),
        Exchange(
            proof_state=0,
            tactic="assumption",
            reply=r"""{"proofStatus": "Completed", "proofState": 1, "goals": []}""",
        ),
    ),
    "app_type_mismatch": (
        Exchange(
            cmd=": 1 = 0 := ",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 19},
   "goal": "⊢ 1 = 0",
   "endPos": {"line": 1, "column": 24}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 0},
   "endPos": {"line": 1, "column": 7},
   "data": "declaration uses `sorry`"}],
 "env": 1}""",
        ),
        Exchange(
            proof_state=0,
            tactic="cases 1",
            reply=r"""{"proofStatus": "Incomplete: open goals remain",
 "proofState": 1,
 "goals": ["case zero\n⊢ 0 = 0", "case succ\nn✝ : Nat\n⊢ n✝ + 1 = 0"]}""",
        ),
        Exchange(
            proof_state=1,
            tactic="rfl",
            reply=r"""{"proofStatus": "Incomplete: open goals remain",
 "proofState": 2,
 "goals": ["case succ\nn✝ : Nat\n⊢ n✝ + 1 = 0"]}""",
        ),
        Exchange(
            proof_state=2,
            tactic="apply ?succ",
            reply=r"""{"proofStatus": "Incomplete: contains metavariable(s)",
 "proofState": 3,
 "goals": []}""",
        ),
    ),
    "self_proof_apply_check": (
        Exchange(
            cmd="theorem ex : False := ",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 22},
   "goal": "⊢ False",
   "endPos": {"line": 1, "column": 27}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": {"line": 1, "column": 10},
   "data": "declaration uses `sorry`"}],
 "env": 1}""",
        ),
        Exchange(
            proof_state=0,
            tactic="apply ex",
            reply=r"""{"proofStatus":
 "Error: kernel type check failed: (kernel) declaration has free variables '[anonymous]', expression: \n  _fvar.2",
 "proofState": 1,
 "goals": []}""",
        ),
    ),
    "invalid_tactic": (
        Exchange(
            cmd="theorem my_theorem (x : Nat) : x = x := by sorry",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 43},
   "goal": "x : Nat\n⊢ x = x",
   "endPos": {"line": 1, "column": 48}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": {"line": 1, "column": 18},
   "data": "declaration uses `sorry`"}],
 "env": 0}""",
        ),
        Exchange(
            proof_state=0,
            tactic="exact my_fake_premise",
            reply=r"""{"proofStatus": "Incomplete: contains sorry",
 "proofState": 1,
 "messages":
 [{"severity": "error",
   "pos": {"line": 0, "column": 0},
   "endPos": {"line": 0, "column": 0},
   "data": "Unknown identifier `my_fake_premise`"}],
 "goals": []}""",
        ),
        # test/unknown_tactic
        Exchange(
            proof_state=0,
            tactic="exat 42",
            reply=r"""{"message": "Lean error:\n<input>:1:1: unknown tactic"}""",
        ),
    ),
    "Mathlib/test/exact": (
        Exchange(
            cmd="theorem test : 0 < 1 := by sorry",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 1, "column": 27},
   "goal": "⊢ 0 < 1",
   "endPos": {"line": 1, "column": 32}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": {"line": 1, "column": 12},
   "data": "declaration uses `sorry`"}],
 "env": 1}""",
        ),
        Exchange(
            proof_state=0,
            tactic="exact?",
            reply=r"""{"proofStatus": "Completed",
 "proofState": 1,
 "messages":
 [{"severity": "info",
   "pos": {"line": 0, "column": 0},
   "endPos": {"line": 0, "column": 0},
   "data": "Try this:\n  [apply] exact Nat.one_pos"}],
 "goals": []}""",
        ),
    ),
    # What a theorem must not open as: an error in it (test/unfinished_tactic_block), two sorries (test/calc, where
    # `tactics` was asked for and is left out).
    "refused": (
        Exchange(
            cmd="theorem unfinished ",
            reply=r"""{"messages":
 [{"severity": "error",
   "pos": {"line": 1, "column": 15},
   "endPos": {"line": 1, "column": 17},
   "data": "unsolved goals\n⊢ Nat"}],
 "env": 0}""",
        ),
        Exchange(
            cmd="theorem calc ",
            reply=r"""{"sorries":
 [{"proofState": 0,
   "pos": {"line": 2, "column": 14},
   "goal": "⊢ 3 = 4",
   "endPos": {"line": 2, "column": 19}},
  {"proofState": 1,
   "pos": {"line": 3, "column": 14},
   "goal": "⊢ 4 = 5",
   "endPos": {"line": 3, "column": 19}}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 0},
   "endPos": {"line": 1, "column": 7},
   "data": "declaration uses `sorry`"}],
 "env": 0}""",
        ),
        # test/options
        Exchange(
            cmd="#print List.cons",
            reply=r"""{"messages":
 [{"severity": "info",
   "pos": {"line": 1, "column": 0},
   "endPos": {"line": 1, "column": 6},
   "data": "constructor List.cons.{u} : {α : Type u} → α → List α → List α"}],
 "env": 0}""",
        ),
    ),
}
