theorem chain (x y z : Nat) (h : y ≤ z) (below : x + 1 ≤ y + 1) : x ≤ z :=
  Nat.le_trans sorry h

theorem pair (a b : Prop) (ha : a) (hb : a → b) : a ∧ b := And.intro sorry sorry

theorem applied (p q r : Prop) (h : p → q → r) (hp : p) (hq : ¬¬q) : r := by
  exact h sorry (by simpa using hq)

theorem eliminated (p : Prop) (h : p ∧ ¬p) : 1 = 2 := (sorry : False).elim

theorem calculated (a b : Nat) (h : b = 2 * a) : a + a + 0 = b := by
  calc a + a + 0 = 2 * a := sorry
    _ = b := by sorry
