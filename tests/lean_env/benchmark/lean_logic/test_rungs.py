"""lean-logic in rungs: graded by what proofs take, the same everywhere, held-out statements apart from train ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import cycle, islice, pairwise
from typing import TYPE_CHECKING

import pytest

from lean_env.benchmark.lean_logic import Family
from lean_env.benchmark.lean_logic.benchmark import TooFewStatements
from lean_env.benchmark.lean_logic.effort import propositional_effort, propositional_steps
from lean_env.benchmark.lean_logic.formula import AND, IFF, IMP, NOT, OR, Node
from lean_env.benchmark.lean_logic.intuitionistic import derivation_steps
from lean_env.benchmark.lean_logic.rungs import TOPS, LowRungs, RungConfig, Rungs, load_rungs, rung_of, statements
from lean_env.theorem import Environment, Theorem
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.benchmarks.registry import BENCHMARKS
from prover.lean import Lean
from training.config import FlywheelConfig

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

SMALL = RungConfig(seed=3, train=40, held_out=2, non_theorems=6, rungs=6)
P, Q, R = Node("p"), Node("q"), Node("r")


def both(left: Node, right: Node, head: str = AND) -> Node:
    return Node(head, (left, right))


@pytest.fixture(scope="module")
def small() -> Rungs:
    return load_rungs(SMALL)


@pytest.mark.parametrize(
    ("hypotheses", "goal", "steps"),
    [
        ([P], P, 1),  # exact h
        ([], both(P, P, IMP), 2),  # intro, exact
        ([P, Q], both(P, Q), 3),  # constructor, exact, exact
        ([both(P, Q)], both(Q, P), 4),  # cases, constructor, exact, exact
        ([both(P, Q, OR)], both(Q, P, OR), 5),  # cases, then left or right and exact in each
        ([P, both(P, Q, IMP), both(Q, R, IMP)], R, 2),  # have := h p, exact
        ([both(P, Q, IMP), Node(NOT, (Q,))], Node(NOT, (P,)), 3),  # intro, have, exact
        ([], both(P, Node(NOT, (P,)), OR), 5),  # by_cases, left, exact, and right, exact
        ([R, both(P, Q, OR), P], P, 1),  # what is not needed costs nothing
    ],
)
def test_steps_are_those_of_a_proof_by_hand(hypotheses: list[Node], goal: Node, steps: int) -> None:
    assert propositional_steps(hypotheses, goal) == steps


def test_an_equivalence_counts_once_more_and_what_does_not_hold_has_no_effort() -> None:
    with_iff = ([both(P, Q, IFF), P], Q)
    assert propositional_effort(*with_iff) == propositional_steps(*with_iff) + 1
    with pytest.raises(ValueError, match="not valid"):
        propositional_effort([both(P, Q, OR)], P)


def test_a_derivation_counts_what_it_uses() -> None:
    needless = [both(Node(f"x{i}"), Node(f"y{i}")) for i in range(4)]
    assert derivation_steps([both(P, Q), *needless], P) == derivation_steps([both(P, Q)], P) == 2
    assert derivation_steps([both(P, Q, OR)], P) is None


def test_each_rung_asks_for_about_a_third_more() -> None:
    # Whole numbers: the first steps are rough.
    assert all(1.15 <= high / low <= 1.35 for low, high in pairwise(TOPS))
    assert [rung_of(effort) for effort in (1, 4, 5, 6, 7, 8, TOPS[-1], TOPS[-1] + 1)] == [0, 0, 1, 2, 3, 3, 13, 14]


def test_the_same_in_every_process(small: Rungs) -> None:
    program = (
        "from lean_env.benchmark.lean_logic.rungs import RungConfig, load_rungs;"
        f"print(load_rungs(RungConfig.model_validate_json('''{SMALL.model_dump_json()}''')).revision)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == small.revision


def test_held_out_statements_are_as_many_in_each_rung_and_apart_by_class(small: Rungs) -> None:
    placed = Counter((t.split, t.stratum) for t in small.theorems())
    for rung in range(SMALL.rungs):
        assert placed["valid", f"rung-{rung:02}"] == placed["test", f"rung-{rung:02}"] == SMALL.held_out
    assert placed["train", "graded"] == SMALL.train and placed["train", "non-theorem"] == SMALL.non_theorems
    assert max(Counter(problem.canonical for problem in small.problems).values()) == 1
    for theorem in small.theorems():
        if theorem.stratum != "non-theorem":
            rung = rung_of(small.efforts[theorem.name])
            assert theorem.name.startswith(f"rung{rung:02}.") and theorem.benchmark == "lean-logic-rungs"
            assert theorem.split == "train" or theorem.stratum == f"rung-{rung:02}"
    trained = Counter(rung_of(small.efforts[t.name]) for t in small.theorems("train", "graded"))
    assert all(trained[rung] >= SMALL.train // SMALL.rungs // 4 for rung in range(SMALL.rungs))


def test_streams_go_on_and_have_all_families(small: Rungs) -> None:
    for family in Family:
        drawn = list(islice(statements(1, "train", family), 25))
        assert len({one.canonical for one in drawn}) > 15
        assert len({one.rung for one in drawn}) >= 4
    assert {problem.family for problem in small.problems} == set(Family)


@pytest.mark.parametrize("wanted", [{"held_out": 2, "train": 0}, {"held_out": 0, "train": 5}])
def test_where_statements_run_out_that_is_said(wanted: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = list(islice(statements(1, "train", Family.PROPOSITIONAL), 3))
    monkeypatch.setattr("lean_env.benchmark.lean_logic.rungs.statements", lambda *_: cycle(drawn))
    with pytest.raises(TooFewStatements, match="ask for fewer"):
        load_rungs(RungConfig(non_theorems=0, rungs=14, **wanted))


def test_lean_understands_statements_of_low_and_high_rungs(small: Rungs, installation: Installation) -> None:
    high = next(one for one in statements(2, "test of Lean", Family.PROPOSITIONAL) if one.rung >= 10)
    large = Theorem("large", high.draft.sequent.text(), Environment(("Init",)))
    with Lean(workers=1, installation=installation) as lean:
        for theorem in (large, *small.theorems("test"), *small.disproofs()):
            assert lean.stated(theorem).levels == (), theorem.statement


def test_the_low_rungs_are_a_benchmark_of_their_own(small: Rungs) -> None:
    low = load_rungs(SMALL, LowRungs)
    assert {one.benchmark for one in low.theorems()} == {"lean-logic-low"}
    assert {one.benchmark for one in small.theorems()} == {"lean-logic-rungs"}
    assert [one.statement for one in low.theorems()] == [one.statement for one in small.theorems()]
    default = BENCHMARKS["lean-logic-low"]
    assert isinstance(default, LogicBenchmark) and default.config.rungs == 4 and default.name == LowRungs.name
    settings = FlywheelConfig.load(benchmark="lean-logic-low", rungs=2)
    assert settings.evaluation.theorems == default.config.rungs * default.config.held_out
