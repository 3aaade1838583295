universe level ℓ₂

theorem «足し算» («左» «the right» : Nat) : «左» + «the right» = «the right» + «左» := by
  sorry

theorem map_length {α : Type level} {β : Type ℓ₂} (f : α → β) (xs : List α) : (xs.map f).length = xs.length := by
  have h : (List.map f xs).length = xs.length := sorry
  exact h

theorem own_level.{far} {α : Type far} (xs : List α) : xs.reverse.reverse = xs := sorry

theorem dagger (p q : Prop) : p → q → p ∧ q := by
  intro _ _
  sorry

open List in
open Nat in
/-- Doc. -/
theorem opened (n : Nat) (xs : List Nat) : succ n = n + 1 ∧ length xs ≥ 0 := by
  sorry
