"""First-order theorems made of propositional ones: atoms become predicates of variables, quantifiers are put before.

From Γ ⊢ G over atoms p(x, y) three sequents follow by the quantifier rules alone, whatever the types hold:

- ∀Γ ⊢ ∀G where G has all variables
- ∀Γ ⊢ G at constants where these are of all types that Γ is about
- ∃A, ∀Γ ⊢ ∃G where A, one of Γ, has all variables

Each atom gets a symbol of its own. So the propositional sequent comes back when predicates are constant, and a
classical one stays classical.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import partial

from lean_env.benchmark.lean_logic.composition import Entailment, total
from lean_env.benchmark.lean_logic.effort import propositional_effort
from lean_env.benchmark.lean_logic.formula import ALL, EXISTS, TYPE, Node, depth
from lean_env.benchmark.lean_logic.intuitionistic import provable
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.sequents import Sequents

_ATOMS = ("p", "q", "r", "s", "t")
_DRAFTS_A_POOL = 120
_TRIES = 40
_BUDGET = 1_500
_CLASSICAL_SHARE = 0.2
#: A statement is about this much larger than the sequent that it is made of.
_GROWTH = 2.3


def problems(rng: random.Random, sizes: tuple[int, int]) -> Iterator[Draft]:
    """Theorems without end, of sizes between both given; duplicates occur."""
    drawn, classical = 0, 0
    while True:
        atoms = _ATOMS[: rng.randint(2, len(_ATOMS))]
        sequents = Sequents(rng, atoms)
        for _ in range(_DRAFTS_A_POOL):
            target = max(1, round(rng.randint(*sizes) / _GROWTH))
            for _ in range(_TRIES):
                made = sequents.theorem(target)
                if made is None:
                    continue
                types, variables = _vocabulary(rng, atoms)
                effort = partial(_effort, made, variables)
                lifted = _lifted(rng, made, types, variables)
                if lifted is None or not sizes[0] <= total(lifted) <= sizes[1]:
                    continue
                intuitionistic = provable(*made, budget=_BUDGET)
                if intuitionistic is None or (not intuitionistic and classical > _CLASSICAL_SHARE * drawn):
                    continue
                drawn += 1
                classical += not intuitionistic
                sequent, _ = named(rng, types, *lifted)
                logic = Logic.INTUITIONISTIC if intuitionistic else Logic.CLASSICAL
                yield Draft(sequent, logic, max(map(depth, sequent.formulas)), effort=effort)
                break


def _effort(made: Entailment, variables: Mapping[str, tuple[str, ...]]) -> int:
    """That of the propositions, a step for each variable of a hypothesis, and one for the goal's."""
    hypotheses, _ = made
    return 1 + propositional_effort(*made) + sum(len(_variables(one, variables)) for one in hypotheses)


def _vocabulary(rng: random.Random, atoms: tuple[str, ...]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The types of predicates named like the atoms, with constants `a` and `b`; the variables that each is applied to.

    One variable, or two of one type or of two.
    """
    sorts = rng.choice(({"x": "α"}, {"x": "α", "y": "α"}, {"x": "α", "y": "β"}))
    variables = {atom: tuple(rng.choice((["x"], ["y"], ["x", "y"], ["x", "y"]))) for atom in atoms}
    variables = {atom: tuple(v for v in of if v in sorts) or ("x",) for atom, of in variables.items()}
    types = {sort: TYPE for sort in sorts.values()}
    types.update({atom: " → ".join((*(sorts[v] for v in of), "Prop")) for atom, of in variables.items()})
    types.update({constant: sorts[variable] for constant, variable in zip("ab", sorts, strict=False)})
    return types, variables


def _lifted(
    rng: random.Random, made: Entailment, types: Mapping[str, str], variables: Mapping[str, tuple[str, ...]]
) -> Entailment | None:
    """The quantified sequent; None where the rules do not allow what was drawn."""
    hypotheses, goal = made
    of_goal, of_hypotheses = _variables(goal, variables), [_variables(h, variables) for h in hypotheses]
    sorts = {"x": types["a"], "y": types.get("b", "")}

    def closed(quantifier: str, formula: Node, bound: list[str]) -> Node:
        formula = _applied(formula, variables, {})
        for name in reversed(bound):
            formula = Node(quantifier, (formula,), name, sorts[name])
        return formula

    everything = sorted(set(of_goal).union(*of_hypotheses))
    mode = rng.random()
    if mode < 0.3 and hypotheses:
        chosen = rng.randrange(len(hypotheses))
        if of_hypotheses[chosen] != everything:
            return None
        new = [
            closed(EXISTS if place == chosen else ALL, formula, of_hypotheses[place])
            for place, formula in enumerate(hypotheses)
        ]
        return tuple(new), closed(EXISTS, goal, of_goal)
    new = [closed(ALL, formula, of) for formula, of in zip(hypotheses, of_hypotheses, strict=True)]
    if mode < 0.5 and hypotheses:
        if not {sorts[name] for name in everything} <= {sorts[name] for name in of_goal}:
            # The hypotheses are about a type of which the goal has no constant, and which may be empty.
            return None
        return tuple(new), _applied(goal, variables, {"x": "a", "y": "b"})
    return (tuple(new), closed(ALL, goal, of_goal)) if of_goal == everything else None


def _variables(formula: Node, variables: Mapping[str, tuple[str, ...]]) -> list[str]:
    return sorted({variable for atom in formula.names for variable in variables[atom]})


def _applied(formula: Node, variables: Mapping[str, tuple[str, ...]], constants: Mapping[str, str]) -> Node:
    """Atoms as predicates of their variables, or of the constants given for these."""
    if formula.head in variables:
        arguments = tuple(Node(constants.get(variable, variable)) for variable in variables[formula.head])
        return Node(formula.head, arguments)
    return Node(formula.head, tuple(_applied(argument, variables, constants) for argument in formula.args))
