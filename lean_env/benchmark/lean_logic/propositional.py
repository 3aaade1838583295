"""Propositional problems: sequents over two to six atoms, decided by truth tables and by G4ip."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from lean_env.benchmark.lean_logic.composition import Entailment, total
from lean_env.benchmark.lean_logic.effort import propositional_effort
from lean_env.benchmark.lean_logic.formula import PROP, Node, depth
from lean_env.benchmark.lean_logic.intuitionistic import provable
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.sequents import Sequents

ATOMS = ("p", "q", "r", "s", "t", "u")
#: Weights of two to six atoms, for statements that may be small and for large ones.
_ATOM_WEIGHTS = (3, 6, 5, 3, 2)
_MORE_ATOMS = (0, 2, 5, 5, 4)
_LARGE = 10
#: A pool takes as long to draw as about 80 drafts.
_DRAFTS_A_POOL = 400
_TRIES = 150
#: The most that classical theorems may be of all; of what is drawn they are two fifths.
_CLASSICAL_SHARE = 0.2
#: Sequents that the intuitionistic prover may look at; nine in ten need fewer than 30.
_BUDGET = 1_500


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, theorems or non-theorems; duplicates occur."""
    drawn, classical = 0, 0
    while True:
        weights = _ATOM_WEIGHTS if sizes[0] < _LARGE else _MORE_ATOMS
        sequents = Sequents(rng, ATOMS[: rng.choices(range(2, 7), weights)[0]])
        for _ in range(_DRAFTS_A_POOL):
            # Sizes are drawn first and then insisted on, or those that succeed more often would be most of all.
            target = rng.randint(*sizes)
            for _ in range(_TRIES):
                made = sequents.theorem(target) if theorems else sequents.non_theorem(target)
                if made is None or not target <= total(made) <= min(sizes[1], target + target // 5):
                    continue
                draft = _theorem(rng, made) if theorems else _non_theorem(rng, sequents, made)
                if draft is None or (draft.logic is Logic.CLASSICAL and classical > _CLASSICAL_SHARE * drawn):
                    continue
                drawn += 1
                classical += draft.logic is Logic.CLASSICAL
                yield draft
                break


def _theorem(rng: random.Random, made: Entailment) -> Draft | None:
    found = provable(*made, budget=_BUDGET)
    if found is None:
        return None
    sequent, _ = named(rng, dict.fromkeys(ATOMS, PROP), *made)
    logic = Logic.INTUITIONISTIC if found else Logic.CLASSICAL
    return Draft(sequent, logic, max(map(depth, sequent.formulas)), effort=partial(propositional_effort, *made))


def _non_theorem(rng: random.Random, sequents: Sequents, made: Entailment) -> Draft:
    sequent, new_names = named(rng, dict.fromkeys(ATOMS, PROP), *made)
    index = sequents.models.refuting(*made).bit_length() - 1
    values = sorted((new, sequents.models.truth(Node(old)) >> index & 1) for old, new in new_names.items())
    counterexample = ", ".join(f"{atom} := {bool(value)}" for atom, value in values)
    return Draft(sequent, None, max(map(depth, sequent.formulas)), counterexample)
