"""Which declarations of a text another one names."""

from __future__ import annotations

from lean_env.lean_text.named import definitions_named_in


def test_what_nobody_names_is_left_out_with_its_comment():
    module = """open Nat
/-- of a -/
def a := 0
/-- of b,
two lines -/
noncomputable def X.b := a
/-- of c -/
private partial def c := X.b
instance : Add Nat := ⟨X.b⟩
#eval a
"""
    assert definitions_named_in("c", module) == (
        "open Nat\n\ndef a := 0\n\n\nnoncomputable def X.b := a\n\n"
        "private partial def c := X.b\ninstance : Add Nat := ⟨X.b⟩\n\n"
    )
    kept = definitions_named_in("nothing", module)
    assert "def a" in kept and "X.b := a" in kept and "partial def c" not in kept
    without = "def a := 0\n/-- of b -/\ndef b := 1\n#check b"
    assert definitions_named_in("a.x", without) == "def a := 0\n\n\n"
    assert definitions_named_in("(b := 1)", without) == "\n\ndef b := 1\n"
