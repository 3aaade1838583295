"""First-order problems of all kinds, mixed: quantified formulas, lifted propositions, chains of rules, rewriting."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lean_env.benchmark.lean_logic import horn, lifting, quantified, rewriting
from lean_env.benchmark.lean_logic.problem import Draft


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, theorems or non-theorems; duplicates occur.

    Lifted propositions and rewriting make theorems only.
    """

    def stream(name: str) -> random.Random:
        return random.Random(f"{rng.getrandbits(64)} {name}")

    kinds = [
        quantified.monadic_problems(stream("monadic"), sizes, theorems),
        quantified.relational_problems(stream("relational"), sizes, theorems),
        horn.problems(stream("horn"), sizes, theorems),
    ]
    weights = [5, 3, 5]
    if theorems:
        kinds += [lifting.problems(stream("lifting"), sizes), rewriting.problems(stream("rewriting"), sizes)]
        weights += [3, 4]
    while True:
        yield next(rng.choices(kinds, weights)[0])
