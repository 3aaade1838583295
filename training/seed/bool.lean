-- Hand-written seed proofs: booleans. One tactic a line, each on the first goal.

theorem bool_and_swap_or (a b c : Bool) : (a && b || c) = (b && a || c) := by
  rw [Bool.and_comm]

theorem bool_or_swap_and (a b c : Bool) : ((a || b) && c) = ((b || a) && c) := by
  rw [Bool.or_comm]

theorem bool_not_not_and (a b : Bool) : (!!a && b) = (a && b) := by
  rw [Bool.not_not]

theorem bool_and_three (a b c : Bool) : (a && b && c) = (a && (b && c)) := by
  rw [Bool.and_assoc]

theorem bool_or_three (a b c : Bool) : (a || b || c) = (a || (b || c)) := by
  rw [Bool.or_assoc]

theorem bool_and_self_or (a b : Bool) : (a && a || b) = (a || b) := by
  rw [Bool.and_self]

theorem bool_or_false_and (a b : Bool) : ((a || false) && b) = (a && b) := by
  rw [Bool.or_false]

theorem bool_and_true_or (a b : Bool) : (a && true || b) = (a || b) := by
  rw [Bool.and_true]

theorem bool_not_and_or (a b c : Bool) : (!(a && b) || c) = (!a || !b || c) := by
  rw [Bool.not_and]

theorem bool_not_or_and (a b c : Bool) : (!(a || b) && c) = (!a && !b && c) := by
  rw [Bool.not_or]

theorem bool_xor_self_or (a b : Bool) : (xor a a || b) = b := by
  rw [Bool.xor_self]
  rw [Bool.false_or]

theorem bool_xor_swap (a b c : Bool) : (xor a b && c) = (xor b a && c) := by
  rw [Bool.xor_comm]

theorem bool_cases_em (b : Bool) : b = true ∨ b = false := by
  cases b
  right
  rfl
  left
  rfl

theorem bool_eq_false_of_ne (b : Bool) (h : b ≠ true) : b = false := by
  cases b
  rfl
  contradiction

theorem bool_and_elim_left (a b : Bool) (h : (a && b) = true) : a = true := by
  cases a
  simp at h
  rfl

theorem bool_or_intro_right (a b : Bool) (h : b = true) : (a || b) = true := by
  rw [h]
  rw [Bool.or_true]

theorem bool_ite_eq (b : Bool) : (if b = true then true else false) = b := by
  cases b
  rfl
  rfl

theorem bool_distrib (a b c : Bool) : (a && (b || c)) = (a && b || a && c) := by
  cases a
  rfl
  rfl

theorem bool_cond_same {α : Type} (b : Bool) (x : α) : (bif b then x else x) = x := by
  cases b
  rfl
  rfl

theorem bool_beq_comm_like (a b : Bool) : (a == b) = (b == a) := by
  cases a
  cases b
  rfl
  rfl
  cases b
  rfl
  rfl

theorem bool_decide_and (p q : Prop) [Decidable p] [Decidable q] (h : p) : decide (p ∨ q) = true := by
  simp [h]
