"""Actions for equations: what is offered for a goal, and that Lean takes all of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.lean_magma.laws import law
from lean_env.benchmark.lean_magma.statements import denial, refutation, statement
from lean_env.benchmark.lean_magma.tables import Table, counterexample, holds
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment, Theorem
from prover.actions.equational import is_equational
from prover.actions.magma import MAGMA
from prover.actions.refuting import REFUTATIONS
from prover.actions.space import ActionSpace, Situation
from prover.actions.trees import Tree, parsed, replaced, subterms, written

INIT = Environment(("Init",))
SPACE = ActionSpace(None, MAGMA)
COLLAPSE = """G : Type
op : G → G → G
h : ∀ (x y z : G), x = op y z
a b c : G
⊢ op a (op a b) = c"""

trees = st.recursive(st.sampled_from(["a", "b", "x1"]), lambda inner: st.tuples(inner, inner), max_leaves=6)


def _texts(situation: Situation) -> list[str]:
    return [situation.text(action) for action in range(len(situation.candidates))]


@given(trees)
def test_a_printed_term_is_read_back(tree: Tree) -> None:
    assert parsed(written(tree)) == tree


@given(trees, st.data())
def test_one_place_is_replaced(tree: Tree, data: st.DataObject) -> None:
    old = data.draw(st.sampled_from(list(subterms(tree))))
    for last in (False, True):
        new = replaced(tree, old, "q", last)
        count = list(subterms(tree)).count(old)
        assert list(subterms(new)).count("q") == 1
        assert old == "q" or list(subterms(new)).count(old) == count - 1
        assert replaced(new, "q", old, last) == tree


def test_what_is_offered_for_a_goal() -> None:
    texts = _texts(SPACE.look(INIT, COLLAPSE))
    assert len(set(texts)) == len(texts)
    assert "exact (h c a (op a b)).symm" in texts and not any(text.startswith("exact h") for text in texts)
    assert "exact (h (op a (op a b)) a a).trans (h c a a).symm" in texts  # by transitivity
    assert "refine (h (op a (op a b)) b b).trans ?_" in texts  # a filled variable
    assert "refine (congrArg (fun q => op a q) ((h c a b).symm)).trans ?_" in texts  # a place, from right to left
    assert "refine Eq.trans ?_ (h c a a).symm" in texts  # the right side
    assert "have h1 := h (op a b)" in texts
    # what follows from the law alone: all elements are equal, and so all products
    assert "have h1 : ∀ x y : G, x = y := fun x y => (h x x x).trans (h y x x).symm" in texts
    assert "rfl" not in texts and all(map(is_equational, texts))
    closed = COLLAPSE.replace("= c", "= op a (op a b)")
    assert "rfl" in _texts(SPACE.look(INIT, closed))


def test_other_goals() -> None:
    assert _texts(SPACE.look(INIT, COLLAPSE.replace("op a (op a b) = c", "∀ (x y : G), x = y"))) == ["intro x y"]
    denied = "⊢ ¬∀ (G : Type) (op : G → G → G), (∀ (x : G), x = op x x) → ∀ (x y : G), x = y"
    assert _texts(SPACE.look(INIT, denied)) == list(REFUTATIONS)
    for other in ("⊢ True", "⊢ 1 = 2", "h : ∀ x, x ≤ 3\n⊢ f a = op a b", ""):
        assert not [text for text in _texts(SPACE.look(INIT, other)) if not is_equational(text)]


def test_an_action_is_found_by_its_text_whatever_name_is_free() -> None:
    situation = SPACE.look(INIT, COLLAPSE)
    for action, text in enumerate(_texts(situation)):
        assert situation.find(text) == action
    assert situation.find("have h7 := h a") == situation.find("have h1 := h a") is not None
    assert situation.find("simp [h]") is None


@pytest.mark.parametrize(
    "tactic",
    [
        *("simp [h]", "grind", "exact (by simp)", "exact h (by decide)", "rw [h]", "exact h a; simp", "decide"),
        *("exact fun t => absurd t (by decide)", "have h1 : ∀ x : G, x = x := by simp", "refine (by simp).trans ?_"),
        *("exact h a <;> rfl", "refine Eq.trans ?_ (by grind).symm", "native_decide", "sorry", "exact sorry"),
    ],
)
def test_automation_is_no_step(tactic: str) -> None:
    assert not is_equational(tactic)


@pytest.mark.parametrize(("hypothesis", "conclusion"), [(2, 41), (1571, 43), (4512, 43)])
def test_lean_takes_what_is_offered(pool: WorkerPool, hypothesis: int, conclusion: int) -> None:
    theorem = Theorem("walk", statement(law(hypothesis).equation, law(conclusion).equation), INIT)
    rng = random.Random(hypothesis)
    with Dojo(theorem, pool) as (dojo, root):
        state = root
        for _ in range(3):
            texts = _texts(SPACE.look(INIT, state.pp))
            tried = rng.sample(texts, min(12, len(texts)))
            results = dojo.run_tacs(state, tried, stop_at_proof=False)
            refused = [text for text, one in zip(tried, results, strict=True) if one.outcome is Outcome.FAILED]
            assert not refused
            state = next(one.result for one in results if one.outcome is Outcome.ADVANCED)


def test_a_table_refutes_just_where_it_should(pool: WorkerPool) -> None:
    for hypothesis, conclusion in ((4512, 43), (43, 4512), (3, 2)):
        sides = law(hypothesis).equation, law(conclusion).equation
        theorem = Theorem("denied", denial(*sides), INIT)
        with Dojo(theorem, pool) as (dojo, state):
            for table in (Table(2, 10), Table(2, 6), Table(2, 8)):
                refutes = holds(sides[0], table) and counterexample(sides[1], table) is not None
                (result,) = dojo.run_tacs(state, [refutation(table)])
                assert (result.outcome is Outcome.PROVED) == refutes
