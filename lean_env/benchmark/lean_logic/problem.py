"""One problem of `lean-logic`: a statement, whether it holds, and what is known about it by construction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lean_env.benchmark.lean_logic.formula import Sequent


class Family(StrEnum):
    """What a statement is about; also the first letter of its problem's name (`logic.p.…`)."""

    PROPOSITIONAL = "propositional"
    FIRST_ORDER = "first-order"
    INDUCTION = "induction"


class Logic(StrEnum):
    """The weaker logic that proves a theorem. CLASSICAL propositions have no intuitionistic proof (decided), CLASSICAL
    first-order statements fail in a finite Kripke model; INTUITIONISTIC ones have a proof by `intuitionistic.provable`
    or by construction (derivations from facts, rewriting, induction)."""

    INTUITIONISTIC = "intuitionistic"
    CLASSICAL = "classical"


@dataclass(frozen=True, slots=True)
class Problem:
    """`statement` is Lean's text: binders, colon, goal, over `import Init`.

    `size`: connectives, quantified variables, equations and applications in hypotheses and goal (`formula.size`).
    `depth`: the deepest nesting of those in one formula; for derivations from facts the least height of a derivation;
    for equations the least number of rewrites; for induction the number of inductions in the known proof.
    `canonical`: the class of all statements that differ by names and order only (`canonical.canonical`).
    A non-theorem has no `logic`, and its refutation in words is `counterexample`; that a propositional one is false is
    a theorem, `denial` (the counterexample proves it: each atom is True or False).
    """

    name: str
    statement: str
    family: Family
    theorem: bool
    logic: Logic | None
    size: int
    depth: int
    canonical: str
    counterexample: str = ""
    denial: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem without its name: what the families generate. `counterexample` is set for non-theorems."""

    sequent: Sequent
    logic: Logic | None
    depth: int
    counterexample: str = ""
