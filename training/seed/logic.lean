-- Hand-written seed proofs: propositional and first-order logic. One tactic a line, each on the first goal.

theorem and_rotate (p q r : Prop) (h : p ∧ q ∧ r) : r ∧ p ∧ q := by
  cases h
  cases right
  constructor
  assumption
  constructor
  assumption
  assumption

theorem and_swap_imp (p q r : Prop) (h : p ∧ q → r) (hq : q) (hp : p) : r := by
  apply h
  constructor
  assumption
  assumption

theorem or_swap_of (p q r : Prop) (h : p ∨ q ∨ r) : r ∨ q ∨ p := by
  cases h
  right
  right
  assumption
  cases h_1
  right
  left
  assumption
  left
  assumption

theorem imp_chain (p q r s : Prop) (f : p → q) (g : q → r) (k : r → s) (hp : p) : s := by
  apply k
  apply g
  apply f
  exact hp

theorem modus_twice (p q r : Prop) (f : p → q → r) (hp : p) (hq : q) : r := by
  apply f
  exact hp
  exact hq

theorem absurd_pair (p q : Prop) (hp : p) (hn : ¬p) : q := by
  contradiction

theorem not_and_self_left (p q : Prop) : ¬(p ∧ ¬p ∧ q) := by
  intros
  simp_all

theorem contrapose_weak (p q : Prop) (f : p → q) (hn : ¬q) : ¬p := by
  intro
  apply hn
  apply f
  assumption

theorem not_or_left (p q : Prop) (h : ¬(p ∨ q)) : ¬p := by
  intro
  apply h
  left
  assumption

theorem not_or_right (p q : Prop) (h : ¬(p ∨ q)) : ¬q := by
  intro
  apply h
  right
  assumption

theorem iff_and_swap (p q r : Prop) : (p ∧ q ∧ r) ↔ (r ∧ q ∧ p) := by
  constructor
  simp_all
  simp_all

theorem iff_forward (p q r : Prop) (h : p ↔ q) (g : q → r) (hp : p) : r := by
  apply g
  rw [← h]
  exact hp

theorem iff_backward (p q r : Prop) (h : p ↔ q) (g : p → r) (hq : q) : r := by
  apply g
  rw [h]
  exact hq

theorem iff_compose (p q r : Prop) (h : p ↔ q) (k : q ↔ r) : p ↔ r := by
  rw [h]
  exact k

theorem exists_swap {α β : Type} (r : α → β → Prop) (h : ∃ a, ∃ b, r a b) : ∃ b, ∃ a, r a b := by
  cases h
  cases h_1
  exists w_1
  exists w

theorem exists_weaken {α : Type} (p q : α → Prop) (f : ∀ x, p x → q x) (h : ∃ x, p x) : ∃ x, q x := by
  cases h
  exists w
  apply f
  exact h_1

theorem forall_and_split {α : Type} (p q : α → Prop) (h : ∀ x, p x ∧ q x) : (∀ x, p x) ∧ (∀ x, q x) := by
  constructor
  intros
  simp_all
  intros
  simp_all

theorem forall_instance {α : Type} (p : α → Prop) (a : α) (h : ∀ x, p x) : p a ∧ p a := by
  constructor
  apply h
  apply h

theorem not_exists_of_forall_not {α : Type} (p : α → Prop) (h : ∀ x, ¬p x) : ¬∃ x, p x := by
  intro
  cases a
  apply h
  assumption

theorem exists_or_left {α : Type} (p q : α → Prop) (h : ∃ x, p x) : ∃ x, p x ∨ q x := by
  cases h
  exists w
  left
  assumption

theorem eq_swap_trans {α : Type} (a b c : α) (h : a = b) (k : c = b) : a = c := by
  rw [h]
  rw [k]

theorem eq_rewrite_fun {α β : Type} (f : α → β) (a b : α) (h : a = b) : f b = f a := by
  rw [h]

theorem eq_subst_pred {α : Type} (p : α → Prop) (a b : α) (h : b = a) (hp : p b) : p a := by
  subst h
  exact hp

theorem ne_swap {α : Type} (a b : α) (h : a ≠ b) : b ≠ a := by
  intro
  apply h
  symm
  assumption

theorem comp_apply_twice {α : Type} (f : α → α) (h : ∀ x, f x = x) (a : α) : f (f a) = a := by
  rw [h]
  rw [h]

theorem funext_id {α : Type} (f : α → α) (h : ∀ x, f x = x) : f = fun x => x := by
  funext x
  rw [h]

theorem funext_comp {α β : Type} (f g : α → β) (h : ∀ x, f x = g x) : (fun x => g x) = (fun x => f x) := by
  funext x
  rw [h]

theorem false_elim_and (p q : Prop) (h : False) : p ∧ q := by
  exfalso
  exact h

theorem propext_and_comm (p q r : Prop) (h : p ↔ q) : (p ∧ r) = (q ∧ r) := by
  rw [h]

theorem decide_prop_or (p : Prop) (h : ¬¬p) : p := by
  apply Classical.byContradiction
  exact h

theorem em_swap (p : Prop) : ¬p ∨ p := by
  rw [Or.comm]
  exact Classical.em p

theorem ite_same_branch (p : Prop) [Decidable p] (a : Nat) : (if p then a else a) = a := by
  split
  rfl
  rfl

theorem ite_true_branch (p : Prop) [Decidable p] (a b : Nat) (h : p) : (if p then a else b) = a := by
  simp [h]

theorem ite_false_branch (p : Prop) [Decidable p] (a b : Nat) (h : ¬p) : (if p then a else b) = b := by
  simp [h]

theorem ite_le_split (p : Prop) [Decidable p] (a b c : Nat) (h : a ≤ c) (k : b ≤ c) : (if p then a else b) ≤ c := by
  split
  exact h
  exact k

theorem and_assoc_use (p q r : Prop) : ((p ∧ q) ∧ r) ↔ (p ∧ (q ∧ r)) := by
  rw [and_assoc]

theorem or_assoc_use (p q r : Prop) (h : (p ∨ q) ∨ r) : p ∨ q ∨ r := by
  rw [← or_assoc]
  exact h

theorem not_not_em_like (p : Prop) : ¬¬(p ∨ ¬p) := by
  intro
  apply a
  right
  intro
  apply a
  left
  assumption
