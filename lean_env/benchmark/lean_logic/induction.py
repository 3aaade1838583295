"""Problems by induction: functions are variables with their equations as hypotheses, the goal is an equation of terms.

A theorem is a conjecture that 200 tests did not refute and that the prover of `inductive` proves, alone or from lemmas
that it proved before. Lemmas become hypotheses, or are left to be found. A non-theorem fails in a test, given as its
counterexample. Where the induction hypothesis must be general, the goal begins with ∀ for the other variables.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from lean_env.benchmark.lean_logic.formula import EQ, Node, for_all, substitute
from lean_env.benchmark.lean_logic.functions import pattern_types
from lean_env.benchmark.lean_logic.inductive import Proof, prove, unfolded
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.terms import MARK, Equation
from lean_env.benchmark.lean_logic.theory import VARIABLE_TYPES, Theory, closure

#: Conjectures of one theory that are tried.
_CONJECTURES = 120
#: Of equations that definitions alone prove, by two rewrites or more, how many are kept.
_UNFOLDING_SHARE = 0.15
#: Largest equations that serve as lemmas, and how many of them a statement may have.
_LEMMA_SIZE = 8
_MOST_LEMMAS = 2
#: What two lemmas add to a statement at most.
_LEMMAS_SIZE = 20
#: Of theorems proved with lemmas, how many are stated without them.
_UNAIDED_SHARE = 0.2
#: What goal and lemmas add at most to the equations of the functions.
_LARGEST_REST = 20
_BOUND = ("x", "y", "z", "w", "v")
#: Statements in a row that one theory may give, so that no theory is most of the benchmark.
_MOST_OF_A_THEORY = 25


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, theorems or non-theorems; duplicates occur."""
    while True:
        theory = Theory(rng)
        if sum(function.size for function in theory.functions) + _LARGEST_REST < sizes[0]:
            continue
        given = 0
        for draft in _theorems(rng, theory, sizes) if theorems else _non_theorems(rng, theory):
            if sizes[0] <= draft.sequent.size <= sizes[1]:
                yield draft
                given += 1
                if given == _MOST_OF_A_THEORY:
                    break


def _theorems(rng: random.Random, theory: Theory, sizes: tuple[int, int]) -> Iterator[Draft]:
    lemmas: list[tuple[Equation, Proof]] = []
    for tried, conjecture in enumerate(theory.conjectures()):
        if tried == _CONJECTURES:
            return
        variables = _variables(conjecture)
        goal_size = 1 + conjecture.left.size + conjecture.right.size
        whole = goal_size + sum(function.size for function in closure(frozenset(conjecture.names)))
        if goal_size > _LEMMA_SIZE and not sizes[0] - _LEMMAS_SIZE <= whole <= sizes[1]:
            continue
        steps = unfolded(conjecture)
        if steps is not None:
            if steps > 1 and rng.random() < _UNFOLDING_SHARE:
                yield _draft(rng, conjecture, Proof(steps), [])
            continue
        patterns = [lemma for lemma, _ in lemmas]
        proof = prove(conjecture, variables)
        used: list[int] = []
        if proof is None and lemmas:
            proof = prove(conjecture, variables, patterns)
        if proof is None:
            continue
        if proof.lemmas:
            used = sorted(proof.lemmas)
            for place in list(used):
                fewer = [other for other in used if other != place]
                shorter = prove(conjecture, variables, [patterns[other] for other in fewer])
                if shorter is not None:
                    proof, used = shorter, fewer
            if len(used) > _MOST_LEMMAS:
                continue
        if not theory.holds(conjecture):
            raise AssertionError(f"proved, but false: {conjecture}")
        inductions = proof.inductions + sum(lemmas[place][1].inductions for place in used)
        if goal_size <= _LEMMA_SIZE:
            general = {name: Node(f"{MARK}{name}") for name in variables}
            lemma = Equation(substitute(conjecture.left, general), substitute(conjecture.right, general))
            lemmas.append((lemma, Proof(proof.rewrites, inductions)))
        if used and rng.random() < _UNAIDED_SHARE:
            proof.inductions = inductions
            used = []
        yield _draft(rng, conjecture, proof, [patterns[place] for place in used])


def _non_theorems(rng: random.Random, theory: Theory) -> Iterator[Draft]:
    for equation, test in theory.near_misses():
        made = _statement(rng, equation, [], [])
        sequent, new_names = named(rng, *made)
        yield Draft(sequent, None, 0, theory.counterexample(test, new_names))


def _draft(rng: random.Random, goal: Equation, proof: Proof, lemmas: Sequence[Equation]) -> Draft:
    general = [name for name in _variables(goal) if name != proof.variable] if proof.generalised else []
    sequent, _ = named(rng, *_statement(rng, goal, lemmas, general))
    return Draft(sequent, Logic.INTUITIONISTIC, proof.inductions)


def _statement(
    rng: random.Random, goal: Equation, lemmas: Sequence[Equation], general: Sequence[str]
) -> tuple[dict[str, str], list[Node], Node]:
    """Types of all symbols; hypotheses (equations of the functions, lemmas); the goal, ∀ over `general` variables."""
    terms = [side for equation in (goal, *lemmas) for side in equation]
    functions = list(closure(frozenset(name for term in terms for name in term.names)))
    rng.shuffle(functions)
    hypotheses = [one.node(pattern_types(function, one)) for function in functions for one in function.equations]
    hypotheses += [
        lemma.node([VARIABLE_TYPES[variable.removeprefix(MARK)] for variable in lemma.variables]) for lemma in lemmas
    ]
    new = dict(zip(general, _BOUND, strict=False))
    values = {name: Node(bound) for name, bound in new.items()}
    conclusion = Node(EQ, (substitute(goal.left, values), substitute(goal.right, values)))
    conclusion = for_all([(bound, VARIABLE_TYPES[name]) for name, bound in new.items()], conclusion)
    types = {function.name: function.type for function in functions} | VARIABLE_TYPES
    return types, hypotheses, conclusion


def _variables(equation: Equation) -> dict[str, str]:
    return {name: VARIABLE_TYPES[name] for name in equation.names if name in VARIABLE_TYPES}
