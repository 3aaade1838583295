-- Hand-written seed proofs: arrays. One tactic a line, each on the first goal.

theorem array_size_push_add {α : Type} (a : Array α) (x : α) (n : Nat) : (a.push x).size + n = a.size + 1 + n := by
  rw [Array.size_push]

theorem array_size_push_twice {α : Type} (a : Array α) (x y : α) : ((a.push x).push y).size = a.size + 2 := by
  rw [Array.size_push]
  rw [Array.size_push]

theorem array_size_map_push {α β : Type} (f : α → β) (a : Array α) (x : α) : ((a.push x).map f).size = a.size + 1 := by
  rw [Array.size_map]
  rw [Array.size_push]

theorem array_size_append_swap {α : Type} (a b : Array α) : (a ++ b).size = (b ++ a).size := by
  rw [Array.size_append]
  rw [Array.size_append]
  rw [Nat.add_comm]

theorem array_append_three {α : Type} (a b c : Array α) : a ++ b ++ c = a ++ (b ++ c) := by
  rw [Array.append_assoc]

theorem array_size_reverse_append {α : Type} (a b : Array α) : (a ++ b).reverse.size = a.size + b.size := by
  rw [Array.size_reverse]
  rw [Array.size_append]

theorem array_map_map_twice {α : Type} (f : α → α) (a : Array α) : (a.map f).map f = a.map (f ∘ f) := by
  rw [Array.map_map]

theorem array_map_append_size {α β : Type} (f : α → β) (a b : Array α) : (a ++ b).map f = a.map f ++ b.map f := by
  rw [Array.map_append]

theorem array_empty_append_size {α : Type} (a : Array α) : (#[] ++ a).size = a.size := by
  simp

theorem array_toList_length_add {α : Type} (a : Array α) (n : Nat) : a.toList.length + n = a.size + n := by
  rw [Array.length_toList]

theorem array_reverse_reverse_size {α : Type} (a : Array α) : a.reverse.reverse.size = a.size := by
  rw [Array.size_reverse]
  rw [Array.size_reverse]

theorem array_replicate_size_add (n m x : Nat) : (Array.replicate n x).size + m = n + m := by
  rw [Array.size_replicate]

theorem array_mem_append_swap {α : Type} (x : α) (a b : Array α) (h : x ∈ b) : x ∈ a ++ b := by
  rw [Array.mem_append]
  right
  exact h

theorem array_mem_push_self {α : Type} (x : α) (a : Array α) : x ∈ a.push x ∨ x ∈ a := by
  left
  simp

theorem array_size_range_add (n m : Nat) : (Array.range n).size + m = n + m := by
  rw [Array.size_range]

theorem array_size_pop_le {α : Type} (a : Array α) : a.pop.size ≤ a.size := by
  rw [Array.size_pop]
  exact Nat.sub_le ..

theorem array_cases_length {α : Type} (a : Array α) : a.toList.length = a.size := by
  cases a
  rfl

theorem array_map_id_here {α : Type} (a : Array α) : a.map (fun x => x) = a := by
  cases a
  simp
