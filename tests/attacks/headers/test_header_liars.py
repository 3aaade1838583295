"""Staters that lie, headers that two processes understand differently, and damaged headers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from arena import LIMITS
from handmade import (
    NAT,
    ONE,
    app,
    const,
    definition,
    enumeration,
    equal,
    export,
    fun,
    number,
    polymorphic_tree,
    refl,
    text_theorem,
    theorem,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutation import mutate
from term_mutation import mutate_terms

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.header_term import HeaderTerm
from lean_env.gate.statement import CleanStatement
from lean_env.library.header_ndjson import read_header
from lean_env.library.ndjson import ExportedDeclaration, NdjsonError
from lean_env.library.ndjson_writer import write_declarations, write_expression
from lean_env.session.replay import replay
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Environment, Header, Theorem

ENVIRONMENT = Environment(("Init",), Header("def f (n : Nat) : Nat := n + 1\n"))
GOAL = Theorem("liar", "(n : Nat) : f n = n + 1", ENVIRONMENT)


class OtherHeader(WorkerPool):
    """Real workers that are told another header than they are asked for: as if elaboration were no function."""

    def __init__(self, installation: Installation, text: str) -> None:
        super().__init__(installation, 1, LIMITS, spares=0)
        self._text = text

    @contextmanager
    def lease(self, environment: Environment) -> Iterator[Worker]:
        with super().lease(environment) as worker:
            honest = worker.request

            def told(op: str, **fields: Any) -> dict[str, Any]:
                if "header" in fields:
                    fields["header"] = {**fields["header"], "text": self._text}
                return honest(op, **fields)

            worker.request = told  # type: ignore[method-assign]
            try:
                yield worker
            finally:
                worker.request = honest  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "other",
    [
        "def f (n : Nat) : Nat := n + 2\n",  # another body
        "def f (n : Nat) : Nat := n + 1\ndef g : Nat := 1\n",  # one more that nobody uses
        "abbrev f (n : Nat) : Nat := n + 1\n",  # the same to every kernel but for how eagerly it is unfolded
    ],
)
def test_two_elaborations_that_differ_make_no_statement(
    installation: Installation, clean_pool: WorkerPool, other: str
) -> None:
    with OtherHeader(installation, other) as pool, pytest.raises(StatementRefused, match="two processes"):
        state_text(clean_pool, GOAL, pool)


def test_one_process_is_no_witness_of_itself(clean_pool: WorkerPool) -> None:
    for pool in (None, clean_pool):
        with pytest.raises(ValueError, match="two processes"):
            state_text(clean_pool, GOAL, pool)


def test_a_proof_under_another_header_of_the_same_names(
    installation: Installation, clean_pool: WorkerPool, hostile_pool: WorkerPool, gate: Gate
) -> None:
    """A searcher that elaborated another `f` proves something else, under names that fit."""
    with WorkerPool(installation, 1, LIMITS, spares=0) as witnesses:
        stated = state_text(clean_pool, GOAL, witnesses)
    honest = replay(hostile_pool, GOAL, ["rfl"]).proof_ndjson
    assert isinstance(gate.check(GOAL, honest, stated), Certificate)
    other = Theorem("liar", "(n : Nat) : f n = n", Environment(("Init",), Header("def f (n : Nat) : Nat := n\n")))
    proof = replay(hostile_pool, other, ["rfl"]).proof_ndjson
    verdict = gate.check(GOAL, proof, stated)
    assert isinstance(verdict, Rejection) and verdict.check == "type"
    lying = replace(stated, expression_ndjson=replay(hostile_pool, other, ["rfl"]).statement.expression)  # type: ignore[union-attr]
    verdict = gate.check(GOAL, proof, lying)
    assert isinstance(verdict, Rejection) and verdict.check == "kernel"


#: Declarations, a statement that is false under them, and a "proof" of it that Lean's types do not exclude at once.
E = enumeration("E", 2)
LIES = {
    "two constructors are one": ([E], equal(const("E.c0"), const("E.c1"), const("E")), refl(const("E.c0"), const("E"))),
    "a definition is another number": (
        [definition("one", NAT, number(1)), polymorphic_tree("T")],
        equal(const("one"), number(2)),
        refl(const("one")),
    ),
    "by its recursor": (
        [
            E,
            definition(
                "tell",
                NAT,
                app(const("E.rec", ONE), fun(const("E"), to=NAT), number(1), number(2), const("E.c1")),
            ),
        ],
        equal(const("tell"), number(1)),
        refl(number(1)),
    ),
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(LIES)), st.randoms(use_true_random=False), st.integers(0, 3))
def test_no_damage_to_a_header_proves_what_is_false_under_it(
    gate: Gate, lie: str, rng: random.Random, times: int
) -> None:
    """The honest header's text is what counts; what a damaged one makes true is true of another header."""
    declarations, statement, proof = LIES[lie]
    text = write_declarations(declarations)
    damaged = mutate(text, rng, times) if rng.random() < 0.5 else _changed(text, rng, times)
    offered = export(theorem(statement, proof))
    verdict = gate.check(text_theorem(ENVIRONMENT), offered, CleanStatement(write_expression(statement), (), text))
    assert isinstance(verdict, Rejection), verdict
    verdict = gate.check(text_theorem(ENVIRONMENT), offered, CleanStatement(write_expression(statement), (), damaged))
    if isinstance(verdict, Certificate):
        # Then the damaged header says something else, and makes it true; never under the honest one's digest.
        assert verdict.header_digest != HeaderTerm.read(text).digest
        assert HeaderTerm.read(damaged).contents != HeaderTerm.read(text).contents


def _changed(text: str, rng: random.Random, times: int) -> str:
    """Terms changed in the definitions of a header."""
    declarations = read_header(text)
    terms = [one for one in declarations if isinstance(one, ExportedDeclaration)]
    changed = iter(mutate_terms(terms, rng, times)) if terms else iter([])
    return write_declarations([next(changed) if isinstance(one, ExportedDeclaration) else one for one in declarations])


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_reader_refuses_or_understands(rng: random.Random, times: int) -> None:
    """Nothing but NdjsonError comes out of it, and what it reads survives our own spelling."""
    text = mutate(write_declarations([E, polymorphic_tree("T"), definition("d", NAT, number(1))]), rng, times)
    try:
        header = HeaderTerm.read(text)
    except NdjsonError:
        return
    assert HeaderTerm.read(write_declarations(header.declarations)).contents == header.contents
