"""What the second kernel says about proofs: honest ones, tampered ones, and those that it cannot decide."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
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
    text_theorem,
    theorem,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutation import mutate

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.axioms import FORBIDDEN_CONSTANTS
from lean_env.gate.certificate import KernelVerdict
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.second_kernel.client import KernelLimits, SecondKernel
from lean_env.library.expression import Bound, Expression, Let, Literal, Projection, Sort, Succ, Zero
from lean_env.library.index import Library
from lean_env.library.ndjson import NdjsonError
from lean_env.library.ndjson_writer import write_declarations
from lean_env.session.replay import replay
from lean_env.theorem import Environment, Theorem

ACCEPT, REJECT, DECLINED = KernelVerdict.ACCEPT, KernelVerdict.REJECT, KernelVerdict.DECLINED
ONCE = ("u",)


def library_theorem(library: Library, name: str) -> Theorem:
    constant = library.constant(name)
    assert constant is not None
    return Theorem(name, "", library.strict_environment(constant.module), constant.module)


def check_text(
    second: SecondKernel, statement: Expression, proof: str, *levels: str, environment: Environment | None = None
) -> tuple[KernelVerdict, str]:
    goal = text_theorem() if environment is None else text_theorem(environment)
    return second.check(goal, statement, levels, ProofTerm.read(proof))


def check_library(second: SecondKernel, library: Library, goal: Theorem, proof: str) -> tuple[KernelVerdict, str]:
    stored = library.declaration(goal.name, goal.module)
    return second.check(goal, stored.type, stored.level_params, ProofTerm.read(proof))


# ---- honest proofs ----

TWO = definition("helper.two", NAT, number(2))
SAME = theorem(equal(const("helper.two"), number(2)), refl(number(2)), name="helper.same")
USES_BOTH = theorem(
    equal(number(2), number(2)), app(const("id", Zero()), equal(const("helper.two"), number(2)), const("helper.same"))
)
BIG = 10**60
HONEST: dict[str, tuple[Expression, str, tuple[str, ...]]] = {
    "identity": (IDENTITY, export(theorem(IDENTITY, IDENTITY_PROOF)), ()),
    "a universe": (REFLEXIVITY, export(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u")), ONCE),
    "auxiliaries": (equal(number(2), number(2)), export(TWO, SAME, USES_BOTH), ()),
    "a citation": (ADD_COMM, export(theorem(ADD_COMM, const("Nat.add_comm"))), ()),
    "big numbers": (
        equal(app("Nat.mul", number(BIG), number(BIG)), number(BIG**2)),
        export(theorem(equal(app("Nat.mul", number(BIG), number(BIG)), number(BIG**2)), refl(number(BIG**2)))),
        (),
    ),
    "text": (
        equal(app("String.length", Literal("äbc")), number(3)),
        export(theorem(equal(app("String.length", Literal("äbc")), number(3)), refl(number(3)))),
        (),
    ),
    "a let": (
        equal(number(2), number(2)),
        export(theorem(equal(number(2), number(2)), Let("x", NAT, number(2), refl(Bound(0))))),
        (),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_proofs_by_hand(second: SecondKernel, name: str) -> None:
    statement, proof, levels = HONEST[name]
    assert check_text(second, statement, proof, *levels) == (ACCEPT, "")


def test_universes_count_by_position(second: SecondKernel) -> None:
    """The statement calls its universe `u`, the proof calls it `w`, an auxiliary has a `u` of its own."""
    lemma = theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u", name="helper.lemma")
    w = replace(U, name="w")
    statement_in_w = pi(Sort(w), Bound(0), to=equal(Bound(0), Bound(0), Bound(1), w))
    proof = export(lemma, theorem(statement_in_w, const("helper.lemma", w), "w"))
    assert check_text(second, REFLEXIVITY, proof, *ONCE) == (ACCEPT, "")


def test_a_library_theorem(second: SecondKernel, library: Library) -> None:
    goal = library_theorem(library, "Function.comp_apply")
    stored = library.declaration(goal.name, goal.module)
    proof = export(theorem(stored.type, by_refl(stored.type), *stored.level_params))
    assert check_library(second, library, goal, proof) == (ACCEPT, "")


TACTICS = {
    "omega": ("(a b : Nat) (h : a < b) : a + 1 ≤ b ∧ 2 * a < 2 * b", ["omega"]),
    "simp": (
        "{α β : Type} (f : α → β) (l m : List α) : (l ++ m).map f = l.map f ++ m.map f",
        ["simp"],
    ),
    "grind": ("(a b c : Int) (h : a = b) (k : b = c) : a + c = c + b", ["grind"]),
    "decide": (": ∀ x y : Bool, (x && y) = (y && x)", ["decide"]),
    "induction": (
        "{α : Type} (l m : List α) : (l ++ m).length = m.length + l.length",
        ["induction l", "all_goals simp_all <;> omega"],
    ),
    "text": (': "abc" ++ "d" = "abcd"', ["decide"]),
}


@pytest.mark.parametrize("name", TACTICS)
def test_proofs_by_real_tactics(second: SecondKernel, pool: WorkerPool, name: str) -> None:
    text, tactics = TACTICS[name]
    goal = Theorem("t", text, INIT)
    done = replay(pool, goal, tactics)
    proof = ProofTerm.read(done.proof_ndjson)
    assert second.check(goal, proof.target.type, proof.target.level_params, proof) == (ACCEPT, "")


@pytest.mark.parametrize("name", ["let_congr", "let_val_congr"])
def test_library_theorems_about_let_and_have(
    second: SecondKernel, library: Library, pool: WorkerPool, name: str
) -> None:
    goal = library_theorem(library, name)
    tactics = ["intros", "subst_vars", "first | rfl | (exact congrFun (funext (by assumption)) _)"]
    done = replay(pool, goal, tactics)
    assert '"nondep":true' in done.proof_ndjson
    assert check_library(second, library, goal, done.proof_ndjson) == (ACCEPT, "")


# ---- what the front refuses ----


def test_another_statements_proof(second: SecondKernel, library: Library) -> None:
    proof = export(theorem(IDENTITY, IDENTITY_PROOF))
    assert check_text(second, LIE, proof)[0] is REJECT
    goal = library_theorem(library, "Function.comp_apply")
    assert check_library(second, library, goal, proof)[0] is REJECT


def test_a_constant_outside_the_closure(second: SecondKernel, library: Library) -> None:
    """All of Init is in the kernel's image, the theorem itself included: the kernel alone would be content."""
    goal = library_theorem(library, "Nat.add_comm")
    stored = library.declaration(goal.name, goal.module)
    itself = export(theorem(stored.type, const(goal.name)))
    verdict, reason = check_library(second, library, goal, itself)
    assert verdict is REJECT and "neither visible" in reason
    verdict, reason = check_text(second, stored.type, itself, environment=goal.environment)
    assert verdict is REJECT and "neither visible" in reason
    assert check_text(second, stored.type, itself) == (ACCEPT, ""), "where it is visible it may be cited"


