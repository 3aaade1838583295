-- Hand-written seed proofs: integers. One tactic a line, each on the first goal.

theorem int_add_reverse (a b c : Int) : a + b + c = c + (b + a) := by
  rw [Int.add_comm]
  rw [Int.add_comm a b]

theorem int_add_swap_inner (a b c : Int) : a + (b + c) = b + (a + c) := by
  rw [Int.add_left_comm]

theorem int_mul_swap (a b c : Int) : a * b * c = c * (b * a) := by
  rw [Int.mul_comm]
  rw [Int.mul_comm a b]

theorem int_mul_add_swapped (a b c : Int) : a * (b + c) = a * c + a * b := by
  rw [Int.mul_add]
  rw [Int.add_comm]

theorem int_add_mul_swapped (a b c : Int) : (a + b) * c = b * c + a * c := by
  rw [Int.add_mul]
  rw [Int.add_comm]

theorem int_neg_neg_add (a b : Int) : - -a + b = a + b := by
  rw [Int.neg_neg]

theorem int_sub_self_add (a b : Int) : a - a + b = b := by
  rw [Int.sub_self]
  rw [Int.zero_add]

theorem int_sub_as_add (a b : Int) : a - b = -b + a := by
  rw [Int.sub_eq_add_neg]
  rw [Int.add_comm]

theorem int_neg_add_swapped (a b : Int) : -(a + b) = -b + -a := by
  rw [Int.neg_add]
  rw [Int.add_comm]

theorem int_zero_mul_add (a b : Int) : 0 * a + b = b := by
  rw [Int.zero_mul]
  rw [Int.zero_add]

theorem int_mul_one_add (a b : Int) : a * (1 + b) = a + a * b := by
  rw [Int.mul_add]
  rw [Int.mul_one]

theorem int_neg_mul_swapped (a b : Int) : -a * b = -(b * a) := by
  rw [Int.neg_mul]
  rw [Int.mul_comm]

theorem int_le_chain (a b c d : Int) (h : a ≤ b) (k : b ≤ c) (l : c ≤ d) : a ≤ d := by
  apply Int.le_trans h
  apply Int.le_trans k
  exact l

theorem int_eq_of_le_both (a b : Int) (h : a ≤ b) (k : b ≤ a) : a = b := by
  apply Int.le_antisymm
  exact h
  exact k

theorem int_add_le_add_mixed (a b c d : Int) (h : a ≤ b) (k : c ≤ d) : a + c ≤ b + d := by
  apply Int.add_le_add
  exact h
  exact k

theorem int_lt_of_lt_le (a b c : Int) (h : a < b) (k : b ≤ c) : a < c := by
  apply Int.lt_of_lt_of_le h
  exact k

theorem int_le_of_lt_here (a b c : Int) (h : a < b) (k : b < c) : a ≤ c := by
  apply Int.le_of_lt
  apply Int.lt_trans h
  exact k

theorem int_neg_le_neg_here (a b : Int) (h : a ≤ b) : -b ≤ -a := by
  apply Int.neg_le_neg
  exact h

theorem int_dvd_chain (a b c d : Int) (h : a ∣ b) (k : b ∣ c) (l : c ∣ d) : a ∣ d := by
  apply Int.dvd_trans h
  apply Int.dvd_trans k
  exact l

theorem int_dvd_mul_twice (a b c : Int) : a ∣ a * b * c := by
  rw [Int.mul_assoc]
  exact Int.dvd_mul_right ..

theorem int_dvd_sum (a b c : Int) (h : a ∣ b) (k : a ∣ c) : a ∣ c + b := by
  apply Int.dvd_add
  exact k
  exact h

theorem int_natAbs_neg_add (a : Int) : (-a).natAbs + 0 = a.natAbs := by
  rw [Int.natAbs_neg]
  rfl

theorem int_min_swap (a b : Int) : min a b + 0 = min b a := by
  rw [Int.min_comm]
  rw [Int.add_zero]

theorem int_sub_zero_add (a b : Int) : a - 0 + b = b + a := by
  rw [Int.sub_zero]
  rw [Int.add_comm]

theorem int_linear_pair (x y : Int) (h : x + y = 5) (k : x - y = 1) : x = 3 ∧ y = 2 := by
  omega

theorem int_cast_add_swapped (a b : Nat) : ((a + b : Nat) : Int) = (b : Int) + (a : Int) := by
  rw [Int.natCast_add]
  rw [Int.add_comm]

theorem int_mul_zero_sub (a b : Int) : b - a * 0 = b := by
  rw [Int.mul_zero]
  rw [Int.sub_zero]

theorem int_emod_self_add (a b : Int) : a % a + b = b := by
  rw [Int.emod_self]
  rw [Int.zero_add]

theorem int_ediv_one_add (a b : Int) : a / 1 + b = a + b := by
  rw [Int.ediv_one]
