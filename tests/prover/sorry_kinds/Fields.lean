structure Magma (α : Type) where
  op : α → α → α
  same : ∀ a b, op a b = op b a
  unit : α
  left : ∀ a, op unit a = a

def ofNat : Magma Nat := { op := (· + ·), same := by sorry, unit := 0, left := by sorry }

def ofBool : Magma Bool where
  op := xor
  same := sorry
  unit := false
  left a := by cases a <;> sorry
