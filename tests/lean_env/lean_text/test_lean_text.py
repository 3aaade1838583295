"""Headers of Lean files as text; the rest of lean_text is tested by what reads with it."""

from __future__ import annotations

import pytest

from lean_env.lean_text.header import read_header
from lean_env.lean_text.theorems import is_one_statement, is_signature


def test_a_header_ends_where_something_else_begins() -> None:
    text = (
        "/- Copyright\nimport Not.This -/\nimport Init.Data.List.Lemmas\n-- and\n\nimport Init\n\n/-! A -/\nimport No\n"
    )
    header = read_header(text)
    assert header.imports == ("Init", "Init.Data.List.Lemmas", "No")
    assert header.body == "\n" * 9 and header.length == len(text)
    late = read_header("import A\ntheorem t : True := trivial\nimport B\n")
    assert late.imports == ("Init", "A")
    assert late.body.split("\n") == ["", "theorem t : True := trivial", "import B", ""]
    assert late.length == len("import A\n")


def test_a_prelude_brings_no_init() -> None:
    assert read_header("prelude\nimport Init.Core\nimport Init.Core\n").imports == ("Init.Core",)
    assert read_header("").imports == ("Init",)
    assert read_header("-- a comment\ntheorem t : True := trivial").body == "-- a comment\ntheorem t : True := trivial"


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("(a : Nat) : a = a", True),
        (": 1 = 1", True),
        ("{α : Type} [inst : BEq α] (a : α := by exact 1) ⦃b : α⦄\n  : a = b", True),
        ("(1 : Nat) + 1 = 2", False),
        ("∀ a : Nat, a = a", False),
        ("(1 = 1) ∧ ∃ x : Nat, x = 1", False),
        ("¬ (1 = 2)", False),
        ('"a : b" = "c"', False),
        ("List.head? (α := Nat) [] = none", False),
    ],
)
def test_a_signature_has_only_binders_before_its_colon(text: str, signature: bool) -> None:
    assert is_signature(text) is signature


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("(a : Nat) (h : a = 1 := by rfl) : a = 1", True),
        (": let a := 1; a = 1 ∧ (let b := 2; b = b)", True),
        ('∀ s : String, s = "theorem := def" /- theorem := -/', True),
        ("(h : Nat.theorem = x.instance) : h = h", True),
        ("(n : Nat) : n = n := rfl\ntheorem other : 1 = 1", False),
        (": 1 = 1 := rfl theorem other : 1 = 1", False),
        (": f «have» := rfl theorem other : 1 = 1", False),
        (": 1 = 1\n  | _ => rfl", False),
        (": 1 = 1 := rfl\n#eval evil", False),
        (": f «let» := rfl\nlemma other : 1 = 1", False),
    ],
)
def test_what_is_more_than_a_statement(text: str, one: bool) -> None:
    assert is_one_statement(text) is one
