"""What a proof may cite: nothing forbidden, nothing later than its theorem."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from handmade import (
    FALSE,
    IDENTITY,
    IDENTITY_PROOF,
    INIT,
    LIE,
    ONE,
    PROP,
    app,
    const,
    equal,
    export,
    fun,
    pi,
    stated,
    text_theorem,
    theorem,
)
from verdicts import library_theorem, rejected

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.axioms import ALLOWED_AXIOMS, FORBIDDEN_CONSTANTS
from lean_env.gate.certificate import Check
from lean_env.gate.gate import Gate
from lean_env.gate.proof_term import TARGET
from lean_env.library.expression import (
    Succ,
    Zero,
)
from lean_env.library.index import Library
from lean_env.library.ndjson_writer import write_expression


def test_a_target_that_cites_itself(gate: Gate) -> None:
    verdict = gate.check(text_theorem(), export(theorem(LIE, const(TARGET))), stated(LIE))
    assert rejected(verdict) is Check.CONSTANTS


def test_a_library_theorem_that_cites_itself_its_module_or_a_later_one(gate: Gate, library: Library) -> None:
    goal = library_theorem(library, "Nat.add_comm")
    declaration = library.declaration(goal.name, goal.module)
    later = "Nat.add_mod"
    for cited in (goal.name, "Nat.add_left_comm", later):
        constant = library.constant(cited)
        assert constant is not None and library.constant(cited, goal.environment) is None
        value = app(fun(library.expression(cited), to=const("sorryAx", Zero())), const(cited))
        assert rejected(gate.check(goal, export(theorem(declaration.type, value)))) is Check.CONSTANTS


def test_an_environment_that_holds_the_theorem(gate: Gate, library: Library) -> None:
    goal = replace(library_theorem(library, "Nat.add_comm"), environment=INIT)
    declaration = library.declaration(goal.name, goal.module)
    verdict = gate.check(goal, export(theorem(declaration.type, const("Nat.add_comm"))))
    assert rejected(verdict) is Check.CONSTANTS


@pytest.mark.parametrize("name", sorted(FORBIDDEN_CONSTANTS))
def test_no_forbidden_constant_is_cited(gate: Gate, library: Library, name: str) -> None:
    """Even where it is not needed, even where the kernel would be content."""
    levels = [Succ(Zero()) for _ in library.declaration(name).level_params]
    mention = app(fun(PROP, to=IDENTITY_PROOF), pi(equal(const(name, *levels), const(name, *levels)), to=PROP))
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, mention)), stated(IDENTITY))
    assert rejected(verdict) is Check.AXIOMS


def test_the_kernel_alone_accepts_sorry(gate: Gate, deciders: WorkerPool) -> None:
    proof = export(theorem(FALSE, app(const("sorryAx", Zero()), FALSE, const("Bool.true"))))
    with deciders.lease(INIT) as worker:
        alone = worker.request(
            "kernel_check",
            imports=["Init"],
            target={"expression": write_expression(FALSE), "levels": []},
            proof=proof,
            soft_ms=5000,
            heartbeats=0,
        )
    assert alone["verdict"] == "accept"
    assert rejected(gate.check(text_theorem(), proof, stated(FALSE))) is Check.AXIOMS


def test_a_forbidden_constant_inside_an_auxiliary(gate: Gate) -> None:
    bad = theorem(LIE, app(const("sorryAx", Zero()), LIE, const("Bool.true")), name="helper.bad")
    verdict = gate.check(text_theorem(), export(bad, theorem(LIE, const("helper.bad"))), stated(LIE))
    assert rejected(verdict) is Check.AXIOMS


@pytest.mark.parametrize("name", ["unsafeCast", "Nat.add._unsafe_rec", "Array.getInternalBorrowed"])
def test_unsafe_constants_of_the_library(gate: Gate, library: Library, name: str) -> None:
    levels = [ONE for _ in library.declaration(name).level_params]
    mention = app(fun(PROP, to=IDENTITY_PROOF), pi(equal(const(name, *levels), const(name, *levels)), to=PROP))
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, mention)), stated(IDENTITY))
    assert rejected(verdict) is Check.AXIOMS


def test_every_true_axiom_of_the_library_is_allowed_or_refused_by_name(installation: Installation) -> None:
    with sqlite3.connect(installation.root / "library.db") as index:
        found = {name for (name,) in index.execute("SELECT name FROM constant WHERE original_kind = 'axiom'")}
    assert found - ALLOWED_AXIOMS <= FORBIDDEN_CONSTANTS
    assert found >= ALLOWED_AXIOMS
