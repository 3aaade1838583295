theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor <;> sorry

theorem three (n : Nat) (xs : List Nat) (h : n < 3) : n < 5 ∧ xs ++ [] = xs ∧ xs.length ≥ 0 := by
  refine ⟨?_, ?_, ?_⟩
  all_goals sorry

theorem either (p q : Prop) (h : p ∨ q) : q ∨ p := by
  rcases h with hp | hq
  any_goals sorry

theorem cases_at_once (p q r : Prop) (h : p ∨ q) (hp : p → r) (hq : q → r) : r := by
  cases h with
  | inl a | inr a => sorry

theorem known_later : ∃ n : Nat, n + 2 = 5 := by
  refine ⟨?n, ?_⟩
  case n => exact 3
  sorry
