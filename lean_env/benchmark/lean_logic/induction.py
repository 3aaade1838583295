"""Problems by induction: functions are variables with their equations as hypotheses, the goal is an equation of terms.

A theorem is a conjecture that 200 tests did not refute and that the prover of `inductive` proves, alone or from lemmas
that it proved before. Lemmas become hypotheses, or are left to be found. A non-theorem fails in a test, given as its
counterexample. Where the induction hypothesis must be general, the goal begins with ∀ for the other variables.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice

from lean_env.benchmark.lean_logic.formula import EQ, Node, for_all, substitute
from lean_env.benchmark.lean_logic.functions import CATALOGUE, Call, Function, Value, pattern_types
from lean_env.benchmark.lean_logic.inductive import Proof, prove, unfolded
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.terms import MARK, Equation
from lean_env.benchmark.lean_logic.theory import VARIABLE_TYPES, Theory, closure

#: Conjectures of one theory that are tried.
_CONJECTURES = 150
#: Of equations that definitions alone prove, by two rewrites or more, how many are kept.
_UNFOLDING_SHARE = 0.15
#: Largest equations that serve as lemmas, and how many of them a statement may have.
_LEMMA_SIZE = 8
_MOST_LEMMAS = 2
_LEMMAS_TRIED = 12
#: What two lemmas add to a statement at most.
_LEMMAS_SIZE = 20
#: Of theorems proved with lemmas, how many are stated without them.
_UNAIDED_SHARE = 0.2
#: What goal and lemmas add at most to the equations of the functions.
_LARGEST_REST = 20
_BOUND = ("x", "y", "z", "w", "v")
#: No set of functions has more than one in so many statements.
_LEAST_SETS = 12
#: Values of functions that are kept for the next theory.
_MOST_VALUES = 200_000


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, theorems or non-theorems; duplicates occur."""
    values: dict[Call, Value] = {}
    memory = _Memory()
    while True:
        if len(values) > _MOST_VALUES:
            values.clear()
        theory = Theory(rng, values)
        if sum(function.size for function in theory.functions) + _LARGEST_REST < sizes[0]:
            continue
        for draft in _theorems(rng, theory, sizes, memory) if theorems else _non_theorems(rng, theory, sizes, memory):
            if sizes[0] <= draft.sequent.size <= sizes[1]:
                yield draft


class _Memory:
    """What one stream of problems has seen: conjectures tested in full, and how many statements are about what."""

    def __init__(self) -> None:
        self.tested: set[Equation] = set()
        self._about: Counter[tuple[Function, ...]] = Counter()

    def crowded(self, functions: tuple[Function, ...]) -> bool:
        """Whether too many statements are about exactly these functions already; addition alone would be a third."""
        return self._about[functions] > 4 + self._about.total() // _LEAST_SETS

    def add(self, functions: tuple[Function, ...]) -> None:
        self._about[functions] += 1


@dataclass(frozen=True)
class Lemma:
    """A proved equation, its variables as pattern variables, with all inductions that its proof needs."""

    equation: Equation
    inductions: int


def _theorems(rng: random.Random, theory: Theory, sizes: tuple[int, int], memory: _Memory) -> Iterator[Draft]:
    lemmas: list[Lemma] = []
    for conjecture in islice(theory.conjectures(), _CONJECTURES):
        functions = closure(frozenset(conjecture.names))
        goal_size = 1 + conjecture.left.size + conjecture.right.size
        whole = goal_size + sum(function.size for function in functions)
        unwanted = memory.crowded(functions) or not sizes[0] - _LEMMAS_SIZE <= whole <= sizes[1]
        if goal_size > _LEMMA_SIZE and unwanted:
            continue
        steps = unfolded(conjecture)
        if steps is not None:
            if steps > 1 and not unwanted and rng.random() < _UNFOLDING_SHARE:
                memory.add(functions)
                yield _draft(rng, conjecture, Proof(steps), [])
            continue
        alone = _alone(conjecture)
        found = _with_lemmas(conjecture, lemmas) if alone is None else (alone, [])
        if found is None:
            continue
        proof, used = found
        if conjecture not in memory.tested:
            memory.tested.add(conjecture)
            if not theory.holds(conjecture):
                raise AssertionError(f"proved, but false: {conjecture}")
        inductions = proof.inductions + sum(lemma.inductions for lemma in used)
        if goal_size <= _LEMMA_SIZE:
            general = {name: Node(f"{MARK}{name}") for name in _variables(conjecture)}
            lemmas.append(Lemma(Equation(*(substitute(side, general) for side in conjecture)), inductions))
        if unwanted:
            continue
        missing = 0
        if len(used) > _MOST_LEMMAS or (used and rng.random() < _UNAIDED_SHARE):
            missing = len(used)
            proof, used = replace(proof, inductions=inductions), []
        memory.add(functions)
        yield _draft(rng, conjecture, proof, [lemma.equation for lemma in used], missing)


def _with_lemmas(conjecture: Equation, lemmas: Sequence[Lemma]) -> tuple[Proof, list[Lemma]] | None:
    """A proof from lemmas about the same functions, and those that it cannot do without."""
    known = {function.name for function in closure(frozenset(conjecture.names))}
    usable = [lemma for lemma in lemmas if lemma.equation.names.keys() & CATALOGUE.keys() <= known][-_LEMMAS_TRIED:]
    variables = _variables(conjecture)
    proof = prove(conjecture, variables, [lemma.equation for lemma in usable]) if usable else None
    if proof is None:
        return None
    used = [usable[place] for place in sorted(proof.lemmas)]
    for lemma in list(used):
        fewer = [other for other in used if other != lemma]
        shorter = prove(conjecture, variables, [other.equation for other in fewer])
        if shorter is not None:
            proof, used = shorter, fewer
    return proof, used


@lru_cache(maxsize=1 << 14)
def _alone(conjecture: Equation) -> Proof | None:
    """The proof without lemmas: theories have many conjectures in common."""
    return prove(conjecture, _variables(conjecture))


def _non_theorems(rng: random.Random, theory: Theory, sizes: tuple[int, int], memory: _Memory) -> Iterator[Draft]:
    for equation, test in theory.near_misses():
        functions = closure(frozenset(equation.names))
        whole = 1 + equation.left.size + equation.right.size + sum(function.size for function in functions)
        if sizes[0] <= whole <= sizes[1] and not memory.crowded(functions):
            memory.add(functions)
            sequent, new_names = named(rng, *_statement(rng, equation, [], []))
            yield Draft(sequent, None, 0, theory.counterexample(test, new_names))


def _effort(proof: Proof, missing: int) -> int:
    """A rewrite counts twice, as in first-order problems. An induction counts for its two cases and for the choice of
    the variable, and of what is general; a lemma that has to be found for about as much as its own proof."""
    return 1 + 2 * proof.rewrites + 4 * proof.inductions + 2 * proof.generalised + 8 * missing


def _draft(rng: random.Random, goal: Equation, proof: Proof, lemmas: Sequence[Equation], missing: int = 0) -> Draft:
    general = [name for name in _variables(goal) if name != proof.variable] if proof.generalised else []
    sequent, _ = named(rng, *_statement(rng, goal, lemmas, general))
    return Draft(sequent, Logic.INTUITIONISTIC, proof.inductions, effort=partial(_effort, proof, missing))


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
