def amount : Nat := sorry

instance : Inhabited (Fin 4) := sorry

example : Nat → Nat := fun n => sorry

abbrev twice_amount : Nat := 2 * amount

theorem rests : twice_amount = twice_amount + 0 := by
  sorry

theorem says (n : Nat) : n + 0 = sorry := by
  sorry

theorem open_part (n : Nat) : n = n := by
  have : _ := sorry
  rfl

axiom secret : Prop

theorem over_an_axiom : secret ∨ ¬secret := by
  have h : secret ∨ ¬secret := sorry
  exact h

theorem tried (a b : Nat) : a + b = b + a := by
  first | omega | sorry

example (a : Nat) : a ≤ a + 1 := sorry

#exit

theorem never : True := by
  sorry
