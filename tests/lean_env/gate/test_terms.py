"""Lies in the term of a proof, for the reader and for the kernel."""

from __future__ import annotations

import json

import pytest
from handmade import (
    FALSE,
    IDENTITY,
    IDENTITY_PROOF,
    LIE,
    NAT,
    ONE,
    SAME,
    TWO,
    TWO_IS_TWO,
    USES_BOTH,
    app,
    const,
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

from lean_env.gate.certificate import Certificate, Check
from lean_env.gate.gate import Gate
from lean_env.library.expression import (
    Bound,
    Expression,
    ForAll,
    Let,
    Literal,
    Projection,
    Sort,
    Zero,
)
from lean_env.library.ndjson import MAX_DEPTH


def test_a_truncated_export(gate: Gate) -> None:
    text = export(TWO, SAME, USES_BOTH)
    for cut in range(0, len(text) - 1, 37):
        assert rejected(gate.check(text_theorem(), text[:cut], TWO_IS_TWO)) is Check.TERM


def test_a_term_without_end(gate: Gate) -> None:
    lines = export(theorem(IDENTITY, IDENTITY_PROOF)).splitlines(keepends=True)
    start = 10_000
    layers = [json.dumps({"ie": start, "bvar": 0}) + "\n"]
    layers += [
        json.dumps({"ie": start + i, "app": {"fn": start + i - 1, "arg": start}}) + "\n" for i in range(1, 9_000)
    ]
    bomb = "".join([*lines[:-1], *layers, lines[-1]])
    assert rejected(gate.check(text_theorem(), bomb, stated(IDENTITY))) is Check.TERM


def test_an_extra_axiom(gate: Gate) -> None:
    *head, target = [json.loads(line) for line in export(theorem(LIE, const("helper.bad"))).splitlines()]
    (name,) = [record["in"] for record in head if record.get("str", {}).get("str") == "bad"]
    axiom = {"name": name, "levelParams": [], "type": target["thm"]["type"], "isUnsafe": False}
    text = "".join(json.dumps(record) + "\n" for record in [*head, {"axiom": axiom}, target])
    assert rejected(gate.check(text_theorem(), text, stated(LIE))) is Check.TERM


@pytest.mark.parametrize("kind", ["def", "opaque", "axiom"])
def test_the_target_is_not_a_theorem(gate: Gate, kind: str) -> None:
    *head, last = export(theorem(IDENTITY, IDENTITY_PROOF)).splitlines()
    body = json.loads(last)["thm"]
    body |= {"def": {"hints": "abbrev", "safety": "safe"}, "opaque": {"isUnsafe": False}, "axiom": {"isUnsafe": False}}[
        kind
    ]
    if kind == "axiom":
        del body["value"], body["all"]
    text = "\n".join([*head, json.dumps({kind: body})]) + "\n"
    assert rejected(gate.check(text_theorem(), text, stated(IDENTITY))) is Check.TERM


@pytest.mark.parametrize("text", ["", "\n", "no goals\n", export(TWO), export(theorem(IDENTITY, IDENTITY_PROOF), TWO)])
def test_an_export_without_a_target_at_its_end(gate: Gate, text: str) -> None:
    assert rejected(gate.check(text_theorem(), text, stated(IDENTITY))) is Check.TERM


KERNEL_LIES = {
    "refl of two different numbers": (LIE, refl(number(1))),
    "refl at the wrong universe": (equal(number(1), number(1)), refl(number(1), level=Zero())),
    "too few universes": (equal(number(1), number(1)), app(const("Eq.refl"), NAT, number(1))),
    "too many universes": (equal(number(1), number(1)), app(const("Eq.refl", ONE, ONE), NAT, number(1))),
    "an argument of the wrong type": (LIE, app(const("Nat.le_refl"), const("True.intro"))),
    "a function that is none": (LIE, app(number(1), number(2))),
    "a projection beyond the structure": (LIE, Projection("And", 7, const("True.intro"))),
    "a projection of another structure": (LIE, Projection("And", 0, const("True.intro"))),
    "a let that hides the type": (LIE, Let("x", LIE, refl(number(1)), Bound(0))),
    "the proof of an implication": (FALSE, fun(FALSE, to=Bound(0))),
    "a statement that is no proposition": (NAT, number(1)),
    "a statement that is a universe": (Sort(ONE), NAT),
    "strings that differ": (equal(app("String.length", Literal("ab")), number(1)), refl(number(1))),
}


@pytest.mark.parametrize(("statement", "value"), KERNEL_LIES.values(), ids=KERNEL_LIES.keys())
def test_ill_typed_terms(gate: Gate, statement: ForAll, value: ForAll) -> None:
    assert rejected(gate.check(text_theorem(), export(theorem(statement, value)), stated(statement))) is Check.KERNEL


def test_no_witness_comes_out_of_an_existence_proof(gate: Gate) -> None:
    """Proofs of `∃ n : Nat, True` are all equal; a projection to their witness would make 1 and 2 equal too."""
    exists = app(const("Exists", ONE), NAT, fun(NAT, to=const("True")))

    def witnessed(value: int) -> Expression:
        return app(const("Exists.intro", ONE), NAT, fun(NAT, to=const("True")), number(value), const("True.intro"))

    first, second = Projection("Exists", 0, Bound(1)), Projection("Exists", 0, Bound(0))
    same = theorem(pi(exists, exists, to=equal(first, second)), fun(exists, exists, to=refl(first)), name="helper.same")
    target = theorem(LIE, app(const("helper.same"), witnessed(1), witnessed(2)))
    assert rejected(gate.check(text_theorem(), export(same, target), stated(LIE))) is Check.KERNEL


def test_a_term_as_deep_as_the_reader_lets_through_is_decided(gate: Gate) -> None:
    def tower(height: int) -> Expression:
        node: Expression = const("Nat.zero")
        for _ in range(height):
            node = app("Nat.succ", node)
        return node

    height = MAX_DEPTH - 10
    statement = equal(tower(height), tower(height))
    verdict = gate.check(text_theorem(), export(theorem(statement, refl(tower(height)))), stated(statement))
    assert isinstance(verdict, Certificate), verdict
    lie = equal(tower(height), tower(height - 1))
    verdict = gate.check(text_theorem(), export(theorem(lie, refl(tower(height)))), stated(lie))
    assert rejected(verdict) is Check.KERNEL
