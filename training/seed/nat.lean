-- Hand-written seed proofs: natural numbers. One tactic a line, each on the first goal.

theorem add_reverse (a b c : Nat) : a + b + c = c + b + a := by
  rw [Nat.add_comm]
  rw [Nat.add_comm a b]
  rw [← Nat.add_assoc]

theorem add_swap_inner (a b c : Nat) : a + (b + c) = b + (a + c) := by
  rw [Nat.add_left_comm]

theorem add_swap_outer (a b c : Nat) : a + b + c = a + c + b := by
  rw [Nat.add_right_comm]

theorem mul_swap_inner (a b c : Nat) : a * (b * c) = b * (a * c) := by
  rw [Nat.mul_left_comm]

theorem mul_swap_outer (a b c : Nat) : a * b * c = a * c * b := by
  rw [Nat.mul_right_comm]

theorem mul_add_swapped (a b c : Nat) : a * (b + c) = a * c + a * b := by
  rw [Nat.mul_add]
  rw [Nat.add_comm]

theorem add_mul_swapped (a b c : Nat) : (a + b) * c = c * a + c * b := by
  rw [Nat.mul_comm]
  rw [Nat.mul_add]

theorem mul_one_add (a b : Nat) : a * (1 + b) = a + a * b := by
  rw [Nat.mul_add]
  rw [Nat.mul_one]

theorem zero_mul_add (a b : Nat) : 0 * a + b = b := by
  rw [Nat.zero_mul]
  rw [Nat.zero_add]

theorem mul_zero_add (a b : Nat) : b + a * 0 = b := by
  rw [Nat.mul_zero]
  rfl

theorem succ_eq_one_add (n : Nat) : Nat.succ n = 1 + n := by
  rw [Nat.add_comm]

theorem double_eq_add (n : Nat) : 2 * n = n + n := by
  rw [Nat.two_mul]

theorem square_add_one (n : Nat) : (n + 1) * n = n * n + n := by
  rw [Nat.add_mul]
  rw [Nat.one_mul]

theorem pow_succ_swapped (a n : Nat) : a ^ (n + 1) = a * a ^ n := by
  rw [Nat.pow_succ]
  rw [Nat.mul_comm]

theorem pow_zero_mul (a b : Nat) : a ^ 0 * b = b := by
  rw [Nat.pow_zero]
  rw [Nat.one_mul]

theorem pow_two_eq (a : Nat) : a ^ 2 = a * a := by
  simp [Nat.pow_succ]

theorem le_add_left_two (a b c : Nat) (h : a ≤ b) : a ≤ c + b := by
  apply Nat.le_trans h
  exact Nat.le_add_left ..

theorem le_add_right_two (a b c : Nat) (h : a ≤ b) : a ≤ b + c := by
  apply Nat.le_trans h
  exact Nat.le_add_right ..

theorem le_chain (a b c d : Nat) (h : a ≤ b) (k : b ≤ c) (l : c ≤ d) : a ≤ d := by
  apply Nat.le_trans h
  apply Nat.le_trans k
  exact l

theorem lt_succ_of_le_here (a b : Nat) (h : a ≤ b) : a < b + 1 := by
  apply Nat.lt_succ_of_le
  exact h

theorem lt_of_lt_le_here (a b c : Nat) (h : a < b) (k : b ≤ c) : a < c := by
  apply Nat.lt_of_lt_of_le h
  exact k

theorem not_succ_le_self (n : Nat) : ¬ n + 1 ≤ n := by
  apply Nat.not_succ_le_self

theorem eq_of_le_both (a b : Nat) (h : a ≤ b) (k : b ≤ a) : a = b := by
  apply Nat.le_antisymm
  exact h
  exact k

theorem add_le_add_mixed (a b c d : Nat) (h : a ≤ b) (k : c ≤ d) : c + a ≤ d + b := by
  apply Nat.add_le_add
  exact k
  exact h

theorem mul_le_mul_here (a b c d : Nat) (h : a ≤ b) (k : c ≤ d) : a * c ≤ b * d := by
  apply Nat.mul_le_mul
  exact h
  exact k

theorem sub_self_add (a b : Nat) : a - a + b = b := by
  rw [Nat.sub_self]
  rw [Nat.zero_add]

theorem add_sub_same (a b : Nat) : a + b - b = a := by
  rw [Nat.add_sub_cancel]

theorem sub_zero_add (a b : Nat) : a - 0 + b = a + b := by
  rw [Nat.sub_zero]

