/-! Binary trees, each with the operations that a first course gives them. -/

inductive Tree (α : Type) where
  | leaf
  | node (left : Tree α) (value : α) (right : Tree α)
deriving Repr

namespace Tree
variable {α β : Type}

def size : Tree α → Nat
  | leaf => 0
  | node l _ r => l.size + 1 + r.size

def depth : Tree α → Nat
  | leaf => 0
  | node l _ r => max l.depth r.depth + 1

def mirror : Tree α → Tree α
  | leaf => leaf
  | node l v r => node r.mirror v l.mirror

def map (f : α → β) : Tree α → Tree β
  | leaf => leaf
  | node l v r => node (l.map f) (f v) (r.map f)

def toList : Tree α → List α
  | leaf => []
  | node l v r => l.toList ++ v :: r.toList

def insert (x : Nat) : Tree Nat → Tree Nat
  | leaf => node leaf x leaf
  | node l v r => if x ≤ v then node (l.insert x) v r else node l v (r.insert x)

end Tree
