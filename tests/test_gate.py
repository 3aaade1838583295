"""The gate against a worker that lies: everything that could be in an export, without any elaboration.

The terms are written by hand, so each test says exactly what is wrong with its proof; what real tactics and real
attacks do to the gate is in tests/attacks.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from handmade import (
    ADD_COMM,
    FALSE,
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutation import mutate

from lean_env.axioms import ALLOWED_AXIOMS, FORBIDDEN_CONSTANTS
from lean_env.certificate import Certificate, Check, KernelVerdict, Rejection
from lean_env.embedded.install import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused, RefusalKind
from lean_env.gate import Gate
from lean_env.library.expression import (
    Bound,
    Expression,
    ForAll,
    Let,
    Literal,
    Param,
    Projection,
    Sort,
    Succ,
    Zero,
    expression_hash,
)
from lean_env.library.index import Library
from lean_env.library.ndjson import MAX_DEPTH
from lean_env.library.ndjson_writer import write_declarations, write_expression
from lean_env.proof_term import TARGET, ProofTerm
from lean_env.second_kernel.client import SecondKernel
from lean_env.statement import StatedText
from lean_env.theorem import Environment, Theorem


@pytest.fixture(scope="session")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="module")
def deciders(installation: Installation) -> Iterator[WorkerPool]:
    with WorkerPool(installation, 1, role="decide", spares=0) as pool:
        yield pool


@pytest.fixture(scope="module")
def gate(library: Library, deciders: WorkerPool, second: SecondKernel) -> Gate:
    """With both kernels: wherever they disagree about a proof of these tests, KernelsDisagree fails the test."""
    return Gate(library, deciders, second)


def library_theorem(library: Library, name: str) -> Theorem:
    constant = library.constant(name)
    assert constant is not None
    return Theorem(name, "", library.strict_environment(constant.module), constant.module)


def rejected(verdict: Certificate | Rejection) -> Check:
    assert isinstance(verdict, Rejection), verdict
    return verdict.check


# ---- what is accepted ----


def test_the_certificate_of_a_proof_by_hand(gate: Gate, library: Library) -> None:
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), stated(IDENTITY))
    assert isinstance(verdict, Certificate)
    assert verdict.statement_hash == expression_hash(IDENTITY, ())
    assert verdict.environment_digest == library.environment_digest(INIT)
    assert verdict.axioms == () and verdict.auxiliaries == ()
    assert verdict.kernels == {"embedded-4.28": (KernelVerdict.ACCEPT, ""), "second": (KernelVerdict.ACCEPT, "")}
    assert re.fullmatch(
        r"2 on Lean 4\.28\.0-pre \(38f3c0c4\w+\), then Lean 4\.35\.0 \(eb6cafb7\w+\)", verdict.gate_version
    )


def test_the_checks_come_in_the_order_of_the_certificates_fields() -> None:
    fields = ["statement_hash", "proof_hash", "auxiliaries", "environment_digest", "axioms", "kernels", "gate_version"]
    assert list(Certificate.__dataclass_fields__) == fields
    assert list(Check) == ["statement", "term", "type", "constants", "axioms", "kernel"]


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


# ---- auxiliary constants ----

TWO = definition("helper.two", NAT, number(2))
SAME = theorem(equal(const("helper.two"), number(2)), refl(number(2)), name="helper.same")
USES_BOTH = theorem(
    equal(number(2), number(2)), app(const("id", Zero()), equal(const("helper.two"), number(2)), const("helper.same"))
)
SPARE = theorem(IDENTITY, IDENTITY_PROOF, name="helper.spare")
TWO_IS_TWO = stated(equal(number(2), number(2)))


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


# ---- lies about the statement ----


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


# ---- lies in the term ----


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


# ---- what may be cited ----


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


# ---- lies that only a kernel sees ----

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


# ---- what is wrong with the theorem itself ----


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
    verdict = gate.check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), StatedText(text, ()))
    assert rejected(verdict) is Check.STATEMENT


def test_a_text_theorem_needs_its_statement_and_a_library_theorem_takes_none(gate: Gate, library: Library) -> None:
    proof = export(theorem(IDENTITY, IDENTITY_PROOF))
    with pytest.raises(ValueError, match="StatedText"):
        gate.check(text_theorem(), proof)
    with pytest.raises(ValueError, match="StatedText"):
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


# ---- mutations ----

HONEST = {
    "identity": (IDENTITY, export(theorem(IDENTITY, IDENTITY_PROOF)), ()),
    "reflexivity": (REFLEXIVITY, export(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u")), ("u",)),
    "auxiliaries": (equal(number(2), number(2)), export(TWO, SAME, USES_BOTH), ()),
    "citation": (
        ADD_COMM,
        export(theorem(ADD_COMM, const("Nat.add_comm"))),
        (),
    ),
}
FALSE_STATEMENTS = {
    "1 = 2": LIE,
    "False": FALSE,
    "every proposition": pi(PROP, to=Bound(0)),
    "addition is a projection": pi(NAT, NAT, to=equal(app("Nat.add", Bound(1), Bound(0)), Bound(1))),
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(HONEST)), st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_mutated_proof_is_a_proof_of_the_same_statement_or_refused(
    gate: Gate, name: str, rng: random.Random, times: int
) -> None:
    statement, text, levels = HONEST[name]
    changed = mutate(text, rng, times)
    verdict = gate.check(text_theorem(), changed, stated(statement, *levels))
    if isinstance(verdict, Certificate):
        assert verdict.statement_hash == expression_hash(statement, levels)
        again = gate.check(text_theorem(), ProofTerm.read(changed).kernel_ndjson(), stated(statement, *levels))
        assert isinstance(again, Certificate)
        assert again.proof_hash == verdict.proof_hash


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(sorted(HONEST)),
    st.sampled_from(sorted(FALSE_STATEMENTS)),
    st.randoms(use_true_random=False),
    st.integers(0, 3),
)
def test_no_mutation_proves_a_false_statement(gate: Gate, name: str, lie: str, rng: random.Random, times: int) -> None:
    """The honest proof under the false statement's type, then mutated: the type check has nothing to complain of."""
    _, text, levels = HONEST[name]
    declarations = [*ProofTerm.read(text).auxiliaries, ProofTerm.read(text).target]
    declarations[-1] = replace(declarations[-1], type=FALSE_STATEMENTS[lie])
    changed = mutate(write_declarations(declarations), rng, times)
    verdict = gate.check(text_theorem(), changed, stated(FALSE_STATEMENTS[lie], *levels))
    assert isinstance(verdict, Rejection)
