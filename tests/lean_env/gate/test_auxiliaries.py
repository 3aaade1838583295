"""The auxiliary constants of an export: what they may be called, say and use."""

from __future__ import annotations

from handmade import (
    LIE,
    NAT,
    ONE,
    SAME,
    SPARE,
    TWO,
    TWO_IS_TWO,
    USES_BOTH,
    app,
    const,
    definition,
    equal,
    export,
    fun,
    number,
    pi,
    refl,
    stated,
    text_theorem,
    theorem,
)
from verdicts import rejected

from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, Check
from lean_env.gate.gate import Gate
from lean_env.gate.proof_term import ProofTerm
from lean_env.library.expression import (
    Bound,
)
from lean_env.library.ndjson_writer import write_expression
from lean_env.theorem import Environment


def test_auxiliaries_are_checked_and_named(gate: Gate) -> None:
    verdict = gate.check(text_theorem(), export(TWO, SAME, USES_BOTH), TWO_IS_TWO)
    assert isinstance(verdict, Certificate), verdict
    assert verdict.auxiliaries == ("helper.two", "helper.same")


def test_what_the_target_does_not_need_is_left_out(gate: Gate) -> None:
    verdict = gate.check(text_theorem(), export(SPARE, TWO, SAME, USES_BOTH), TWO_IS_TWO)
    assert isinstance(verdict, Certificate), verdict
    assert verdict.auxiliaries == ("helper.two", "helper.same")


def test_the_proof_hash_does_not_depend_on_names_or_on_leftovers() -> None:
    text = export(TWO, SAME, USES_BOTH)
    renamed = text.replace('"helper"', '"other"').replace('"two"', '"_proof_7"')
    hashes = {ProofTerm.read(t).proof_hash for t in (text, renamed, export(SPARE, TWO, SAME, USES_BOTH))}
    assert len(hashes) == 1
    other = export(definition("helper.two", NAT, app("Nat.succ", number(1))), SAME, USES_BOTH)
    assert ProofTerm.read(other).proof_hash not in hashes


def test_a_dropped_auxiliary(gate: Gate) -> None:
    for missing in ((SAME, USES_BOTH), (TWO, USES_BOTH), (USES_BOTH,)):
        assert rejected(gate.check(text_theorem(), export(*missing), TWO_IS_TWO)) is Check.CONSTANTS


def test_an_auxiliary_declared_after_its_use_or_using_itself(gate: Gate) -> None:
    assert rejected(gate.check(text_theorem(), export(SAME, TWO, USES_BOTH), TWO_IS_TWO)) is Check.CONSTANTS
    itself = theorem(LIE, const("helper.itself"), name="helper.itself")
    circular = export(itself, theorem(LIE, const("helper.itself")))
    assert rejected(gate.check(text_theorem(), circular, stated(LIE))) is Check.CONSTANTS


def test_an_auxiliary_that_proves_something_false(gate: Gate) -> None:
    bad = theorem(LIE, refl(number(1)), name="helper.bad")
    verdict = gate.check(text_theorem(), export(bad, theorem(LIE, const("helper.bad"))), stated(LIE))
    assert rejected(verdict) is Check.KERNEL


def test_an_auxiliary_that_takes_a_visible_name(gate: Gate) -> None:
    """`Nat.add a b := a` would prove `1 + 1 = 1`, were it taken for the library's."""
    shadow = definition("Nat.add", pi(NAT, NAT, to=NAT), fun(NAT, NAT, to=Bound(1)))
    statement = equal(app("Nat.add", number(1), number(1)), number(1))
    verdict = gate.check(text_theorem(), export(shadow, theorem(statement, refl(number(1)))), stated(statement))
    assert rejected(verdict) is Check.CONSTANTS


def test_an_auxiliary_that_takes_a_name_hard_wired_in_the_kernel(gate: Gate, deciders: WorkerPool) -> None:
    """`Nat.gcd a b := a`, where the library's is not visible: by its body `gcd 4 6` is 4, by the kernel's built-in
    rule it is 2. The kernel alone accepts `4 = 2` from that."""
    gcd = definition("Nat.gcd", pi(NAT, NAT, to=NAT), fun(NAT, NAT, to=Bound(1)))
    call = app("Nat.gcd", number(4), number(6))
    by_body = theorem(
        pi(NAT, NAT, to=equal(app("Nat.gcd", Bound(1), Bound(0)), Bound(1))),
        fun(NAT, NAT, to=refl(Bound(1))),
        name="helper.by_body",
    )
    by_rule = theorem(equal(call, number(2)), refl(number(2)), name="helper.by_rule")
    lie = equal(number(4), number(2))
    forward = app(const("helper.by_body"), number(4), number(6))
    value = app(
        const("Eq.trans", ONE),
        NAT,
        number(4),
        call,
        number(2),
        app(const("Eq.symm", ONE), NAT, call, number(4), forward),
        const("helper.by_rule"),
    )
    proof = export(gcd, by_body, by_rule, theorem(lie, value))
    early = Environment(("Init.Prelude",))

    with deciders.lease(early) as worker:
        alone = worker.request(
            "kernel_check",
            imports=["Init.Prelude"],
            target={"expression": write_expression(lie), "levels": []},
            proof=proof,
            soft_ms=5000,
            heartbeats=0,
        )
    assert alone["verdict"] == "accept", "the kernel no longer believes this name; the test shows nothing"
    assert rejected(gate.check(text_theorem(early), proof, stated(lie))) is Check.KERNEL
