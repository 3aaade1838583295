"""Large propositional sequents, composed of small ones by cuts and substitutions, so that all parts are needed.

Hardly any large sequent that is drawn at once is valid and uses all of its leaves. One composed of such small ones
often does, and its proof has the small proofs in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from lean_env.benchmark.lean_logic.formula import AND, FALSE, IMP, NOT, OR, TRUE, Node, substitute

#: Hypotheses and goal.
Entailment = tuple[tuple[Node, ...], Node]

#: Weights (summed up) of the steps: a cut at a hypothesis, a cut at the goal, a formula for an atom, two goals joined
#: by ∧, a hypothesis moved into the goal, two hypotheses joined by ∧.
_STEPS = ("at hypothesis", "at goal", "substitute", "join", "into goal", "pack")
_WEIGHTS = (20, 25, 28, 31, 32, 33)
#: Hypotheses beyond this many are joined.
_MOST_HYPOTHESES = 6
_MOST_STEPS = 60


def total(entailment: Entailment) -> int:
    """The size of all its formulas."""
    hypotheses, goal = entailment
    return goal.size + sum(formula.size for formula in hypotheses)


@lru_cache(maxsize=1 << 16)
def tidy(node: Node) -> bool:
    """No triple negation, no connective between a formula and itself or a constant, but for `→ False` and `↔ False`."""
    head, args = node.head, node.args
    if head == NOT and (args[0].head in (TRUE, FALSE) or (args[0].head == NOT and args[0].args[0].head == NOT)):
        return False
    if len(args) == 2:
        if args[0] == args[1] or args[0].head in (TRUE, FALSE) or args[1].head == TRUE:
            return False
        if args[1].head == FALSE and head in (AND, OR):
            return False
    return all(map(tidy, args))


class Stock:
    """Small entailments, by what they can be cut at."""

    def __init__(self, entailments: Sequence[Entailment], formulas: Sequence[Node]) -> None:
        """`formulas` are put in for atoms."""
        self.entailments = entailments
        self.formulas = formulas
        self._with_atomic_goal = [(h, goal) for h, goal in entailments if not goal.args and goal.head != FALSE]
        self._with_atomic_hypothesis = [(h, goal) for h, goal in entailments if any(not f.args for f in h)]

    def composed(self, rng: random.Random, target: int, good: Callable[[Entailment], bool]) -> Entailment | None:
        """An entailment of size `target` or a little more, all of whose intermediate results are tidy and `good`; None
        when too many steps led to none."""
        made = rng.choice(self.entailments)
        for _ in range(_MOST_STEPS):
            if total(made) >= target:
                return made
            made = self.grown(rng, made, good)
        return None

    def grown(self, rng: random.Random, made: Entailment, good: Callable[[Entailment], bool]) -> Entailment:
        """What one random step makes of an entailment, or the same one where the step does not fit."""
        step = rng.choices(_STEPS, cum_weights=_WEIGHTS)[0] if len(made[0]) <= _MOST_HYPOTHESES else "pack"
        new = self._step(rng, step, made)
        if new is not made and new[1] not in new[0] and all(map(tidy, (*new[0], new[1]))) and good(new):
            return new
        return made

    def _step(self, rng: random.Random, step: str, made: Entailment) -> Entailment:
        """One step, or `made` itself where it does not fit."""
        hypotheses, goal = made
        cut = rng.randrange(len(hypotheses)) if hypotheses else -1
        before, after = hypotheses[: max(0, cut)], hypotheses[cut + 1 :]
        if step == "at hypothesis" and hypotheses and self._with_atomic_goal:
            # Γ ⊢ p with p := one of our hypotheses: Γ takes its place.
            gamma, atom = rng.choice(self._with_atomic_goal)
            by_hypothesis = {atom.head: hypotheses[cut]}
            return (*before, *(substitute(formula, by_hypothesis) for formula in gamma), *after), goal
        if step == "at goal" and self._with_atomic_hypothesis:
            # Γ, p ⊢ C with p := our goal: C becomes the goal.
            gamma, conclusion = rng.choice(self._with_atomic_hypothesis)
            place = rng.choice([place for place, formula in enumerate(gamma) if not formula.args])
            by_goal = {gamma[place].head: goal}
            new = tuple(substitute(formula, by_goal) for formula in (*gamma[:place], *gamma[place + 1 :]))
            return (*hypotheses, *new), substitute(conclusion, by_goal)
        if step == "substitute":
            atoms = {name for formula in (*hypotheses, goal) for name in formula.names}
            values = {rng.choice(sorted(atoms)): rng.choice(self.formulas)}
            return tuple(substitute(formula, values) for formula in hypotheses), substitute(goal, values)
        if step == "join":
            gamma, conclusion = rng.choice(self.entailments)
            return (*hypotheses, *gamma), Node(AND, (goal, conclusion))
        if step == "into goal" and hypotheses:
            return (*before, *after), Node(IMP, (hypotheses[cut], goal))
        if step == "pack" and after:
            return (*before, Node(AND, (hypotheses[cut], after[0])), *after[1:]), goal
        return made
