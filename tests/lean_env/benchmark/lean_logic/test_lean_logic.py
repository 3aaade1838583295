"""The benchmark lean-logic as a whole: deterministic, split by class, graded by size, and Lean understands it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from lean_env.benchmark.lean_logic import Family, LeanLogic, Logic, LogicConfig, load_lean_logic
from lean_env.benchmark.lean_logic.benchmark import TooFewStatements
from lean_env.benchmark.lean_logic.config import SizeLimits
from lean_env.theorem import Environment
from prover.lean import Lean

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

SMALL = LogicConfig(seed=7, train=300, held_out=40, beyond=40, non_theorems=80)
#: For what is made more than once.
TINY = LogicConfig(seed=7, train=60, held_out=8, beyond=8, non_theorems=16)


@pytest.fixture(scope="module")
def small() -> LeanLogic:
    return load_lean_logic(SMALL)


def test_the_same_in_every_process() -> None:
    program = (
        "from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic;"
        f"print(load_lean_logic(LogicConfig.model_validate_json('''{TINY.model_dump_json()}''')).revision)"
    )
    revisions = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("0", "4711")
    }
    (revision,) = revisions
    assert revision == load_lean_logic(TINY).revision and len(revision) == 16


def test_stored_runs_go_on_with_the_statements_that_they_began_with(small: LeanLogic) -> None:
    assert small.revision == "af6fbff7d855e0fe", "the generator makes other statements: raise REVISION, and say so"


def test_another_seed_gives_other_statements() -> None:
    one, other = (load_lean_logic(TINY.model_copy(update={"seed": seed})) for seed in (7, 8))
    assert other.revision != one.revision
    shared = {p.statement for p in one.problems} & {p.statement for p in other.problems}
    assert len(shared) < len(one.problems) / 10


def test_counts_by_split_stratum_and_family(small: LeanLogic) -> None:
    expected = {
        ("train", "same-size"): 300,
        ("valid", "same-size"): 40,
        ("test", "same-size"): 40,
        ("valid", "beyond"): 40,
        ("test", "beyond"): 40,
        ("train", "non-theorem"): 80,
    }
    assert Counter((t.split, t.stratum) for t in small.theorems()) == expected
    for (split, stratum), count in expected.items():
        theorems = small.theorems(split, stratum)
        assert len(theorems) == count
        families = Counter(small.problem(theorem.name).family for theorem in theorems)
        assert families == {
            Family.PROPOSITIONAL: count // 2,
            Family.FIRST_ORDER: count * 3 // 10,
            Family.INDUCTION: count // 5,
        }
    assert len(small.theorems(stratum="beyond")) == 80
    assert len(small.theorems("train")) == 380


def test_theorems_are_text_theorems_of_this_benchmark(small: LeanLogic) -> None:
    for theorem in small.theorems():
        problem = small.problem(theorem.name)
        assert theorem.statement == problem.statement
        assert theorem.environment == Environment(("Init",))
        assert theorem.module is None
        assert theorem.benchmark == "lean-logic"
        assert theorem.expression_hash == ""
        assert problem.theorem == (theorem.stratum != "non-theorem") == (problem.logic is not None)
        assert bool(problem.counterexample) != problem.theorem
        letter = {"propositional": "p", "first-order": "f", "induction": "i"}[problem.family]
        assert theorem.name.startswith(f"logic.{letter if problem.theorem else 'n'}.")


def test_what_truth_tables_refute_has_a_disproof_and_is_no_theorem(small: LeanLogic) -> None:
    disproofs = small.disproofs()
    assert {(t.split, t.stratum) for t in disproofs} == {("train", "disproof")}
    refuted = [p for p in small.problems if p.family is Family.PROPOSITIONAL and not p.theorem]
    assert [t.name for t in disproofs] == [f"not.{p.name}" for p in refuted] and len(refuted) == 40
    assert not {t.name for t in disproofs} & {t.name for t in small.theorems()}
    for problem, theorem in zip(refuted, disproofs, strict=True):
        binders, _, goal = problem.statement.rpartition(" : ")
        assert theorem.statement == f": ¬ ∀ {binders}, {goal}"


def test_no_class_and_no_statement_twice(small: LeanLogic) -> None:
    assert max(Counter(problem.canonical for problem in small.problems).values()) == 1
    assert max(Counter(problem.statement for problem in small.problems).values()) == 1


def test_beyond_is_larger_than_all_that_is_trained_on(small: LeanLogic) -> None:
    sizes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for theorem in small.theorems():
        problem = small.problem(theorem.name)
        sizes[problem.family, theorem.stratum].append(problem.size)
    for family in Family:
        limits = SMALL.limits[family]
        assert limits.least <= min(sizes[family, "same-size"])
        assert max(sizes[family, "same-size"] + sizes[family, "non-theorem"]) <= limits.train_max_size
        assert limits.train_max_size < min(sizes[family, "beyond"])
        assert max(sizes[family, "beyond"]) <= limits.beyond_max_size


def test_both_logics_and_small_statements_are_there(small: LeanLogic) -> None:
    propositional = [p for p in small.problems if p.family is Family.PROPOSITIONAL and p.theorem]
    classical = sum(problem.logic is Logic.CLASSICAL for problem in propositional)
    assert 0.1 * len(propositional) < classical < 0.3 * len(propositional)
    first_order = {p.logic for p in small.problems if p.family is Family.FIRST_ORDER and p.theorem}
    assert first_order == {Logic.INTUITIONISTIC, Logic.CLASSICAL}
    train = [small.problem(theorem.name) for theorem in small.theorems("train", "same-size")]
    assert sum(p.size <= 6 for p in train if p.family is Family.PROPOSITIONAL) > 20


def test_the_goal_is_no_hypothesis(small: LeanLogic) -> None:
    for problem in small.problems:
        binders, _, goal = problem.statement.rpartition(") : ")
        if problem.family is not Family.INDUCTION:  # there the goal may have colons
            assert f": {goal})" not in f"{binders})", problem.statement


def test_the_distribution_counts_everything(small: LeanLogic) -> None:
    rows = small.distribution()
    assert sum(row.count for row in rows) == len(small.problems)
    assert len(set(rows)) == len(rows)
    for row in rows:
        print(row.split, row.stratum, row.family, row.logic, row.sizes, row.depth, row.count)


def test_lean_understands_a_sample_of_each_family(small: LeanLogic, installation: Installation) -> None:
    by_family = defaultdict(list)
    for theorem in small.theorems():
        by_family[small.problem(theorem.name).family].append(theorem)
    with Lean(workers=1, installation=installation) as lean:
        for theorems in by_family.values():
            for theorem in theorems[:: max(1, len(theorems) // 55)]:
                assert lean.stated(theorem).levels == (), theorem.statement


def test_one_family_alone() -> None:
    config = LogicConfig(families={Family.FIRST_ORDER: 1}, train=20, held_out=2, beyond=2, non_theorems=4)
    assert {problem.family for problem in load_lean_logic(config).problems} == {Family.FIRST_ORDER}


def test_too_few_statements_of_a_size() -> None:
    limits = {Family.PROPOSITIONAL: SizeLimits(least=1, train_max_size=1, beyond_max_size=2)}
    config = LogicConfig(families={Family.PROPOSITIONAL: 1}, limits=limits, train=500, held_out=0, beyond=0)
    with pytest.raises(TooFewStatements, match="larger sizes"):
        load_lean_logic(config)


@pytest.mark.parametrize(
    "wrong",
    [
        {"families": {}},
        {"families": {"propositional": -1}},
        {"families": {"induction": 1}, "limits": {}},
        {"limits": {"propositional": {"least": 3, "train_max_size": 9, "beyond_max_size": 9}}},
        {"train": -1},
        {"unknown": 1},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LogicConfig.model_validate(wrong)
