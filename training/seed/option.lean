-- Hand-written seed proofs: options. One tactic a line, each on the first goal.

theorem option_map_cases {α β : Type} (f : α → β) (o : Option α) : (o.map f).isSome = o.isSome := by
  cases o
  rfl
  rfl

theorem option_map_id_cases {α : Type} (o : Option α) : o.map (fun x => x) = o := by
  cases o
  rfl
  rfl

theorem option_map_map_here {α : Type} (f g : α → α) (o : Option α) : (o.map f).map g = o.map (g ∘ f) := by
  rw [Option.map_map]

theorem option_bind_none {α β : Type} (f : α → Option β) : (none : Option α).bind f = none := by
  rfl

theorem option_bind_some_here {α : Type} (o : Option α) : o.bind some = o := by
  cases o
  rfl
  rfl

theorem option_isNone_not {α : Type} (o : Option α) : o.isNone = !o.isSome := by
  cases o
  rfl
  rfl

theorem option_none_orElse {α : Type} (o : Option α) : (none.or o) = o := by
  rw [Option.none_or]

theorem option_or_none_here {α : Type} (o : Option α) : (o.or none).or none = o := by
  rw [Option.or_none]
  rw [Option.or_none]

theorem option_or_three {α : Type} (a b c : Option α) : (a.or b).or c = a.or (b.or c) := by
  rw [Option.or_assoc]

theorem option_some_inj_here {α : Type} (a b : α) (h : some a = some b) : b = a := by
  simp_all

theorem option_some_ne_none_here {α : Type} (a : α) : some a ≠ none := by
  intro
  contradiction

theorem option_getD_map {α : Type} (f : α → α) (a : α) (d : α) : ((some a).map f).getD d = f a := by
  rfl

theorem option_filter_none {α : Type} (p : α → Bool) : ((none : Option α).filter p).isSome = false := by
  rfl

theorem option_eq_none_of_not {α : Type} (o : Option α) (h : o.isSome = false) : o = none := by
  cases o
  rfl
  simp at h

theorem option_cases_exists {α : Type} (o : Option α) (h : o ≠ none) : ∃ a, o = some a := by
  cases o
  contradiction
  exists val

theorem option_guard_and {α : Type} (o : Option α) (p q : α → Bool) : ((o.filter p).filter q).isSome → o.isSome := by
  cases o
  simp
  simp