def test_an_environment_that_holds_the_theorem(second: SecondKernel, library: Library) -> None:
    goal = replace(library_theorem(library, "Nat.add_comm"), environment=Environment(("Init",)))
    stored = library.declaration(goal.name, goal.module)
    verdict, reason = check_library(second, library, goal, export(theorem(stored.type, const(goal.name))))
    assert verdict is REJECT and "own module" in reason


@pytest.mark.parametrize("name", sorted(FORBIDDEN_CONSTANTS))
def test_forbidden_constants(second: SecondKernel, library: Library, name: str) -> None:
    levels = [Succ(Zero()) for _ in library.declaration(name).level_params]
    mention = app(fun(PROP, to=IDENTITY_PROOF), pi(equal(const(name, *levels), const(name, *levels)), to=PROP))
    verdict, reason = check_text(second, IDENTITY, export(theorem(IDENTITY, mention)))
    assert verdict is REJECT and "may not be used" in reason


def test_sorry_in_the_proof_or_in_an_auxiliary(second: SecondKernel) -> None:
    sorry = app(const("sorryAx", Zero()), LIE, const("Bool.true"))
    helper = theorem(LIE, sorry, name="helper.bad")
    for proof in (export(theorem(LIE, sorry)), export(helper, theorem(LIE, const("helper.bad")))):
        verdict, reason = check_text(second, LIE, proof)
        assert verdict is REJECT and "sorryAx" in reason


