"""An implication between two laws as Lean text: the theorem that it holds, and the theorem that it does not."""

from __future__ import annotations

from lean_env.benchmark.lean_magma.laws import Equation, Term
from lean_env.benchmark.lean_magma.tables import Table

#: Names of the hypothesis' variables and of the conclusion's.
BOUND = ("x", "y", "z", "w", "u", "v")
FREE = ("a", "b", "c", "d", "e", "f")


def statement(hypothesis: Equation, conclusion: Equation) -> str:
    """`(G : Type) (op : G → G → G) (h : ∀ x y : G, op x y = op y x) (a b : G) : op a b = op b a`."""
    free = " ".join(FREE[: conclusion.variables])
    return f"(G : Type) (op : G → G → G) (h : {universal(hypothesis)}) ({free} : G) : {equation_text(conclusion, FREE)}"


def denial(hypothesis: Equation, conclusion: Equation) -> str:
    """What says that the implication does not hold."""
    return f": ¬ ∀ (G : Type) (op : G → G → G), ({universal(hypothesis)}) → {universal(conclusion)}"


def refutation(table: Table) -> str:
    """The tactic that proves a denial by a table. Its entries are the digits of one number, and digits are what Lean's
    kernel computes with large numbers' arithmetic; `decide` then has no more to unfold than comparisons."""
    n = table.size
    entry = f"Nat.mod (Nat.div {table.number} (Nat.pow {n} (Nat.add (Nat.mul {n} a.val) b.val))) {n}"
    operation = f"fun a b => ⟨{entry}, Nat.mod_lt _ (Nat.succ_pos _)⟩"
    return f"exact fun t => absurd (t (Fin {n}) ({operation}) (by decide +kernel)) (by decide +kernel)"


def universal(equation: Equation) -> str:
    """`∀ x y : G, op x y = op y x`."""
    return f"∀ {' '.join(BOUND[: equation.variables])} : G, {equation_text(equation, BOUND)}"


def equation_text(equation: Equation, names: tuple[str, ...]) -> str:
    return f"{_text(equation.left, names)} = {_text(equation.right, names)}"


def _text(term: Term, names: tuple[str, ...]) -> str:
    if isinstance(term, int):
        return names[term]
    left, right = (_text(one, names) if isinstance(one, int) else f"({_text(one, names)})" for one in term)
    return f"op {left} {right}"
