"""The gate against a worker that lies: everything that could be in an export, without any elaboration.

The terms are written by hand, so each test says exactly what is wrong with its proof; what real tactics and real
attacks do to the gate is in tests/attacks.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from handmade import (
    FALSE,
    HONEST,
    IDENTITY,
    IDENTITY_PROOF,
    INIT,
    LIE,
    NAT,
    ONE,
    PROP,
    REFLEXIVITY,
    REFLEXIVITY_PROOF,
    U,
    app,
    by_refl,
    const,
    equal,
    export,
    fun,
    pi,
    refl,
    stated,
    text_theorem,
    theorem,
)
from verdicts import library_theorem, rejected

from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused, RefusalKind
from lean_env.gate.axioms import ALLOWED_AXIOMS
from lean_env.gate.certificate import Certificate, Check, KernelVerdict, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.statement import CleanStatement
from lean_env.library.expression import (
    Bound,
    ForAll,
    Param,
    Sort,
    Zero,
    expression_hash,
)
from lean_env.library.index import Library
from lean_env.library.ndjson_writer import write_expression
from lean_env.theorem import Environment


def test_the_certificate_of_a_proof_by_hand(gate: Gate, library: Library) -> None:
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), stated(IDENTITY))
    assert isinstance(verdict, Certificate)
    assert verdict.statement_hash == expression_hash(IDENTITY, ())
    assert verdict.environment_digest == library.environment_digest(INIT)
    assert verdict.axioms == () and verdict.auxiliaries == ()
    assert verdict.kernels == {"embedded-4.28": (KernelVerdict.ACCEPT, ""), "second": (KernelVerdict.ACCEPT, "")}
    assert re.fullmatch(
        r"3 on Lean 4\.28\.0-pre \(38f3c0c4\w+\), then Lean 4\.35\.0 \(eb6cafb7\w+\)", verdict.gate_version
    )


def test_the_checks_come_in_the_order_of_the_certificates_fields() -> None:
    fields = [
        "statement_hash",
        "proof_hash",
        "auxiliaries",
        "environment_digest",
        "axioms",
        "kernels",
        "gate_version",
        "header_digest",
    ]
    assert list(Certificate.__dataclass_fields__) == fields
    assert list(Check) == ["header", "statement", "term", "type", "constants", "axioms", "kernel"]


def test_a_library_theorem_proved_by_hand(gate: Gate, library: Library) -> None:
    goal = library_theorem(library, "Function.comp_apply")
    declaration = library.declaration(goal.name, goal.module)
    proof = theorem(declaration.type, by_refl(declaration.type), *declaration.level_params)
    verdict = gate.check(goal, export(proof))
    assert isinstance(verdict, Certificate), verdict
    constant = library.constant(goal.name)
    assert constant is not None and verdict.statement_hash == constant.type_hash


@pytest.mark.parametrize("name", sorted(ALLOWED_AXIOMS))
def test_the_three_axioms_pass_and_are_named(gate: Gate, library: Library, name: str) -> None:
    axiom = library.declaration(name)
    params = axiom.level_params
    # `Classical.choice` is no proposition: what it gives is shown to be inhabited instead.
    if name == "Classical.choice":
        statement = pi(axiom.type, to=const("True"))
        value = app(fun(axiom.type, to=fun(axiom.type, to=const("True.intro"))), const(name, *map(Param, params)))
    else:
        statement, value = axiom.type, const(name, *map(Param, params))
    verdict = gate.check(text_theorem(), export(theorem(statement, value, *params)), stated(statement, *params))
    assert isinstance(verdict, Certificate), verdict
    assert verdict.axioms == (name,)


def test_binder_names_and_kinds_metadata_and_universe_names_do_not_matter(gate: Gate) -> None:
    implicit = ForAll("other", 1, Sort(Param("w")), pi(Bound(0), to=equal(Bound(0), Bound(0), Bound(1), Param("w"))))
    verdict = gate.check(text_theorem(), export(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u")), stated(implicit, "w"))
    assert isinstance(verdict, Certificate), verdict
    assert verdict.statement_hash == expression_hash(REFLEXIVITY, ("u",))


def test_a_proof_may_cite_a_theorem_of_its_own_name_if_that_is_the_librarys(gate: Gate) -> None:
    cited = pi(NAT, to=app(const("LE.le", Zero()), NAT, const("instLENat"), Bound(0), Bound(0)))
    verdict = gate.check(text_theorem(name="Nat.le_refl"), export(theorem(cited, const("Nat.le_refl"))), stated(cited))
    assert isinstance(verdict, Certificate), verdict


@pytest.mark.parametrize(
    "claimed",
    [
        pi(PROP, to=Bound(0)),
        pi(PROP, PROP, Bound(0), to=Bound(1)),
        pi(PROP, Bound(0), to=Bound(0)),
        const("True"),
        LIE,
        FALSE,
    ],
)
def test_the_proof_of_another_statement(gate: Gate, claimed: ForAll) -> None:
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), stated(claimed))
    assert rejected(verdict) is Check.TYPE


def test_a_statement_that_is_equal_only_up_to_reduction(gate: Gate) -> None:
    reducible = app(fun(PROP, to=Bound(0)), IDENTITY)
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), stated(reducible))
    assert rejected(verdict) is Check.TYPE


def test_the_right_type_over_a_term_of_another(gate: Gate) -> None:
    verdict = gate.check(text_theorem(), export(theorem(LIE, IDENTITY_PROOF)), stated(LIE))
    assert rejected(verdict) is Check.KERNEL


def test_universes_swapped_in_the_type(gate: Gate) -> None:
    def two(first: str, second: str) -> ForAll:
        node = pi(
            Sort(Param(first)), Sort(Param(second)), Bound(1), to=equal(Bound(0), Bound(0), Bound(2), Param(first))
        )
        assert isinstance(node, ForAll)
        return node

    value = fun(Sort(U), Sort(Param("v")), Bound(1), to=refl(Bound(0), Bound(2), U))
    honest = export(theorem(two("u", "v"), value, "u", "v"))
    assert isinstance(gate.check(text_theorem(), honest, stated(two("u", "v"), "u", "v")), Certificate)
    assert rejected(gate.check(text_theorem(), honest, stated(two("u", "v"), "v", "u"))) is Check.TYPE
    assert rejected(gate.check(text_theorem(), honest, stated(two("u", "v"), "u", "v", "w"))) is Check.TYPE


def test_universes_specialised(gate: Gate) -> None:
    special = pi(Sort(ONE), Bound(0), to=equal(Bound(0), Bound(0), Bound(1), ONE))
    value = fun(Sort(ONE), Bound(0), to=refl(Bound(0), Bound(1), ONE))
    verdict = gate.check(text_theorem(), export(theorem(special, value)), stated(REFLEXIVITY, "u"))
    assert rejected(verdict) is Check.TYPE


def test_a_library_theorem_is_looked_up_in_the_library(gate: Gate, library: Library) -> None:
    goal = library_theorem(library, "Nat.add_comm")
    proof = export(theorem(IDENTITY, IDENTITY_PROOF))
    for wrong in (
        replace(goal, name="Nat.add_comm'"),
        replace(goal, module="Init.Core"),
        replace(goal, module="No.Such.Module"),
        replace(goal, environment=Environment(("No.Such.Module",))),
        replace(goal, expression_hash="0" * 64),
    ):
        assert rejected(gate.check(wrong, proof)) is Check.STATEMENT


@pytest.mark.parametrize(
    "text", ["", "∀ p, p → p", export(theorem(IDENTITY, IDENTITY_PROOF)), write_expression(Bound(0))]
)
def test_an_unreadable_stored_statement(gate: Gate, text: str) -> None:
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), CleanStatement(text, ()))
    assert rejected(verdict) is Check.STATEMENT


def test_a_text_theorem_needs_its_statement_and_a_library_theorem_takes_none(gate: Gate, library: Library) -> None:
    proof = export(theorem(IDENTITY, IDENTITY_PROOF))
    with pytest.raises(ValueError, match="CleanStatement"):
        gate.check(text_theorem(), proof)
    with pytest.raises(ValueError, match="CleanStatement"):
        gate.check(library_theorem(library, "Nat.add_comm"), proof, stated(IDENTITY))


@pytest.mark.parametrize("op", ["check_text", "open_text", "open_library", "run", "export_proof", "print", "probe"])
def test_a_deciding_worker_takes_no_text(deciders: WorkerPool, op: str) -> None:
    request = {"imports": ["Init"], "source": "", "statement": "True", "name": "Nat.add_comm", "tactics": ["trivial"]}
    with deciders.lease(INIT) as worker, pytest.raises(LeanRefused) as refusal:
        worker.request(op, **request, state=1, names=["Nat.add_comm"])
    assert refusal.value.kind is RefusalKind.BAD_REQUEST


def test_the_gate_takes_only_workers_that_decide(library: Library, pool: WorkerPool) -> None:
    with pytest.raises(ValueError, match="elaborate"):
        Gate(library, pool)


def test_threads_share_a_gate(gate: Gate) -> None:
    def decide(name: str) -> Certificate | Rejection:
        statement, text, levels = HONEST[name]
        return gate.check(text_theorem(), text, stated(statement, *levels))

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(decide, [*HONEST] * 5))
    assert together == [decide(name) for name in HONEST] * 5
    assert all(isinstance(verdict, Certificate) for verdict in together)
