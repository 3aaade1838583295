"""Laws that follow from two: they hold wherever those do, they are the known ones, and Lean takes their proofs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_env.benchmark.lean_magma.laws import Term, canonical, law, parse
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.statements import BOUND, equation_text, statement
from lean_env.benchmark.lean_magma.tables import counterexample
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment, Theorem
from prover.actions.equational import is_equational
from prover.actions.overlaps import MOST_LEAVES, following, overlaps
from prover.actions.trees import Known, Tree, law_of, size_of


def _known(number: int, name: str = "h") -> Known:
    equation = law(number).equation
    bound = " ".join(BOUND[: equation.variables])
    known = law_of(name, f"∀ ({bound} : G), {equation_text(equation, BOUND)}")
    assert known is not None
    return known


def _term(tree: Tree, bound: tuple[str, ...]) -> Term:
    return bound.index(tree) if isinstance(tree, str) else (_term(tree[0], bound), _term(tree[1], bound))


def _texts(known: Known) -> list[str]:
    return [one.equation for one in following((known,), 20)]


def test_what_completion_finds() -> None:
    # x = (y ◇ z) ◇ ((z ◇ x) ◇ w) makes every product equal to everything: in two steps all elements are equal.
    first = _known(parse("x = (y * z) * ((z * x) * w)").number)
    assert _texts(first)[0] == "x = op (op y z) w"
    assert _texts(_known(parse("x = (y * z) * w").number))[0] == "x = y"
    # A variable of the left side alone does not matter there.
    assert _texts(_known(parse("x * y = (x * z) * (w * x)").number))[0] == "op x y = op x z"
    # Commutativity says nothing beside itself but that places may be exchanged one by one.
    assert all(size_of(one.law.left) > 1 for one in overlaps(_known(43), _known(43)))
    assert "op x y = op y x" not in _texts(_known(43))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4694), st.integers(0, 10_000))
def test_what_follows_holds_wherever_its_law_does(number: int, seed: int) -> None:
    refuter = Refuter.load()
    tables = [t for t, here in zip(refuter.tables, refuter.satisfied[number - 1], strict=True) if here]
    table = random.Random(seed).choice(tables) if tables else None
    for made in following((_known(number),), 12):
        one = made.law
        assert size_of(one.left) + size_of(one.right) <= MOST_LEAVES and one.left != one.right
        assert is_equational(made.tactic("h1"))
        if table is not None:
            said = canonical(_term(one.left, one.bound), _term(one.right, one.bound))
            assert counterexample(said, table) is None


@pytest.mark.parametrize(
    "text", ["x * y = (x * z) * (w * x)", "x = (y * z) * ((z * x) * w)", "x * (y * z) = (x * y) * z"]
)
def test_lean_takes_their_proofs(pool: WorkerPool, text: str) -> None:
    number = parse(text).number
    theorem = Theorem("follows", statement(law(number).equation, law(2).equation), Environment(("Init",)))
    with Dojo(theorem, pool) as (dojo, root):
        state, laws = root, (_known(number),)
        for name in ("h1", "h2", "h3"):
            made = following(laws, 12)
            results = dojo.run_tacs(state, [one.tactic(name) for one in made], stop_at_proof=False)
            assert [one.outcome for one in results] == [Outcome.ADVANCED] * len(made)
            if not made:
                break
            chosen = len(made) // 2
            state = results[chosen].result
            printed = next(line for line in state.pp.splitlines() if line.startswith(f"{name} : "))
            added = law_of(name, printed.partition(" : ")[2])
            assert added is not None
            # What Lean prints is what was meant.
            assert (added.bound, added.left, added.right) == (
                made[chosen].law.bound,
                made[chosen].law.left,
                made[chosen].law.right,
            )
            laws = (*laws, added)
