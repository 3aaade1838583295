"""Propositional sequents over a few atoms: valid ones in which everything is needed, and almost valid ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lean_env.benchmark.lean_logic import assembly
from lean_env.benchmark.lean_logic.composition import Entailment, Stock, total
from lean_env.benchmark.lean_logic.formula import AND, FALSE, IFF, IMP, NOT, OR, TRUE, Node
from lean_env.benchmark.lean_logic.models import valuations

_CONNECTIVES = (AND, OR, IMP, NOT, IFF)
_WEIGHTS = (4, 8, 13, 15, 16)
_CONSTANT_SHARE = 0.02
_POOL = 160
_LARGEST_PART = 7
#: Larger statements than this are composed of such: drawn at once, hardly any is valid and busy.
_SMALL = 7
_STOCK_TRIES = 2_500
#: Share of those tries whose goal is an atom: cuts at hypotheses need them.
_ATOMIC_GOALS = 0.3
#: Shares of those tries with one hypothesis, and of one that is equivalent to the goal among what is found.
_SINGLES, _EQUIVALENT_SHARE = 0.3, 0.15
#: Shares of what is tried: no hypotheses; contradictory hypotheses. Both are a few per cent of what is kept.
_TAUTOLOGIES, _CONTRADICTIONS = 0.15, 0.05


def random_formula(rng: random.Random, size: int, atoms: Sequence[str]) -> Node:
    """A formula with `size` connectives or one less; none joins a formula to itself, no triple negation."""
    if size == 0:
        return Node(rng.choice(atoms))
    head = rng.choices(_CONNECTIVES, cum_weights=_WEIGHTS)[0]
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


class Sequents:
    """Draws sequents over the given atoms, from one random pool of formulas."""

    def __init__(self, rng: random.Random, atoms: Sequence[str]) -> None:
        self._rng = rng
        formulas = [[Node(atom) for atom in atoms]]
        formulas += [[random_formula(rng, size, atoms) for _ in range(_POOL)] for size in range(1, _LARGEST_PART + 1)]
        self.models = valuations(atoms)
        self._pool = assembly.Pool.of(self.models, formulas)
        self._stock: Stock | None = None

    def theorem(self, target: int) -> Entailment | None:
        """A valid sequent of about the size, in which every hypothesis is needed and few leaves are idle."""
        rng, pool = self._rng, self._pool
        if target > _SMALL:
            return self._composer().composed(rng, target, self._good)
        kind = rng.random()
        if kind < _TAUTOLOGIES:
            goal = assembly.tautology(rng, pool, target)
            return None if goal is None else ((), goal)
        *sizes, goal_size = parts(rng, target)
        if kind < _TAUTOLOGIES + _CONTRADICTIONS:
            return assembly.contradictory(rng, pool, [*sizes, goal_size])
        made = assembly.entailed(rng, pool, sizes, goal_size)
        return made if made and assembly.idle_leaves(self.models, *made) <= 1 else None

    def small(self) -> Entailment:
        """A small valid sequent, to grow from."""
        return self._rng.choice(self._composer().entailments)

    def grown(self, made: Entailment) -> Entailment:
        """What one random step makes of a valid sequent, or the same one where the step does not fit."""
        return self._composer().grown(self._rng, made, self._good)

    def non_theorem(self, target: int) -> Entailment | None:
        """A sequent of the size that few of the hypotheses' models refute."""
        *sizes, goal_size = parts(self._rng, target)
        return assembly.near_miss(self._rng, self._pool, sizes, goal_size)

    def _composer(self) -> Stock:
        self._stock = self._stock or self._fresh_stock()
        return self._stock

    def _good(self, made: Entailment) -> bool:
        hypotheses, goal = made
        return (
            assembly.irredundant(self.models, *made)
            and all(map(self.models.contingent_parts, (*hypotheses, goal)))
            and assembly.idle_leaves(self.models, *made) <= 1 + total(made) // 10
        )

    def _fresh_stock(self) -> Stock:
        """Small entailments without idle leaves, few of them from one hypothesis that says the same as the goal."""
        rng, pool = self._rng, self._pool
        stock: dict[Entailment, None] = {}
        for _ in range(_STOCK_TRIES):
            *sizes, goal_size = parts(rng, rng.randint(1, _SMALL), least=1 if rng.random() < _SINGLES else 2)
            made = assembly.entailed(rng, pool, sizes, 0 if rng.random() < _ATOMIC_GOALS else goal_size)
            if made is None or assembly.idle_leaves(self.models, *made):
                continue
            (first, *others), goal = made
            if others or self.models.truth(first) != self.models.truth(goal) or rng.random() < _EQUIVALENT_SHARE:
                stock[made] = None
        return Stock(list(stock), [formula for formula, _ in (*pool.of_size(1), *pool.of_size(2))])


def parts(rng: random.Random, whole: int, least: int = 1) -> list[int]:
    """Sizes of `least` to five hypotheses and the goal, which add up to `whole`."""
    hypotheses = rng.randint(least, min(5, max(least, whole // 2)))
    cuts = sorted(rng.randint(0, whole) for _ in range(hypotheses))
    return [high - low for low, high in zip([0, *cuts], [*cuts, whole], strict=True)]