def test_a_new_axiom_never_gets_this_far(second: SecondKernel) -> None:
    *head, target = [json.loads(line) for line in export(theorem(LIE, const("helper.bad"))).splitlines()]
    (name,) = [record["in"] for record in head if record.get("str", {}).get("str") == "bad"]
    axiom = {"name": name, "levelParams": [], "type": target["thm"]["type"], "isUnsafe": False}
    with pytest.raises(NdjsonError):
        ProofTerm.read("".join(json.dumps(record) + "\n" for record in [*head, {"axiom": axiom}, target]))
    verdict, reason = check_text(second, LIE, export(theorem(LIE, const("helper.bad"))))
    assert verdict is REJECT and "helper.bad" in reason


@pytest.mark.parametrize("name", ["unsafeCast", "Nat.add._unsafe_rec"])
def test_unsafe_constants(second: SecondKernel, library: Library, name: str) -> None:
    levels = [ONE for _ in library.declaration(name).level_params]
    mention = app(fun(PROP, to=IDENTITY_PROOF), pi(equal(const(name, *levels), const(name, *levels)), to=PROP))
    verdict, reason = check_text(second, IDENTITY, export(theorem(IDENTITY, mention)))
    assert verdict is REJECT and "unsafe" in reason


# ---- what the kernel refuses ----

TAMPERED = {
    "a swapped constant": (ADD_COMM, const("Nat.mul_comm")),
    "a changed literal": (
        equal(app("Nat.mul", number(BIG), number(BIG)), number(BIG**2 - 1)),
        refl(number(BIG**2 - 1)),
    ),
    "a changed text": (equal(app("String.length", Literal("abcd")), number(3)), refl(number(3))),
    "a shifted variable": (IDENTITY, fun(PROP, Bound(0), to=Bound(1))),
    "swapped sides": (LIE, refl(number(2))),
    "the wrong universe": (equal(number(1), number(1)), refl(number(1), level=Zero())),
    "too few universes": (equal(number(1), number(1)), app(const("Eq.refl"), NAT, number(1))),
    "too many universes": (equal(number(1), number(1)), app(const("Eq.refl", ONE, ONE), NAT, number(1))),
    "an argument of the wrong type": (LIE, app(const("Nat.le_refl"), const("True.intro"))),
    "a function that is none": (LIE, app(number(1), number(2))),
    "a projection beyond the structure": (LIE, Projection("And", 7, const("True.intro"))),
    "a projection of another structure": (LIE, Projection("And", 0, const("True.intro"))),
    "a let that hides the type": (LIE, Let("x", LIE, refl(number(1)), Bound(0))),
    "a have that hides the type": (LIE, Let("x", LIE, refl(number(1)), Bound(0), True)),
    "the proof of an implication": (FALSE, fun(FALSE, to=Bound(0))),
    "a statement that is no proposition": (NAT, number(1)),
    "a statement that is a universe": (Sort(ONE), NAT),
}


@pytest.mark.parametrize(("statement", "value"), TAMPERED.values(), ids=TAMPERED)
def test_tampered_terms(second: SecondKernel, statement: Expression, value: Expression) -> None:
    verdict, reason = check_text(second, statement, export(theorem(statement, value)))
    assert verdict is REJECT and reason


def test_an_auxiliary_that_lies(second: SecondKernel) -> None:
    lie = theorem(LIE, refl(number(1)), name="helper.lie")
    assert check_text(second, LIE, export(lie, theorem(LIE, const("helper.lie"))))[0] is REJECT
    three = definition("helper.two", NAT, number(3))
    assert check_text(second, equal(number(2), number(2)), export(three, SAME, USES_BOTH))[0] is REJECT


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(sorted(HONEST)),
    st.sampled_from([LIE, FALSE, pi(PROP, to=Bound(0))]),
    st.randoms(use_true_random=False),
    st.integers(0, 3),
)
def test_no_mutation_proves_a_false_statement(
    second: SecondKernel, name: str, lie: Expression, rng: random.Random, times: int
) -> None:
    """The honest proof under the false statement's type, then mutated."""
    _, text, levels = HONEST[name]
    honest = ProofTerm.read(text)
    changed = mutate(write_declarations([*honest.auxiliaries, replace(honest.target, type=lie)]), rng, times)
    try:
        proof = ProofTerm.read(changed)
    except NdjsonError:
        return
    assert second.check(text_theorem(), lie, levels, proof)[0] is not ACCEPT


