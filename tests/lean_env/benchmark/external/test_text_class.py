"""Copies of statements that only their text is known of."""

from __future__ import annotations

import pytest

from lean_env.benchmark.external.text_class import class_of_state, class_of_statement

STATEMENT = "(x y : ℝ) (h₀ : 0 < x) (h₁ : x + y = 3) : x * y ≤ 9 / 4"
SAME = [
    "(a b : ℝ) (h : 0 < a) (k : a + b = 3) : a * b ≤ 9 / 4",
    "(y x : ℝ) (h₁ : x + y = 3) (h₀ : 0 < x) : x * y <= 9/4",
    "(x : ℝ) (h₀ : 0 < x) (y : ℝ) (h₁ : x + y = 3) : x * y ≤ 9 / 4 := by\n  nlinarith",
    "∀ x y : ℝ, 0 < x → x + y = 3 → x * y ≤ 9 / 4",
    "{u v : ℝ} : 0 < u → u + v = 3 → u * v ≤ 9 / 4",
    "∀ (x : ℝ) {y : ℝ}, x + y = 3 → 0 < x → x * y ≤ 9 / 4",
    ": open Real renaming a → b in open scoped Nat in ∀ (x y : ℝ), 0 < x → x + y = 3 → x * y ≤ 9 / 4",
]
OTHER = [
    "(x y : ℝ) (h₀ : 0 < x) (h₁ : x + y = 3) : x * y ≤ 9 / 5",
    "(x y : ℝ) (h₀ : 0 < y) (h₁ : x + y = 3) : x * x ≤ 9 / 4",
    "(x y : ℚ) (h₀ : 0 < x) (h₁ : x + y = 3) : x * y ≤ 9 / 4",
    "(x y : ℝ) (h₁ : x + y = 3) : x * y ≤ 9 / 4",
    "(x y : ℝ) (h₀ : 0 < x) (h₁ : x + y = 3) : ¬x * y ≤ 9 / 4",
]


@pytest.mark.parametrize("text", SAME)
def test_names_and_order_do_not_count(text: str):
    assert class_of_statement(text) == class_of_statement(STATEMENT)


@pytest.mark.parametrize("text", OTHER)
def test_what_is_said_does(text: str):
    assert class_of_statement(text) != class_of_statement(STATEMENT)


def test_a_printed_state_is_the_statement_that_it_shows():
    state = "case h\nx y : ℝ\nh₀ : 0 < x\nh₁ :\n  x + y =\n    3\n⊢ x * y ≤ 9 / 4\n\ncase other\n⊢ True"
    assert class_of_state(state) == class_of_statement(STATEMENT)
    assert class_of_state("⊢ ∀ (x y : ℝ), 0 < x → x + y = 3 → x * y ≤ 9 / 4") == class_of_statement(STATEMENT)
    assert class_of_state("no goals") == class_of_state("") == class_of_statement("(x : Nat) :") == ""


def test_types_and_instances_that_come_with_a_variable_do_not_count():
    state = "G : Type u_1\ninst✝ : Group G\na b : G\nh : a * b = 1\n⊢ a = b⁻¹"
    assert class_of_state(state) == class_of_statement("{H : Type*} [Group H] {x y : H} (e : x * y = 1) : x = y⁻¹")


def test_variables_that_the_text_binds_itself_are_renamed_too():
    one, two = (f"(s : Finset ℕ) : ∑ {v} in s, {v} ^ 2 = ∑ {v} ∈ s, (fun {w} ↦ {w} * {w}) {v}" for v, w in ("ix", "kn"))
    assert class_of_statement(one) == class_of_statement(two)
    assert class_of_statement("(f : ℕ → ℕ) (h : ∀ x > 0, f x = x) : f 1 = 1") == class_of_statement(
        "(g : ℕ → ℕ) (h' : ∀ n > 0, g n = n) : g 1 = 1"
    )


@pytest.mark.parametrize("text", ["", ":", "((((", "∀ , →", "⊢", "(a : ) : →", "∀ x", "[", "case a\n⊢ ⊢"])
def test_any_text_has_an_answer(text: str):
    assert len(class_of_statement(text)) in (0, 32)
    assert len(class_of_state(text)) in (0, 32)


def test_what_a_header_declares_is_a_part_of_what_is_said():
    statement = ": f 0 = 1"
    one = class_of_statement(statement, "open Nat\ndef f (n : ℕ) : ℕ := n + 1\n")
    same = "/-- f -/\ndef f (n : Nat) :\n    Nat := n + 1 -- one\n\ndef g := f 3\ntheorem p : f 3 = 4 := rfl\n"
    assert class_of_statement(statement, same) == one
    others = ["def f (n : Nat) : Nat := n * 2 + 1\n", 'notation "x" => 1\ndef f (n : Nat) : Nat := n + 1\n', ""]
    assert len({one, *(class_of_statement(statement, header) for header in others)}) == 4


def test_a_header_that_declares_nothing_the_statement_names_changes_nothing():
    for header in ("set_option autoImplicit true\nopen Nat\n", "def g := 1\n", "theorem p : 1 = 1 := rfl\n"):
        assert class_of_statement("(x : ℝ) : x = x", header) == class_of_state("y : ℝ\n⊢ y = y")


def test_what_a_definition_names_counts_with_it():
    one, two = (f"def k := {k}\ndef f (n : Nat) : Nat := n + k\n" for k in (1, 2))
    assert class_of_statement(": f 0 = 1", one) != class_of_statement(": f 0 = 1", two)
