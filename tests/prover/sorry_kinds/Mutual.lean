mutual
inductive Tree where
  | node : Nat → Forest → Tree
inductive Forest where
  | nil : Forest
  | cons : Tree → Forest → Forest
end

mutual
def Tree.count : Tree → Nat
  | .node _ f => 1 + f.count
def Forest.count : Forest → Nat
  | .nil => 0
  | .cons t f => t.count + f.count
end

theorem leaf (n : Nat) : (Tree.node n .nil).count = 1 := by
  sorry

namespace Tree
variable (t : Tree)
private def label : Nat := match t with | .node n _ => n
theorem label_node (n : Nat) (f : Forest) : label (.node n f) = n := by
  sorry
end Tree
