"""The tactic mix that speed is measured on: four small statements, fifteen tactics that succeed and fail on them, up to
three deep. The order is pseudo-random and the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lean_env.theorem import Environment, Theorem

ENVIRONMENT = Environment(("Init",))

STATEMENTS = (
    "(a b c : Nat) (h : a ≤ b) : a + c ≤ b + c",
    "(p q : Prop) (hp : p) (hq : q) : p ∧ q",
    "{α : Type} (l : List α) : (l ++ []).length = l.length",
    "(x y : Int) (h : 2 * x + 3 * y = 7) (hx : x > 0) (hy : y > 0) : x = 2 ∧ y = 1",
)

TACTICS = (
    "omega",
    "simp",
    "induction c",
    "constructor",
    "exact ⟨hp, hq⟩",
    "cases l",
    "rw [Nat.add_comm]",
    "simp_all",
    "grind",
    "intro x",
    "exact foo bar",
    "apply Nat.le_trans",
    "induction l",
    "refine ⟨?_, ?_⟩",
    "decide",
)

THEOREMS = tuple(Theorem(f"bench_{index}", text, ENVIRONMENT) for index, text in enumerate(STATEMENTS))


def lines(seed: int) -> Iterator[tuple[str, str, str]]:
    """Endless triples of tactics, to be tried one after the other as far as they go."""
    draw = random.Random(seed)
    while True:
        yield draw.choice(TACTICS), draw.choice(TACTICS), draw.choice(TACTICS)


def texts(seed: int) -> Iterator[str]:
    """Endless theorem texts, one tactic each."""
    draw = random.Random(seed)
    while True:
        yield f"theorem foo {draw.choice(STATEMENTS)} := by\n  {draw.choice(TACTICS)}\n"
