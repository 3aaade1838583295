"""Premises that cannot match are not offered; what Lean may still take is."""

from __future__ import annotations

import time

import pytest

from lean_env.theorem import Environment
from prover.actions.prefilter import may_conclude, may_rewrite
from prover.actions.retrieval import PremiseIndex, Retriever
from prover.actions.space import ActionSpace

APPEND = "∀ {α : Type u} (xs ys : List α), List.length (xs ++ ys) = List.length xs + List.length ys"
SUCC = "∀ (n m : Nat), n ^ Nat.succ m = n ^ m * n"
MAP = "∀ {α : Type u} (f : α → α) (xs : List α), List.map f (List.reverse xs) = List.reverse (List.map f xs)"
BELOW = "∀ {n m : Nat}, n < m → n ≤ m"


@pytest.mark.parametrize(
    ("statement", "goal", "forward", "backward", "concludes"),
    [
        (APPEND, "List.length (as ++ bs) = n", True, False, False),
        (APPEND, "List.length as + List.length (as ++ as) = n", True, True, False),
        (APPEND, "List.length (List.reverse as) = List.length (as ++ bs)", True, False, False),
        (APPEND, "List.length (as ++ bs) = List.length as + List.length bs", True, True, True),
        (MAP, "List.map g (List.reverse as) = bs", True, False, False),
        (MAP, "List.map g as = List.reverse bs", False, False, False),
        (SUCC, "a ^ (n + 1) = a * b", True, True, True),
        (BELOW, "a ≤ f b", True, True, True),
        (BELOW, "a = b", True, True, False),
        (BELOW, "a = b → a ≤ b", True, True, True),
    ],
)
def test_a_side_or_a_conclusion_may_match(statement, goal, forward, backward, concludes):
    assert may_rewrite(statement, goal) == forward
    assert may_rewrite(statement, goal, back=True) == backward
    assert may_conclude(statement, goal) == concludes


def test_a_long_goal_gets_no_verdict_instead_of_a_long_search():
    started = time.process_time()
    assert may_rewrite("∀ (a b c d : Nat), a + (b + c) + d = d", "x * y " * 5000)
    assert time.process_time() - started < 0.1


def test_what_cannot_match_is_not_offered():
    index = PremiseIndex(["length_append", "le_of_lt"], ["M", "M"], [APPEND, BELOW])
    space = ActionSpace(Retriever(index, lambda _: frozenset({"M"})))
    environment = Environment(("M",))

    def offered(goal):
        seen = space.look(environment, f"as bs : List Nat\na b : Nat\n⊢ {goal}")
        return {seen.text(action) for action in range(len(seen.candidates))}

    there, elsewhere = offered("List.length (as ++ bs) = a"), offered("List.length (as ++ bs) ≤ a")
    assert "rw [length_append]" in there and "exact le_of_lt .." not in there
    assert not any(text.startswith("apply le_of_lt") for text in there)
    assert any(text.startswith("apply le_of_lt") for text in elsewhere)
