import Std.Data.HashMap
import Shop.Tree
import Shop.Account

/-! Twenty sorries over definitions of this file and of its two modules. All statements are true. -/

structure Item where
  name : String
  price : Nat
  count : Nat
deriving DecidableEq

namespace Item
def cost (i : Item) : Nat := i.price * i.count
def restock (i : Item) (n : Nat) : Item := { i with count := i.count + n }
end Item

abbrev Stock := Std.HashMap String Nat

namespace Stock
def amount (s : Stock) (name : String) : Nat := s.getD name 0
def put (s : Stock) (name : String) (n : Nat) : Stock := s.insert name n
def add (s : Stock) (name : String) (n : Nat) : Stock := s.put name (s.amount name + n)
end Stock

def total : List Item → Nat
  | [] => 0
  | i :: is => i.cost + total is

def sumTo : Nat → Nat
  | 0 => 0
  | n + 1 => sumTo n + (n + 1)

def rev (acc : List α) : List α → List α
  | [] => acc
  | x :: xs => rev (x :: acc) xs

def halve (n : Nat) : Nat := if n < 2 then 0 else halve (n - 2) + 1
termination_by n

def payAll (a : Account) : List Nat → Account
  | [] => a
  | n :: ns => payAll (a.deposit n) ns

/-! ## Trees -/

namespace Tree

theorem size_mirror (t : Tree α) : t.mirror.size = t.size := by
  sorry

theorem mirror_mirror (t : Tree α) : t.mirror.mirror = t := by
  induction t with
  | leaf => rfl
  | node l v r ihl ihr => sorry

theorem depth_le_size (t : Tree α) : t.depth ≤ t.size := by
  sorry

theorem length_toList (t : Tree α) : t.toList.length = t.size := by
  sorry

theorem toList_map (f : α → β) (t : Tree α) : (t.map f).toList = t.toList.map f := by
  sorry

theorem toList_mirror (t : Tree α) : t.mirror.toList = t.toList.reverse := by
  sorry

theorem size_insert (x : Nat) (t : Tree Nat) : (t.insert x).size = t.size + 1 := by
  sorry

theorem mem_insert (x y : Nat) (t : Tree Nat) : y ∈ (t.insert x).toList ↔ y = x ∨ y ∈ t.toList := by
  sorry

-- The hard one: what is inserted into a sorted tree finds its place.
theorem sorted_insert (x : Nat) (t : Tree Nat) (h : t.toList.Pairwise (· ≤ ·)) :
    (t.insert x).toList.Pairwise (· ≤ ·) := by
  sorry

end Tree

/-! ## Accounts -/

theorem withdraw_deposit (a : Account) (n : Nat) : (a.deposit n).withdraw n = a := by
  sorry

theorem withdraw_le (a : Account) (n : Nat) : (a.withdraw n).balance ≤ a.balance := by
  unfold Account.withdraw
  split
  · sorry
  · exact Nat.le_refl _

theorem payAll_owner (a : Account) (ns : List Nat) : (payAll a ns).owner = a.owner := by
  sorry

theorem payAll_balance (a : Account) (ns : List Nat) : (payAll a ns).balance = a.balance + ns.sum := by
  sorry

/-! ## Items and stock -/

theorem cost_restock (i : Item) (n : Nat) : (i.restock n).cost = i.cost + i.price * n := sorry

theorem total_append (xs ys : List Item) : total (xs ++ ys) = total xs + total ys := by
  sorry

theorem amount_add (s : Stock) (name : String) (n : Nat) : (s.add name n).amount name = s.amount name + n := by
  sorry

theorem amount_put_ne (s : Stock) (a b : String) (n : Nat) (h : a ≠ b) : (s.put a n).amount b = s.amount b := by
  sorry

/-! ## Recursion -/

theorem twice_sumTo (n : Nat) : 2 * sumTo n = n * (n + 1) := by
  sorry

theorem rev_eq (acc xs : List α) : rev acc xs = xs.reverse ++ acc := by
  sorry

theorem halve_le (n : Nat) : halve n ≤ n := by
  sorry
