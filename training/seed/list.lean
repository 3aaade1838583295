-- Hand-written seed proofs: lists. One tactic a line, each on the first goal.

theorem append_three {α : Type} (a b c : List α) : a ++ b ++ c = a ++ (b ++ c) := by
  rw [List.append_assoc]

theorem append_nil_append {α : Type} (a b : List α) : a ++ [] ++ b = a ++ b := by
  rw [List.append_nil]

theorem nil_append_nil {α : Type} (a : List α) : [] ++ a ++ [] = a := by
  rw [List.append_nil]
  rw [List.nil_append]

theorem length_append_swap {α : Type} (a b : List α) : (a ++ b).length = (b ++ a).length := by
  rw [List.length_append]
  rw [List.length_append]
  rw [Nat.add_comm]

theorem length_append_three {α : Type} (a b c : List α) : (a ++ b ++ c).length = a.length + b.length + c.length := by
  rw [List.length_append]
  rw [List.length_append]

theorem length_cons_append {α : Type} (x : α) (a b : List α) : (x :: a ++ b).length = a.length + b.length + 1 := by
  simp [Nat.add_right_comm]

theorem length_reverse_append {α : Type} (a b : List α) : (a ++ b).reverse.length = a.length + b.length := by
  rw [List.length_reverse]
  rw [List.length_append]

theorem length_map_append {α β : Type} (f : α → β) (a b : List α) : ((a ++ b).map f).length = a.length + b.length := by
  rw [List.length_map]
  rw [List.length_append]

theorem map_append_three {α β : Type} (f : α → β) (a b c : List α) :
    (a ++ b ++ c).map f = a.map f ++ b.map f ++ c.map f := by
  rw [List.map_append]
  rw [List.map_append]

theorem map_map_twice {α : Type} (f : α → α) (a : List α) : (a.map f).map f = a.map (f ∘ f) := by
  rw [List.map_map]

theorem map_nil_append {α β : Type} (f : α → β) (a : List α) : [].map f ++ a.map f = a.map f := by
  rw [List.map_nil]
  rw [List.nil_append]

theorem reverse_reverse_append {α : Type} (a b : List α) : a.reverse.reverse ++ b = a ++ b := by
  rw [List.reverse_reverse]

theorem reverse_append_twice {α : Type} (a b : List α) : (a ++ b).reverse.reverse = a ++ b := by
  rw [List.reverse_reverse]

theorem reverse_cons_append {α : Type} (x : α) (a : List α) : (x :: a).reverse = a.reverse ++ [x] := by
  rw [List.reverse_cons]

theorem map_reverse_append {α β : Type} (f : α → β) (a : List α) : (a.map f).reverse.length = a.length := by
  rw [List.length_reverse]
  rw [List.length_map]

theorem mem_append_swap {α : Type} (x : α) (a b : List α) (h : x ∈ a ++ b) : x ∈ b ++ a := by
  rw [List.mem_append]
  rw [List.mem_append] at h
  cases h
  right
  assumption
  left
  assumption

theorem mem_cons_of_mem_here {α : Type} (x y z : α) (a : List α) (h : x ∈ a) : x ∈ y :: z :: a := by
  apply List.mem_cons_of_mem
  apply List.mem_cons_of_mem
  exact h

theorem mem_append_left_here {α : Type} (x : α) (a b : List α) (h : x ∈ a) : x ∈ a ++ b := by
  apply List.mem_append_left
  exact h

theorem mem_reverse_append {α : Type} (x : α) (a : List α) (h : x ∈ a) : x ∈ a.reverse := by
  rw [List.mem_reverse]
  exact h

theorem replicate_length_add (n : Nat) (x : Nat) (m : Nat) : (List.replicate n x).length + m = n + m := by
  rw [List.length_replicate]

theorem take_zero_append {α : Type} (a b : List α) : a.take 0 ++ b = b := by
  rw [List.take_zero]
  rw [List.nil_append]

theorem drop_zero_append {α : Type} (a b : List α) : a.drop 0 ++ b = a ++ b := by
  rw [List.drop_zero]

theorem take_append_drop_append {α : Type} (n : Nat) (a b : List α) : a.take n ++ a.drop n ++ b = a ++ b := by
  rw [List.take_append_drop]

theorem filter_append_length {α : Type} (p : α → Bool) (a b : List α) :
    ((a ++ b).filter p).length = (a.filter p).length + (b.filter p).length := by
  rw [List.filter_append]
  rw [List.length_append]

theorem filter_le_append {α : Type} (p : α → Bool) (a b : List α) : (a.filter p).length ≤ a.length + b.length := by
  apply Nat.le_trans (List.length_filter_le p a)
  exact Nat.le_add_right ..

theorem foldl_nil_add (f : Nat → Nat → Nat) (n m : Nat) : [].foldl f n + m = n + m := by
  rw [List.foldl_nil]

theorem foldr_cons_step (f : Nat → Nat → Nat) (x n : Nat) (a : List Nat) : (x :: a).foldr f n = f x (a.foldr f n) := by
  rw [List.foldr_cons]

theorem foldl_append_step (f : Nat → Nat → Nat) (n : Nat) (a b : List Nat) :
    (a ++ b).foldl f n = b.foldl f (a.foldl f n) := by
  rw [List.foldl_append]

theorem map_id_induct {α : Type} (a : List α) : a.map (fun x => x) = a := by
  induction a
  rfl
  simp_all

theorem length_map_induct {α β : Type} (f : α → β) (a : List α) : (a.map f).length = a.length := by
  induction a
  rfl
  simp_all

theorem append_nil_induct {α : Type} (a : List α) : a ++ ([] : List α) = a := by
  induction a
  rfl
  simp_all

theorem map_append_induct {α β : Type} (f : α → β) (a b : List α) : (a ++ b).map f = a.map f ++ b.map f := by
  induction a
  simp
  simp_all

theorem length_cases_nil {α : Type} (a : List α) (h : a.length = 0) : a = [] := by
  cases a
  rfl
  simp at h

theorem cons_ne_nil_here {α : Type} (x : α) (a : List α) : x :: a ≠ [] := by
  intro
  contradiction

theorem head_tail_length {α : Type} (x : α) (a : List α) : (x :: a).tail.length = a.length := by
  rw [List.tail_cons]

theorem flatten_append_length {α : Type} (a b : List (List α)) : (a ++ b).flatten = a.flatten ++ b.flatten := by
  rw [List.flatten_append]

theorem all_append_and {α : Type} (p : α → Bool) (a b : List α) : (a ++ b).all p = (a.all p && b.all p) := by
  rw [List.all_append]

theorem any_append_or {α : Type} (p : α → Bool) (a b : List α) : (a ++ b).any p = (a.any p || b.any p) := by
  rw [List.any_append]

theorem sum_cons_add (x n : Nat) (a : List Nat) : (x :: a).sum + n = x + a.sum + n := by
  rw [List.sum_cons]

theorem zip_nil_length {α β : Type} (a : List α) : (a.zip ([] : List β)).length = 0 := by
  simp

theorem eq_nil_of_append_length {α : Type} (a b : List α) (h : a ++ b = []) : a = [] := by
  simp_all

theorem sublist_append_chain {α : Type} (a b c : List α) (h : a.Sublist b) (k : b.Sublist c) : a.Sublist c := by
  apply List.Sublist.trans h
  exact k

theorem range_length_add (n m : Nat) : (List.range n).length + m = n + m := by
  rw [List.length_range]
