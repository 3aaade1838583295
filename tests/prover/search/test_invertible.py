"""Steps that lose nothing: which they are, and that nothing else is tried beside them."""

from __future__ import annotations

from collections import Counter

import pytest
from countdown import FixedPolicy

from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.theorem import Environment, Theorem
from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended
from prover.search.invertible import invertible

CONTEXT = "p q : Prop\nn m : Nat\nh : p ∧ q\nk : p ∨ q\ne : ∃ x, x = n\ni : p ↔ q\nf : p → q\nv : n = m\n"


@pytest.mark.parametrize("goal", ["p → q", "∀ x : Nat, x = x", "¬p"])
def test_intro_loses_nothing(goal: str):
    assert invertible(f"{CONTEXT}⊢ {goal}", "intro x")


@pytest.mark.parametrize(("goal", "loses_nothing"), [("p ∧ q", True), ("p ↔ q", True), ("∃ x, x = n", False)])
def test_constructor_loses_nothing_of_both_halves(goal: str, loses_nothing: bool):
    assert invertible(f"{CONTEXT}⊢ {goal}", "constructor") == loses_nothing


@pytest.mark.parametrize(
    ("tactic", "loses_nothing"),
    [
        *[(f"cases {name}", True) for name in "hei"],
        *[(f"cases {name}", False) for name in ("k", "f", "n", "v", "unknown")],
        ("subst v", True),
        *[(tactic, False) for tactic in ("left", "exists n", "apply f", "exfalso", "rw [v]", "intro x; exact h", "")],
    ],
)
def test_of_the_others_those_that_can_be_done_below(tactic: str, loses_nothing: bool):
    assert invertible(f"{CONTEXT}⊢ p ∨ q", tactic) == loses_nothing


EVERYTHING = FixedPolicy(
    ("left", -0.3), ("cases h", -0.5), ("cases k", -0.6), ("constructor", -0.7), ("assumption", -0.9), ("right", -1.0)
)
PROVABLE = Theorem("t", "(p q r s : Prop) (h : p ∧ q) (k : r ∧ s) : (s ∨ q) ∧ (p ∨ r)", Environment(("Init",)))
OPEN = Theorem("f", "(p q r s : Prop) (h : p ∧ q) (k : r ∨ s) : (s ∧ q) ∧ (p ∨ r)", Environment(("Init",)))


@pytest.mark.parametrize("kind", [BestFirst, AndOr])
def test_nothing_else_is_tried_after_one_and_what_was_provable_still_is(kind: type, pool: WorkerPool):
    steps = {}
    for theorem, ended in ((PROVABLE, Ended.PROVED), (OPEN, Ended.EXHAUSTED)):
        for closes in (False, True):
            with Dojo(theorem, pool) as (dojo, root):
                result = kind(invertible=closes).prove(dojo, root, theorem, EVERYTHING, Budget(400))
            assert result.ended is ended
            steps[theorem.name, closes] = result.steps
            late = Counter[bool]()
            done: set[int] = set()
            for source, target, data in sorted(result.graph.graph.edges(data=True), key=lambda edge: edge[2]["order"]):
                late[source in done] += 1
                text = result.graph.graph.nodes[source]["text"].split("\n\n")[0]
                if isinstance(target, int) and target != source and invertible(text, data["tactic"]):
                    done.add(source)
            assert bool(late[True]) != closes
    assert steps["f", True] < steps["f", False] / 2


def test_it_is_named_where_it_is_in_use():
    assert "invertible" not in BestFirst().settings and AndOr(invertible=True).settings["invertible"]
