"""Propositional problems: sequents over two to six atoms, decided by truth tables and by G4ip."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lean_env.benchmark.lean_logic import assembly
from lean_env.benchmark.lean_logic.composition import Entailment, Stock, tidy, total
from lean_env.benchmark.lean_logic.formula import (
    AND,
    FALSE,
    IFF,
    IMP,
    NOT,
    OR,
    PROP,
    TRUE,
    Node,
    Sequent,
    depth,
    names,
    rename,
)
from lean_env.benchmark.lean_logic.intuitionistic import provable
from lean_env.benchmark.lean_logic.models import valuations
from lean_env.benchmark.lean_logic.problem import Draft, Logic

ATOMS = ("p", "q", "r", "s", "t", "u")
_CONNECTIVES = (AND, OR, IMP, NOT, IFF)
_WEIGHTS = (4, 4, 5, 2, 1)
#: Weights of two to six atoms, for small and for large statements.
_ATOM_WEIGHTS = (3, 6, 5, 3, 2)
_MORE_ATOMS = (0, 2, 5, 5, 4)
_CONSTANT_SHARE = 0.02
_POOL = 160
_LARGEST_PART = 7
#: Larger statements than this are composed of such: drawn at once, hardly any is valid and busy.
_SMALL = 7
_STOCK_TRIES = 3_000
#: Share of those tries whose goal is an atom: cuts at hypotheses need them.
_ATOMIC_GOALS = 0.3
#: Shares of what is tried: no hypotheses; contradictory hypotheses. Both are a few per cent of what is kept.
_TAUTOLOGIES, _CONTRADICTIONS = 0.15, 0.05
#: A pool takes as long to draw as about 30 drafts.
_DRAFTS_A_POOL = 120
_TRIES = 150
#: The most that classical theorems may be of all; of what is drawn they are two fifths.
_CLASSICAL_SHARE = 0.2
#: Sequents that the intuitionistic prover may look at; nine in ten need fewer than 30.
_BUDGET = 1_500


def random_formula(rng: random.Random, size: int, atoms: tuple[str, ...]) -> Node:
    """A formula with `size` connectives; no connective joins a formula to itself, no triple negation."""
    if size == 0:
        return Node(rng.choice(atoms))
    head = rng.choices(_CONNECTIVES, _WEIGHTS)[0]
    if head == NOT:
        inner = random_formula(rng, size - 1, atoms)
        triple = inner.head == NOT and inner.args[0].head == NOT
        return inner.args[0] if triple else Node(NOT, (inner,))
    left_size = rng.randrange(size)
    left, right = random_formula(rng, left_size, atoms), random_formula(rng, size - 1 - left_size, atoms)
    if rng.random() < _CONSTANT_SHARE:
        right = Node(FALSE if head in (IMP, IFF) else rng.choice((TRUE, FALSE)))
    while left == right:
        right = Node(rng.choice(atoms))
    return Node(head, (left, right))


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, theorems or non-theorems; duplicates occur."""
    drawn, classical = 0, 0
    while True:
        atoms = ATOMS[: rng.choices(range(2, 7), _ATOM_WEIGHTS if sizes[0] <= _SMALL else _MORE_ATOMS)[0]]
        pool = _pool(rng, atoms)
        stock = _stock(rng, pool) if theorems else None
        for _ in range(_DRAFTS_A_POOL):
            # Sizes are drawn first and then insisted on, or those that succeed more often would be most of all.
            target = rng.randint(*sizes)
            for _ in range(_TRIES):
                made = _theorem(rng, pool, stock, target) if stock else _non_theorem(rng, pool, target)
                if made is None or not target <= total(made) <= min(sizes[1], target + target // 5):
                    continue
                draft = _draft(rng, pool, atoms, *made, theorems)
                if draft is None or (draft.logic is Logic.CLASSICAL and classical > _CLASSICAL_SHARE * drawn):
                    continue
                drawn += 1
                classical += draft.logic is Logic.CLASSICAL
                yield draft
                break


def _non_theorem(rng: random.Random, pool: assembly.Pool, target: int) -> Entailment | None:
    *parts, goal_size = _parts(rng, target)
    return assembly.near_miss(rng, pool, parts, goal_size)


def _pool(rng: random.Random, atoms: tuple[str, ...]) -> assembly.Pool:
    formulas = [[Node(atom) for atom in atoms]]
    formulas += [[random_formula(rng, size, atoms) for _ in range(_POOL)] for size in range(1, _LARGEST_PART + 1)]
    return assembly.Pool.of(valuations(atoms), formulas)


def _stock(rng: random.Random, pool: assembly.Pool) -> Stock:
    """Small entailments without idle leaves."""
    stock: dict[Entailment, None] = {}
    for _ in range(_STOCK_TRIES):
        *sizes, goal_size = _parts(rng, rng.randint(1, _SMALL))
        goal_size *= rng.random() > _ATOMIC_GOALS
        made = assembly.entailed(rng, pool, sizes, goal_size)
        if made is not None and not assembly.idle_leaves(pool.models, *made):
            stock[made] = None
    return Stock(list(stock), [formula for formula, _ in (*pool.of_size(1), *pool.of_size(2))])


def _theorem(rng: random.Random, pool: assembly.Pool, stock: Stock, target: int) -> Entailment | None:
    """A valid sequent of about the size, in which few leaves are idle."""
    kind = rng.random()
    made: Entailment | None
    if target > _SMALL:
        made = stock.composed(rng, target)
        tidied = made[1] not in made[0] and all(map(tidy, (*made[0], made[1])))
        if not tidied or not assembly.irredundant(pool.models, *made):
            return None
    elif kind < _TAUTOLOGIES:
        goal = assembly.tautology(rng, pool, target)
        made = None if goal is None else ((), goal)
    else:
        *sizes, goal_size = _parts(rng, target)
        if kind < _TAUTOLOGIES + _CONTRADICTIONS:
            made = assembly.contradictory(rng, pool, [*sizes, goal_size])
        else:
            made = assembly.entailed(rng, pool, sizes, goal_size)
    if made is None or assembly.idle_leaves(pool.models, *made) > _idle(target):
        return None
    return made


def _idle(size: int) -> int:
    """How many idle leaves are allowed: `p ⊢ p ∨ q` has one."""
    return 1 + size // 10


def _parts(rng: random.Random, total: int) -> list[int]:
    """Sizes of one to five hypotheses and the goal, which add up to `total`."""
    most = min(5, max(1, total // 2))
    hypotheses = rng.randint(1, most)
    cuts = sorted(rng.randint(0, total) for _ in range(hypotheses))
    return [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]


def _draft(
    rng: random.Random,
    pool: assembly.Pool,
    atoms: tuple[str, ...],
    hypotheses: tuple[Node, ...],
    goal: Node,
    theorem: bool,
) -> Draft | None:
    formulas = (*hypotheses, goal)
    nesting = max(map(depth, formulas))
    occurring = {name for formula in formulas for name in names(formula)}
    new_names = dict(zip(atoms, rng.sample(ATOMS, len(atoms)), strict=True))
    sequent = Sequent(
        tuple((name, PROP) for name in sorted(new_names[atom] for atom in atoms if atom in occurring)),
        tuple((f"h{place}", rename(formula, new_names)) for place, formula in enumerate(hypotheses, 1)),
        rename(goal, new_names),
    )
    if not theorem:
        index = pool.models.refuting(hypotheses, goal).bit_length() - 1
        values = {new_names[atom]: pool.models.truth(Node(atom)) >> index & 1 for atom in atoms if atom in occurring}
        counterexample = ", ".join(f"{atom} := {bool(value)}" for atom, value in sorted(values.items()))
        return Draft(sequent, None, nesting, counterexample)
    found = provable(hypotheses, goal, budget=_BUDGET)
    if found is None:
        return None
    return Draft(sequent, Logic.INTUITIONISTIC if found else Logic.CLASSICAL, nesting)
