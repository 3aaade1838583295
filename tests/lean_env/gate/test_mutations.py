"""Damaged exports: a proof of the same statement or refused, and never of a false one."""

from __future__ import annotations

import random
from dataclasses import replace

from handmade import (
    FALSE,
    HONEST,
    LIE,
    NAT,
    PROP,
    app,
    equal,
    pi,
    stated,
    text_theorem,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutation import mutate
from term_mutation import mutate_terms

from lean_env.embedded.installation import Installation
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.proof_term import ProofTerm
from lean_env.library.expression import (
    Bound,
    expression_hash,
)
from lean_env.library.index import Library
from lean_env.library.ndjson import read_declarations
from lean_env.library.ndjson_writer import write_declarations
from tests.fresh import Acceptances

FALSE_STATEMENTS = {
    "1 = 2": LIE,
    "False": FALSE,
    "every proposition": pi(PROP, to=Bound(0)),
    "addition is a projection": pi(NAT, NAT, to=equal(app("Nat.add", Bound(1), Bound(0)), Bound(1))),
}


def test_a_mutated_proof_is_a_proof_of_the_same_statement_or_refused(
    gate: Gate, installation: Installation, library: Library
) -> None:
    """And what is accepted is accepted again in our own spelling, and by processes that saw no mutant."""
    accepted = Acceptances()

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(sorted(HONEST)), st.randoms(use_true_random=False), st.integers(1, 3))
    def mutants(name: str, rng: random.Random, times: int) -> None:
        statement, text, levels = HONEST[name]
        changed = mutate(text, rng, times)
        verdict = gate.check(text_theorem(), changed, stated(statement, *levels))
        if isinstance(verdict, Certificate):
            assert verdict.statement_hash == expression_hash(statement, levels)
            again = gate.check(text_theorem(), ProofTerm.read(changed).kernel_ndjson(), stated(statement, *levels))
            assert isinstance(again, Certificate)
            assert again.proof_hash == verdict.proof_hash
            accepted.add(text_theorem(), changed, stated(statement, *levels), verdict)

    mutants()
    assert accepted.decide_again(installation, library)


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


def test_a_mutated_term_is_a_proof_of_the_same_statement_or_refused(
    gate: Gate, installation: Installation, library: Library
) -> None:
    """Changed subterms, numerals and constants; what is accepted is accepted again by processes that saw no mutant."""
    accepted = Acceptances()

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(sorted(HONEST)), st.randoms(use_true_random=False), st.integers(1, 3))
    def mutants(name: str, rng: random.Random, times: int) -> None:
        statement, text, levels = HONEST[name]
        changed = write_declarations(mutate_terms(read_declarations(text), rng, times))
        verdict = gate.check(text_theorem(), changed, stated(statement, *levels))
        if isinstance(verdict, Certificate):
            assert verdict.statement_hash == expression_hash(statement, levels)
            accepted.add(text_theorem(), changed, stated(statement, *levels), verdict)

    mutants()
    assert accepted.decide_again(installation, library) >= 2 * len(HONEST)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(sorted(HONEST)),
    st.sampled_from(sorted(FALSE_STATEMENTS)),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_no_mutated_term_proves_a_false_statement(
    gate: Gate, name: str, lie: str, rng: random.Random, times: int
) -> None:
    _, text, levels = HONEST[name]
    *auxiliaries, target = read_declarations(text)
    changed = mutate_terms([*auxiliaries, replace(target, type=FALSE_STATEMENTS[lie])], rng, times)
    verdict = gate.check(text_theorem(), write_declarations(changed), stated(FALSE_STATEMENTS[lie], *levels))
    assert isinstance(verdict, Rejection)