theorem sub_le_add (a b c : Nat) : a - b ≤ a + c := by
  apply Nat.le_trans (Nat.sub_le a b)
  exact Nat.le_add_right ..

theorem min_swap (a b : Nat) : min a b + 0 = min b a := by
  rw [Nat.min_comm]
  rfl

theorem max_swap (a b : Nat) : 0 + max a b = max b a := by
  rw [Nat.max_comm]
  rw [Nat.zero_add]

theorem min_le_sum (a b : Nat) : min a b ≤ a + b := by
  apply Nat.le_trans (Nat.min_le_left a b)
  exact Nat.le_add_right ..

theorem mod_self_add (n : Nat) : n % n + n = n := by
  rw [Nat.mod_self]
  rw [Nat.zero_add]

theorem zero_mod_add (n m : Nat) : 0 % n + m = m := by
  rw [Nat.zero_mod]
  rw [Nat.zero_add]

theorem div_one_add (n m : Nat) : n / 1 + m = n + m := by
  rw [Nat.div_one]

theorem mod_lt_sum (a n m : Nat) (h : 0 < n) : a % n < n + m := by
  apply Nat.lt_of_lt_of_le (Nat.mod_lt a h)
  exact Nat.le_add_right ..

theorem add_mod_two_same (n : Nat) : (n + n) % 2 = 0 := by
  omega

theorem dvd_mul_swap (a b : Nat) : a ∣ b * a := by
  exact Nat.dvd_mul_left ..

theorem dvd_mul_twice (a b c : Nat) : a ∣ a * b * c := by
  rw [Nat.mul_assoc]
  exact Nat.dvd_mul_right ..

theorem dvd_chain (a b c d : Nat) (h : a ∣ b) (k : b ∣ c) (l : c ∣ d) : a ∣ d := by
  apply Nat.dvd_trans h
  apply Nat.dvd_trans k
  exact l

theorem dvd_sum (a b c : Nat) (h : a ∣ b) (k : a ∣ c) : a ∣ c + b := by
  apply Nat.dvd_add
  exact k
  exact h

theorem gcd_swap_add (a b : Nat) : Nat.gcd a b + 0 = Nat.gcd b a := by
  rw [Nat.gcd_comm]
  rfl

theorem gcd_dvd_product (a b c : Nat) : Nat.gcd a b ∣ a * c := by
  apply Nat.dvd_trans (Nat.gcd_dvd_left a b)
  exact Nat.dvd_mul_right ..

theorem zero_add_induct (n : Nat) : 0 + n = n + 0 := by
  induction n
  rfl
  simp_all

theorem sum_nonneg_like (a b : Nat) : 0 ≤ a * b + a := by
  exact Nat.zero_le ..

theorem pos_of_ne_zero_here (n : Nat) (h : n ≠ 0) : 0 < n := by
  apply Nat.pos_of_ne_zero
  exact h

theorem pred_succ_add (n m : Nat) : Nat.pred (Nat.succ n) + m = n + m := by
  rw [Nat.pred_succ]

theorem cases_zero_or_pos (n : Nat) : n = 0 ∨ 0 < n := by
  cases n
  left
  rfl
  right
  exact Nat.succ_pos ..

theorem succ_ne_self_here (n : Nat) : n + 1 ≠ n := by
  omega

theorem even_or_odd (n : Nat) : n % 2 = 0 ∨ n % 2 = 1 := by
  omega

theorem add_cancel_here (a b c : Nat) (h : a + b = a + c) : b = c := by
  apply Nat.add_left_cancel
  exact h

theorem mul_pos_here (a b : Nat) (h : 0 < a) (k : 0 < b) : 0 < a * b := by
  apply Nat.mul_pos
  exact h
  exact k

theorem le_square (n : Nat) : n ≤ n * n := by
  exact Nat.le_mul_self ..

theorem mul_eq_zero_left (a b : Nat) (h : a = 0) : a * b = 0 := by
  rw [h]
  rw [Nat.zero_mul]

theorem beq_refl_here (n : Nat) : (n == n) = true := by
  simp

theorem pow_le_step (a n : Nat) (h : 0 < a) : a ^ n ≤ a ^ (n + 1) := by
  apply Nat.pow_le_pow_right h
  exact Nat.le_succ ..

theorem exists_bigger (n : Nat) : ∃ m, n < m := by
  exists n + 1
  exact Nat.lt_succ_self ..

theorem shift_left_zero (n : Nat) : n <<< 0 + 0 = n := by
  simp
