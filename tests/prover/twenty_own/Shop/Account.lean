/-! An account in cents. A withdrawal of more than there is changes nothing. -/

structure Account where
  owner : String
  balance : Nat
deriving DecidableEq, Repr

namespace Account

def deposit (a : Account) (n : Nat) : Account := { a with balance := a.balance + n }

def withdraw (a : Account) (n : Nat) : Account :=
  if n ≤ a.balance then { a with balance := a.balance - n } else a

@[simp] theorem deposit_owner (a : Account) (n : Nat) : (a.deposit n).owner = a.owner := rfl

end Account
