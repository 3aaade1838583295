"""Propositional theorems of all efforts by one walk each: a small sequent grows step by step, and stays valid and busy.

A large statement made from the start would be thrown away nearly always; a walk goes on from what it has. So the
statements of a walk have parts in common. They lie in different rungs, and held-out ones come from walks of their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from lean_env.benchmark.lean_logic.composition import Entailment, total
from lean_env.benchmark.lean_logic.effort import propositional_effort
from lean_env.benchmark.lean_logic.formula import PROP, depth
from lean_env.benchmark.lean_logic.intuitionistic import provable
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.propositional import ATOMS
from lean_env.benchmark.lean_logic.sequents import Sequents

#: Three to six atoms: fewer leave no room for a large statement all of whose parts say something.
_ATOM_WEIGHTS = (1, 3, 5, 5)
_WALKS_A_POOL = 40
_STEPS = 400
#: From one statement of a walk to the next the effort grows by this factor at least, and its size by the other.
_APART, _GROWTH = 1.25, 1.06
_LARGEST = 100
#: The most that classical theorems may be of all, as among other propositional problems.
_CLASSICAL_SHARE = 0.2
_BUDGET = 1_500


def climbing(rng: random.Random, most: int) -> Iterator[Draft]:
    """Theorems without end, walk by walk; a walk ends above the effort `most`. Duplicates occur."""
    drawn, classical = 0, 0
    while True:
        sequents = Sequents(rng, ATOMS[: rng.choices(range(3, 7), _ATOM_WEIGHTS)[0]])
        for _ in range(_WALKS_A_POOL):
            for made, effort in _walk(rng, sequents, most):
                found = provable(*made, budget=_BUDGET)
                if found is None or (not found and classical > _CLASSICAL_SHARE * drawn):
                    continue
                drawn += 1
                classical += not found
                sequent, _ = named(rng, dict.fromkeys(ATOMS, PROP), *made)
                logic = Logic.INTUITIONISTIC if found else Logic.CLASSICAL
                yield Draft(sequent, logic, max(map(depth, sequent.formulas)), effort=partial(int, effort))


def _walk(rng: random.Random, sequents: Sequents, most: int) -> Iterator[tuple[Entailment, int]]:
    """The statements of one walk, each harder than the one before, with their efforts."""
    made = sequents.small()
    size, effort = 0.0, 0.0
    for _ in range(_STEPS):
        if total(made) >= size * _GROWTH:
            size = total(made)
            found = propositional_effort(*made)
            if found > most or size > _LARGEST:
                return
            if found >= effort * _APART:
                effort = found
                yield made, found
        made = sequents.grown(made)
