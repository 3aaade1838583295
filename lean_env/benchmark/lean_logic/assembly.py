"""Sequents put together from a pool of formulas whose truth in all models is known.

`hypotheses ⊢ goal` is a comparison of masks, so thousands of combinations a second can be tried. Kept are those in
which everything is needed: each hypothesis, and all but a few of the leaves.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from lean_env.benchmark.lean_logic.composition import Entailment
from lean_env.benchmark.lean_logic.formula import AND, CONNECTIVES, FALSE, IFF, IMP, NOT, OR, Node
from lean_env.benchmark.lean_logic.models import Models

#: A formula and the models in which it is true.
Known = tuple[Node, int]


@dataclass(frozen=True)
class Pool:
    """Formulas by size, all evaluated in `models`."""

    models: Models
    by_size: Sequence[Sequence[Known]]

    @classmethod
    def of(cls, models: Models, by_size: Sequence[Sequence[Node]]) -> Pool:
        """Evaluates; formulas with a part that is true everywhere or nowhere are left out."""
        return cls(
            models,
            [
                [(formula, models.truth(formula)) for formula in group if models.contingent(formula)]
                for group in by_size
            ],
        )

    def of_size(self, wanted: int) -> Sequence[Known]:
        """The formulas of the size, or of the largest there is."""
        return self.by_size[min(wanted, len(self.by_size) - 1)]

    def draw(self, rng: random.Random, wanted: int) -> Known | None:
        """One formula of the size."""
        group = self.of_size(wanted)
        return rng.choice(group) if group else None


def entailed(rng: random.Random, pool: Pool, sizes: Sequence[int], goal_size: int) -> Entailment | None:
    """Hypotheses of the sizes and a goal that they entail, everything needed; None when this try gave nothing."""
    drawn = _hypotheses(rng, pool, sizes)
    if drawn is None:
        return None
    together = _conjunction(drawn, pool.models)
    group = pool.of_size(goal_size)
    goals = [known for known in group if not together & ~known[1]]
    if not goals:
        return None
    goal, mask = rng.choice(goals)
    hypotheses = [formula for formula, _ in drawn]
    if goal in hypotheses:
        return None
    for dropped in range(len(drawn)):
        if not _conjunction(drawn[:dropped] + drawn[dropped + 1 :], pool.models) & ~mask:
            return None
    return tuple(hypotheses), goal


def contradictory(rng: random.Random, pool: Pool, sizes: Sequence[int]) -> Entailment | None:
    """Hypotheses that contradict each other, none of them needless, and the goal False."""
    drawn = [pool.draw(rng, size_) for size_ in sizes]
    known = [one for one in drawn if one is not None]
    if len(known) < len(sizes) or _conjunction(known, pool.models):
        return None
    if not all(_conjunction(known[:i] + known[i + 1 :], pool.models) for i in range(len(known))):
        return None
    return tuple(formula for formula, _ in known), Node(FALSE)


def tautology(rng: random.Random, pool: Pool, wanted: int) -> Node | None:
    """A formula true in all models, made of two that are not: A → B, A ↔ B, A ∨ B or ¬(A ∧ B)."""
    drawn = pool.draw(rng, rng.randrange(max(1, wanted // 2 - 2), max(2, wanted - 1)))
    if drawn is None:
        return None
    left, mask = drawn
    group = pool.of_size(max(0, wanted - 1 - left.size))
    everything = pool.models.all
    made: list[Node] = []
    for right, other in group:
        if right == left:
            continue
        if mask == other:
            made.append(Node(IFF, (left, right)))
        elif not mask & ~other:
            made.append(Node(IMP, (left, right)))
        elif mask | other == everything:
            made.append(Node(OR, (left, right)))
        elif not mask & other:
            made.append(Node(NOT, (Node(AND, (left, right)),)))
    return rng.choice(made) if made else None


def near_miss(rng: random.Random, pool: Pool, sizes: Sequence[int], goal_size: int) -> Entailment | None:
    """Consistent hypotheses and a goal that fails in the fewest of their models among a dozen goals: almost entailed.

    None when all of those goals are entailed.
    """
    drawn = _hypotheses(rng, pool, sizes)
    if drawn is None:
        return None
    together = _conjunction(drawn, pool.models)
    group = pool.of_size(goal_size)
    goals = [rng.choice(group) for _ in range(12)] if group else []
    failing = [((together & ~mask).bit_count(), place) for place, (_, mask) in enumerate(goals) if together & ~mask]
    if not failing:
        return None
    return tuple(formula for formula, _ in drawn), goals[min(failing)[1]][0]


def irredundant(models: Models, hypotheses: Sequence[Node], goal: Node) -> bool:
    """Whether the hypotheses have a model together and each is needed for the goal."""
    masks = [models.truth(formula) for formula in hypotheses]
    against = models.all & ~models.truth(goal)
    without = (reduce(and_, masks[:place] + masks[place + 1 :], against) for place in range(len(masks)))
    return bool(reduce(and_, masks, models.all)) and all(without)


def idle_leaves(models: Models, hypotheses: Sequence[Node], goal: Node) -> int:
    """How many leaves of a valid sequent could be anything without making it invalid.

    A leaf is what is below the connectives: an atom, or a quantified formula as a whole.
    """
    masks = [models.truth(formula) for formula in hypotheses]
    count = 0
    against = models.all & ~models.truth(goal)
    for place, formula in enumerate(hypotheses):
        others = reduce(and_, (mask for other, mask in enumerate(masks) if other != place), against)
        count += sum(not others & (on | off) for on, off in _contexts(models, formula, models.all, 0))
    together = reduce(and_, masks, models.all)
    count += sum(not together & ~(on & off) for on, off in _contexts(models, goal, models.all, 0))
    return count


def _contexts(models: Models, node: Node, on: int, off: int) -> list[tuple[int, int]]:
    """For each leaf, the whole formula's mask with the leaf true and with it false.

    `on` and `off` are the whole formula's masks with `node` true and false.
    """
    if node.head == NOT:
        return _contexts(models, node.args[0], off, on)
    if node.head not in CONNECTIVES:
        return [(on, off)]
    left, right = node.args
    a, b = models.truth(left), models.truth(right)
    # Where the other side is true the whole is `on` or `off` as this one is; where not, as the connective has it.
    with_a, with_b = on & a | off & ~a, on & b | off & ~b
    if node.head == AND:
        of_left, of_right = (with_b, off), (with_a, off)
    elif node.head == OR:
        of_left, of_right = (on, with_b), (on, with_a)
    elif node.head == IMP:
        of_left, of_right = (with_b, on), (on, on & ~a | off & a)
    else:
        of_left, of_right = (with_b, on & ~b | off & b), (with_a, on & ~a | off & a)
    return _contexts(models, left, *of_left) + _contexts(models, right, *of_right)


def _hypotheses(rng: random.Random, pool: Pool, sizes: Sequence[int]) -> list[Known] | None:
    """Formulas of the sizes, different and not contradictory."""
    drawn = [pool.draw(rng, size_) for size_ in sizes]
    known = [one for one in drawn if one is not None]
    if len(known) < len(sizes) or len({formula for formula, _ in known}) < len(known):
        return None
    return known if _conjunction(known, pool.models) else None


def _conjunction(known: Sequence[Known], models: Models) -> int:
    return reduce(and_, (mask for _, mask in known), models.all)
