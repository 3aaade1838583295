"""One problem of `lean-logic`: a statement, whether it holds, and what is known about it by construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from lean_env.benchmark.lean_logic.formula import Sequent


class Family(StrEnum):
    """What a statement is about; also the first letter of its problem's name (`logic.p.…`)."""

    PROPOSITIONAL = "propositional"
    FIRST_ORDER = "first-order"
    INDUCTION = "induction"


class Logic(StrEnum):
    """The weaker logic that proves a theorem."""

    #: It has a proof by `intuitionistic.provable`, or by construction (derivations from facts, rewriting, induction).
    INTUITIONISTIC = "intuitionistic"
    #: A proposition that has no intuitionistic proof (decided), or a first-order statement that fails in a finite
    #: Kripke model.
    CLASSICAL = "classical"


@dataclass(frozen=True, slots=True)
class Problem:
    """A statement with its ground truth."""

    name: str
    #: Lean's text over `import Init`: binders, colon, goal.
    statement: str
    family: Family
    theorem: bool
    #: None for a non-theorem.
    logic: Logic | None
    #: Connectives, quantified variables, equations and applications in hypotheses and goal (`formula.size`).
    size: int
    #: The deepest nesting of those in one formula. For derivations from facts it is the least height of a derivation,
    #: for equations the least number of rewrites, for induction the number of inductions in the known proof.
    depth: int
    #: The class of all statements that differ by names and order only (`canonical.canonical`).
    canonical: str
    #: Of a non-theorem: its refutation in words.
    counterexample: str = ""
    #: Of a propositional non-theorem: the theorem that it is false. The counterexample proves it, since each atom is
    #: True or False.
    denial: str = ""


def _unknown() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem without its name: what the families generate. `counterexample` is set for non-theorems."""

    sequent: Sequent
    logic: Logic | None
    depth: int
    counterexample: str = ""
    #: What the known proof takes (`effort`); None where none is known. Called by those who want to know.
    effort: Callable[[], int | None] = field(default=_unknown, repr=False, compare=False)
