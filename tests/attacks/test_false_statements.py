"""Nothing is accepted for a false statement: honest statements made false, with honest proofs and attack texts offered.

    python -m pytest tests/attacks/test_false_statements.py

That the statements are false is known by construction: a number is moved in an arithmetic equation, an inequality is
turned round, a conclusion negated or a needed hypothesis dropped; or it is a non-theorem of lean-logic, which was
generated with its counterexample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from arena import BOMB, cases
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lean_env.benchmark.lean_logic import Family, LogicConfig, load_lean_logic
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused
from lean_env.gate.certificate import Certificate
from lean_env.gate.gate import Gate, GateError
from lean_env.library.index import Library
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoCrashError, ProofFinished, TacticState
from lean_env.session.stating import state_text
from lean_env.theorem import Environment, Theorem
from tests.fresh import Acceptances

INIT = Environment(("Init",))
PATIENT = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate, Phase.target],  # an example is not made smaller: each costs a worker's time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Pair:
    """A true statement with its proof, and a false one made from it."""

    true: str
    proof: tuple[str, ...]
    false: str


small = st.integers(0, 40)
#: (what is true, its proof, what is false) over `{a}`, `{b}` and `{d}` with d > 0
ARITHMETIC = [
    (": {a} + {b} = {sum}", ("decide",), ": {a} + {b} = {sum} + {d}"),
    (": {a} + {b} = {sum}", ("rfl",), ": ¬ {a} + {b} = {sum}"),
    (": {a} * {b} = {product}", ("decide",), ": {a} * {b} + {d} = {product}"),
    (": {a} < {a} + {d}", ("omega",), ": {a} + {d} < {a}"),
    ("(n : Nat) (h : n < {a}) : n < {a} + {d}", ("omega",), "(n : Nat) : n < {a} + {d}"),
    ("(n m : Nat) (h : n ≤ m) : n ≤ m + {d}", ("omega",), "(n m : Nat) : n ≤ m + {d}"),
    ("(n : Nat) : n + {d} ≠ n", ("omega",), "(n : Nat) : n + {d} = n"),
    ("(n : Nat) : n * 0 = 0", ("exact Nat.mul_zero n",), "(n : Nat) : n * 1 = 0"),
    ("(n m : Nat) : n + m = m + n", ("exact Nat.add_comm n m",), "(n m : Nat) : n - m = m - n"),
    ("(l : List Nat) : (l ++ []).length = l.length", ("simp",), "(l : List Nat) : (l ++ [{a}]).length = l.length"),
    ("(p q : Prop) (h : p ∧ q) : p", ("exact h.1",), "(p q : Prop) (h : p ∨ q) : p"),
    ("(p q : Prop) (h : p → q) (hp : p) : q", ("exact h hp",), "(p q : Prop) (h : p → q) : q"),
    ("(p q : Prop) (h : p → q) : ¬ q → ¬ p", ("exact fun n x => n (h x)",), "(p q : Prop) (h : p → q) : ¬ p → ¬ q"),
    (
        "(f : Nat → Nat) (h : ∀ x, f x = {a}) : f 0 = {a}",
        ("exact h 0",),
        "(f : Nat → Nat) (h : ∃ x, f x = {a}) : f 0 = {a}",
    ),
]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    true, proof, false = draw(st.sampled_from(ARITHMETIC))
    a, b, d = draw(small), draw(small), draw(st.integers(1, 9))
    values = {"a": a, "b": b, "d": d, "sum": a + b, "product": a * b}
    return Pair(true.format(**values), proof, false.format(**values))


@cache
def attack_bodies() -> list[tuple[str, ...]]:
    """The tactics of the attacks, less the bombs and what reaches for the host."""
    return [
        tuple(case.fields["tactics"])
        for case in cases()
        if "tactics" in case.fields
        and case.verdict not in ("stopped", "error", "not_proved")
        and not case.folder.startswith(("A4", "F", "honest"))
    ]


@cache
def non_theorems() -> list[str]:
    shares = {Family.PROPOSITIONAL: 0.6, Family.FIRST_ORDER: 0.4}
    config = LogicConfig(seed=5, train=0, held_out=0, beyond=0, non_theorems=60, families=shares)
    return [problem.statement for problem in load_lean_logic(config).problems]


#: Proofs of a pair's true statement or of an attack, with text of another attack before, behind or inside.
SPLICES = ("{0}", "first | {0} | {1}", "({0}; {1})", "all_goals try {0}", "have h : False := by {1}", "try {0}")


@st.composite
def bodies(draw: st.DrawFn, honest: Sequence[str] = ("simp_all", "omega", "grind")) -> list[str]:
    attack = list(draw(st.sampled_from(attack_bodies())))
    splice = draw(st.sampled_from(SPLICES))
    spliced = splice.format(draw(st.sampled_from([*honest, attack[0]])), draw(st.sampled_from(attack)))
    return draw(st.sampled_from([[*honest], attack, [spliced], [spliced, *attack], [*attack, *honest]]))


def offered(statement: str, tactics: Sequence[str], pool: WorkerPool) -> str | None:
    """The export of whatever the worker takes for a proof."""
    try:
        with Dojo(Theorem("attack", statement, INIT), pool, BOMB) as (dojo, root):
            state = root
            for tactic in tactics:
                (step,) = dojo.run_tacs(state, [tactic])
                if isinstance(step.result, ProofFinished):
                    return dojo.export_proof(step.result)
                if isinstance(step.result, TacticState):  # a tactic that fails is left out: the next one may do
                    state = step.result
    except (DojoCrashError, LeanRefused):
        pass
    return None


def certificate_for(statement: str, export: str, clean_pool: WorkerPool, gate: Gate) -> Certificate | None:
    goal = Theorem("attack", statement, INIT)
    try:
        verdict = gate.check(goal, export, state_text(clean_pool, goal))
    except GateError:
        return None
    return verdict if isinstance(verdict, Certificate) else None


def test_the_proof_of_the_true_statement_is_none_of_the_false_one(
    hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate, installation: Installation, library: Library
) -> None:
    """And the true one's is accepted again in processes of its own, the statement from its text."""
    certified = Acceptances()

    @PATIENT
    @given(pairs())
    def both(pair: Pair) -> None:
        honest = offered(pair.true, pair.proof, hostile_pool)
        assert honest is not None, pair
        certificate = certificate_for(pair.true, honest, clean_pool, gate)
        assert certificate is not None, pair
        certified.add_text(Theorem("attack", pair.true, INIT), pair.proof, certificate)
        assert certificate_for(pair.false, honest, clean_pool, gate) is None, pair
        live = offered(pair.false, pair.proof, hostile_pool)
        assert live is None or certificate_for(pair.false, live, clean_pool, gate) is None, pair

    both()
    assert certified.decide_again(installation, library) >= 5


@PATIENT
@given(st.data())
def test_attack_texts_prove_no_false_statement(
    hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate, data: st.DataObject
) -> None:
    pair = data.draw(pairs())
    tactics = data.draw(bodies(pair.proof))
    export = offered(pair.false, tactics, hostile_pool)
    assert export is None or certificate_for(pair.false, export, clean_pool, gate) is None, (pair, tactics)


@PATIENT
@given(st.data())
def test_attack_texts_prove_no_non_theorem(
    hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate, data: st.DataObject
) -> None:
    statement = data.draw(st.sampled_from(non_theorems()))
    tactics = data.draw(bodies())
    export = offered(statement, tactics, hostile_pool)
    assert export is None or certificate_for(statement, export, clean_pool, gate) is None, (statement, tactics)


@pytest.mark.parametrize("body", ["simp_all", "grind", "omega", "decide"])
def test_automation_alone_proves_none_of_the_false_ones(
    body: str, hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate
) -> None:
    for _, _, false in ARITHMETIC:
        statement = false.format(a=3, b=4, d=2, sum=7, product=12)
        export = offered(statement, [body], hostile_pool)
        assert export is None or certificate_for(statement, export, clean_pool, gate) is None, statement
