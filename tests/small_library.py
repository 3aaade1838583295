"""A library of a few theorems, small enough to know what ought to be retrieved from it."""

from lean_env.theorem import Environment, Theorem
from prover.actions.retrieval import PremiseIndex, Retriever
from prover.actions.space import ActionSpace

THEOREMS = [
    ("Nat.add_comm", "Nat", "∀ (n m : Nat), n + m = m + n"),
    ("Nat.add_assoc", "Nat", "∀ (n m k : Nat), n + m + k = n + (m + k)"),
    ("Nat.le_of_lt", "Nat", "∀ {n m : Nat}, n < m → n ≤ m"),
    ("Nat.le_refl", "Nat", "∀ (n : Nat), n ≤ n"),
    ("Nat.mul_comm", "Nat", "∀ (n m : Nat), n * m = m * n"),
    ("Int.add_comm", "Int", "∀ (a b : Int), a + b = b + a"),
    (
        "List.map_append",
        "List",
        "∀ {α : Type u_1} {β : Type u_2} {f : α → β} {l₁ l₂ : List α}, "
        "List.map f (l₁ ++ l₂) = List.map f l₁ ++ List.map f l₂",
    ),
    (
        "List.map_map",
        "List",
        "∀ {α : Type u_1} {β : Type u_2} {γ : Type u_3} {g : β → γ} {f : α → β} {l : List α}, "
        "List.map g (List.map f l) = List.map (g ∘ f) l",
    ),
    (
        "List.length_append",
        "List",
        "∀ {α : Type u_1} {as bs : List α}, List.length (as ++ bs) = List.length as + List.length bs",
    ),
    ("List.mem_append", "List", "∀ {α : Type u_1} {a : α} {s t : List α}, a ∈ s ++ t ↔ a ∈ s ∨ a ∈ t"),
    ("List.append_assoc", "List", "∀ {α : Type u_1} (as bs cs : List α), as ++ bs ++ cs = as ++ (bs ++ cs)"),
    (
        "Array.map_append",
        "Array",
        "∀ {α : Type u_1} {β : Type u_2} {f : α → β} {xs ys : Array α}, "
        "Array.map f (xs ++ ys) = Array.map f xs ++ Array.map f ys",
    ),
]
DEFINITIONS = {"List.map": "List", "List.length": "List", "Array.map": "Array"}
IMPORTED = {"Nat": {"Nat"}, "Int": {"Nat", "Int"}, "List": {"Nat", "List"}, "Array": {"Nat", "List", "Array"}}

NAT = Environment(("Nat",))
LISTS = Environment(("List",))
ARRAYS = Environment(("Array",))

MAP_APPEND = """α : Type u_1
β : Type u_2
f : α → β
xs ys : List α
h : List.length xs = List.length ys
⊢ List.map f (xs ++ ys) = List.map f xs ++ List.map f ys"""
LESS = """n m : Nat
h : n < m
⊢ n ≤ m"""
DISJUNCTION = """p q : Prop
hp : p
⊢ p ∨ q"""


def closure(environment: Environment) -> frozenset[str]:
    return frozenset().union(*(IMPORTED[module] for module in environment.imports))


def retriever() -> Retriever:
    names, modules, statements = zip(*THEOREMS, strict=True)
    return Retriever(PremiseIndex(names, modules, statements, DEFINITIONS), closure)


def action_space() -> ActionSpace:
    return ActionSpace(retriever())


def theorem(name: str = "t", environment: Environment = LISTS) -> Theorem:
    return Theorem(name, "…", environment)