# ---- what it cannot decide ----


@pytest.fixture
def hasty(imaged: Installation, library: Library) -> SecondKernel:
    kernel = SecondKernel.open(imaged, library, KernelLimits(wall_s=0.5, cpu_s=10))
    assert isinstance(kernel, SecondKernel)
    with kernel:
        yield kernel


def long_list(length: int) -> Expression:
    """The length of a list of so many ones, computed one by one."""
    ones = app(const("List.replicate", Zero()), NAT, number(length), number(1))
    return equal(app(const("List.length", Zero()), NAT, ones), number(length))


def test_the_clock_ends_a_check_and_nothing_else(hasty: SecondKernel) -> None:
    statement = long_list(1_000_000)
    verdict, reason = check_text(hasty, statement, export(theorem(statement, refl(number(1_000_000)))))
    assert (verdict, reason) == (DECLINED, "no verdict within 0.5 s")
    assert check_text(hasty, *HONEST["identity"][:2]) == (ACCEPT, "")


@pytest.mark.parametrize(
    ("limits", "hint"),
    [(KernelLimits(cpu_s=1), "SIGXCPU"), (KernelLimits(memory_mb=1), "its process ended")],
    ids=["processor time", "memory"],
)
def test_other_limits(imaged: Installation, library: Library, limits: KernelLimits, hint: str) -> None:
    kernel = SecondKernel.open(imaged, library, limits)
    assert isinstance(kernel, SecondKernel)
    statement = long_list(100_000)
    with kernel:
        verdict, reason = check_text(kernel, statement, export(theorem(statement, refl(number(100_000)))))
        assert verdict is DECLINED and hint in reason
        assert check_text(kernel, *HONEST["identity"][:2])[0] in (ACCEPT, DECLINED)


UNDECIDABLE: dict[str, Callable[[], tuple[Expression, Expression]]] = {
    "deep recursion": lambda: (
        equal(app(const("Nat.rec", ONE), fun(NAT, to=NAT), number(0), SUCCESSOR, number(10**6)), number(10**6)),
        refl(number(10**6)),
    ),
    "a number too large": lambda: (
        equal(app("Nat.pow", number(2), number(2**40)), number(7)),
        refl(app("Nat.pow", number(2), number(2**40))),
    ),
    "a constant that the image lacks": lambda: (
        IDENTITY,
        app(fun(PROP, to=IDENTITY_PROOF), pi(app("IO.Promise", NAT), to=PROP)),
    ),
}
SUCCESSOR = fun(NAT, NAT, to=app("Nat.succ", Bound(0)))


@pytest.mark.parametrize("name", UNDECIDABLE)
def test_what_it_cannot_decide_it_declines(second: SecondKernel, name: str) -> None:
    statement, value = UNDECIDABLE[name]()
    verdict, reason = check_text(second, statement, export(theorem(statement, value)))
    assert verdict is DECLINED and reason


# ---- together ----


def test_threads_share_it(second: SecondKernel) -> None:
    jobs = [(statement, proof, levels) for statement, proof, levels in HONEST.values()]
    jobs += [(s, export(theorem(s, value)), ()) for s, value in TAMPERED.values()]

    def verdict(job: tuple[Expression, str, tuple[str, ...]]) -> KernelVerdict:
        statement, proof, levels = job
        return check_text(second, statement, proof, *levels)[0]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(verdict, jobs * 3))
    assert together == [ACCEPT if i < len(HONEST) else REJECT for i in range(len(jobs))] * 3


def test_it_counts(imaged: Installation, library: Library) -> None:
    kernel = SecondKernel.open(imaged, library)
    assert isinstance(kernel, SecondKernel)
    with kernel:
        check_text(kernel, *HONEST["identity"][:2])
        check_text(kernel, LIE, HONEST["identity"][1])
        counters = kernel.counters
    assert counters.verdicts == {ACCEPT: 1, REJECT: 1} and counters.seconds > 0
    with pytest.raises(ValueError, match="closed"):
        check_text(kernel, *HONEST["identity"][:2])
