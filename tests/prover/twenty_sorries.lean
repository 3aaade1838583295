/-! Twenty sorries of mixed difficulty; two are of false statements. -/

theorem add_zero' (n : Nat) : n + 0 = n := sorry

theorem and_swap' (p q : Prop) (h : p ∧ q) : q ∧ p := by
  sorry

theorem or_swap' {p q : Prop} : p ∨ q → q ∨ p := by sorry

theorem both (p q r : Prop) (hp : p) (hq : q) (hr : r) : p ∧ q ∧ r := by
  constructor
  · sorry
  · constructor
    · exact hq
    · sorry

-- sorry in a comment, and "sorry" in a string
theorem str : "sorry" = "sorry" := rfl

theorem zero_add' : ∀ n : Nat, 0 + n = n
  | 0 => sorry
  | n + 1 => by sorry

theorem len_append {α : Type u} (xs ys : List α) : (xs ++ ys).length = xs.length + ys.length := by
  induction xs with
  | nil => sorry
  | cons x xs ih => sorry

namespace Foo
open Nat

theorem succ_ne (n : Nat) : succ n ≠ n := by
  intro h
  sorry

def double (n : Nat) : Nat := n + n

theorem double_eq (n : Nat) : double n = 2 * n := by
  sorry

theorem double_le (n : Nat) : n ≤ double n := by
  have h : n + n = double n := rfl
  have : n ≤ n + n := sorry
  sorry
end Foo

example (a b : Int) (h : a < b) : a ≠ b := by
  sorry

example : ∃ n : Nat, n * n = 49 := sorry

example (f : Nat → Nat) (h : ∀ x, f x = x) : f (f 2) = 2 := by
  have := h 2
  sorry

theorem false_one : (1 : Nat) = 2 := sorry

theorem fermat (a b c n : Nat) (h : n > 2) (ha : a > 0) (hb : b > 0) (hc : c > 0) : a ^ n + b ^ n ≠ c ^ n := by
  sorry

theorem cases_inst {α : Type} [DecidableEq α] (a b : α) : a = b ∨ a ≠ b := by
  cases h : decide (a = b)
  · sorry
  · sorry
