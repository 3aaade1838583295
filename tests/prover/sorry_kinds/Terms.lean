theorem matched (o : Option Nat) : (match o with | none => 0 | some _ => 0) = 0 := by
  sorry

theorem element (xs : Array Nat) (h : xs.size = 3) : xs[2]'(by omega) * 1 = xs[2]'(by omega) := by
  sorry

theorem within (n : Nat) (h : 1 < n) (i : Fin n) (hi : i = ⟨n - 2, by omega⟩) : i.val + 2 = n := by
  have := h
  sorry

theorem let_value (a : Nat) : a + 1 > a := by
  let next := a + 1
  show next > a
  sorry
