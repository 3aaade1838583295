"""Cheap closers that are tried first on each new goal: they are steps like any other, and no goal gets them twice."""

from __future__ import annotations

import pytest
from countdown import FixedPolicy

from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.theorem import Environment, Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import LIBRARY
from prover.actions.space import ActionSpace
from prover.goal import first_goal
from prover.policy import Proposal
from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended
from prover.search.contract import SearchResult
from prover.search.options import SearchOptions
from prover.search.proposals import keep
from prover.search.tree import tree_of
from training.arms import Arms
from training.config import ConfigError, FlywheelConfig, SearchSettings

INIT = Environment(("Init",))
BOTH = Theorem("t", "(p : Prop) (a b : Nat) (hp : p) (h : a < b) : (p ∧ a + 1 ≤ b) ∧ b = b", INIT)
APART = FixedPolicy(("constructor", -0.5), ("exfalso", -3.0))
SOLVERS = ("assumption", "omega", "rfl")


def prove(kind: type, pool: WorkerPool, theorem=BOTH, policy=APART, budget=60, **settings) -> SearchResult:
    with Dojo(theorem, pool) as (dojo, root):
        return kind(**settings).prove(dojo, root, theorem, policy, Budget(budget))


def tried(result: SearchResult) -> list[tuple[str, str]]:
    """The tactics that were run, in order, each with the printed goal that it acted on."""
    tree = tree_of(result, "policy")
    return [(first_goal(tree.states[step.source].text)[0], step.tactic) for step in tree.steps]


@pytest.mark.parametrize("kind", [BestFirst, AndOr])
def test_they_close_what_the_policy_does_not_think_of(kind: type, pool: WorkerPool):
    assert prove(kind, pool).ended is not Ended.PROVED
    result = prove(kind, pool, solvers=SOLVERS)
    assert result.ended is Ended.PROVED
    assert result.tactics == ("constructor", "constructor", "assumption", "assumption", "omega")
    ran = [(goal, tactic) for goal, tactic in tried(result)[1:] if not tactic.startswith("rotate_left")]
    assert result.steps == len(ran) <= 5 + 3 * 5
    by_solvers = [one for one in ran if one[1] in SOLVERS]
    assert len(by_solvers) == len(set(by_solvers))
    assert tried(prove(kind, pool, solvers=SOLVERS)) == tried(result)


@pytest.mark.parametrize("kind", [BestFirst, AndOr])
def test_they_come_first_on_a_new_goal_and_count_as_steps(kind: type, pool: WorkerPool):
    tactics = [tactic for _, tactic in tried(prove(kind, pool, solvers=SOLVERS))[1:]]
    assert tactics[:4] == [*SOLVERS, "constructor"]
    for budget in (1, 3, 4):
        result = prove(kind, pool, budget=budget, solvers=SOLVERS)
        assert (result.ended, result.steps) == (Ended.STEPS, budget)


@pytest.mark.parametrize("kind", [BestFirst, AndOr])
def test_one_that_does_not_close_costs_what_the_policy_thinks_of_it(kind: type, pool: WorkerPool):
    """`constructor` leaves two goals. As a solver it runs first, and what it leaves is as dear as it is unlikely."""
    policy = FixedPolicy(("constructor", -9.0), ("cases hp", -0.1), ("refine And.symm ?_", -0.2))
    theorem = Theorem("u", "(p q : Prop) (hp : p ∨ q) : (q ∨ p) ∧ (q ∨ p)", INIT)
    tactics = [tactic for _, tactic in tried(prove(kind, pool, theorem, policy, 4, solvers=("constructor",)))[1:]]
    assert tactics[0] == "constructor"
    assert tactics[1] == "cases hp"


def test_what_they_cost_and_where_they_stand():
    answer = [Proposal("a", -0.1), Proposal("simp", -2.0, "simp"), Proposal("b", -3.0)]
    kept = keep(answer, SearchOptions(edges_per_state=2), 0, ("rfl", "simp"))
    assert [(one.a.tactic, one.a.template, one.perturbed, one.charged) for one in kept] == [
        ("rfl", "", 0.0, -2.0),
        ("simp", "simp", 0.0, -2.0),
        ("a", "", -0.1, -0.1),
    ]
    assert keep([], SearchOptions(), 0, ("rfl",))[0].charged == 0.0
    assert keep(answer, SearchOptions(), 0) == keep(answer, SearchOptions(solvers=("rfl",)), 0)
    noisy = keep(answer, SearchOptions(noise=5.0), 3, ("rfl",))
    assert noisy[0].perturbed >= max(one.perturbed for one in noisy)


def test_settings_name_them_where_they_are_in_use():
    assert "solvers" not in BestFirst().settings
    assert AndOr(solvers=("rfl", "simp")).settings["solvers"] == ["rfl", "simp"]
    plain = SearchSettings()
    assert "solvers" not in plain.stored()
    with_them = plain.changed({"solvers": "rfl, exact rfl"})
    assert with_them.solvers == ("rfl", "exact rfl") and with_them.as_search().solvers == ("rfl", "exact rfl")
    assert with_them.beside(plain) == "best-first, solvers=rfl+exact rfl"
    with pytest.raises(ConfigError, match="samples are drawn"):
        FlywheelConfig.load(contents={"search": {"kind": "samples", "solvers": ["rfl"]}})


@pytest.mark.parametrize(
    ("repertoire", "allowed", "refused"),
    [
        (LIBRARY, ("rfl", "simp_all", "simp_all <;> omega"), "native_decide"),
        (LIBRARY, (), "simp [{premises}]"),
        (ELEMENTARY, ("rfl", "exact trivial"), "simp"),
    ],
)
def test_only_the_benchmarks_own_forms_are_taken(repertoire, allowed, refused):
    space = ActionSpace(None, ELEMENTARY) if repertoire is ELEMENTARY else _Library()

    def arms(*solvers: str) -> Arms:
        config = FlywheelConfig.load(contents={"search": {"solvers": list(solvers)}})
        return Arms(None, space, config, lambda *_: None)  # type: ignore[arg-type]

    assert arms(*allowed).config.search.solvers == allowed
    with pytest.raises(ConfigError, match="no form"):
        arms(refused)
    with pytest.raises(ConfigError, match="no form"):
        arms().otherwise(0, SearchSettings(solvers=(refused,)))


class _Library:
    repertoire = LIBRARY
