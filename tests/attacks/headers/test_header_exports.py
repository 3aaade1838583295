"""Headers as a corrupted stater could send them (`by_hand.py`): what reader, gate and each kernel make of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from by_hand import ANYTHING, CASES, ENUM, ENVIRONMENT, TYPE, Case, group, inductive
from handmade import NAT, ONE, app, const, definition, equal, export, number, refl, text_theorem, theorem

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate, HeaderRefused
from lean_env.gate.header_term import HeaderTerm
from lean_env.gate.second_kernel.client import NoSecondKernel
from lean_env.gate.statement import CleanStatement
from lean_env.library.expression import Succ, Zero
from lean_env.library.index import Library
from lean_env.library.inductive import Declared
from lean_env.library.ndjson import ExportedDeclaration, NdjsonError
from lean_env.library.ndjson_writer import write_declarations, write_expression
from lean_env.library.olean import Kind


def stated(it: Case) -> CleanStatement:
    header = it.header if isinstance(it.header, str) else write_declarations(it.header)
    return CleanStatement(write_expression(it.statement), it.levels, header)


@pytest.mark.parametrize("it", [pytest.param(it, id=it.name) for it in CASES])
def test_header_by_hand(it: Case, gate: Gate) -> None:
    goal, claim = text_theorem(ENVIRONMENT), stated(it)
    proof = export(*it.auxiliaries, theorem(it.statement, it.proof))
    verdict = gate.check(goal, proof, claim)
    kind, _, words = it.verdict.partition(": ")
    if kind == "refused":
        with pytest.raises(HeaderRefused) as refused:
            gate.check_header(ENVIRONMENT, claim.header_ndjson)
        assert str(refused.value).startswith(words), refused.value
        # Not every proof uses what is wrong; none that does is accepted.
        assert isinstance(verdict, Rejection) or it.statement is ANYTHING[0], verdict
        return
    gate.check_header(ENVIRONMENT, claim.header_ndjson)
    if kind == "accepted":
        assert isinstance(verdict, Certificate), verdict
        assert verdict.kernels["second"].verdict == "accept", verdict
    else:
        assert isinstance(verdict, Rejection) and verdict.check == kind, verdict


@pytest.fixture(scope="module")
def first_kernel_alone(installation: Installation, library: Library) -> Iterator[Gate]:
    with WorkerPool(installation, 1, role="decide", spares=0) as deciders:
        yield Gate(library, deciders, NoSecondKernel("left out"))


def test_the_first_kernel_alone_refuses_what_it_once_accepted(first_kernel_alone: Gate) -> None:
    """lean4#14576 where there is no second kernel: the scratch check is what refuses it."""
    (it,) = (it for it in CASES if it.name == "lean4#14576: an ill-typed nested parameter")
    with pytest.raises(HeaderRefused, match="appTypeMismatch in the types of"):
        first_kernel_alone.check_header(ENVIRONMENT, stated(it).header_ndjson)
    verdict = first_kernel_alone.check(text_theorem(ENVIRONMENT), export(theorem(it.statement, it.proof)), stated(it))
    assert isinstance(verdict, Rejection) and verdict.check == "kernel"


def test_a_header_and_its_declarations_go_together(gate: Gate) -> None:
    statement, proof = ANYTHING
    offered = export(theorem(statement, proof))
    bare = CleanStatement(write_expression(statement), ())
    with_header = CleanStatement(write_expression(statement), (), write_declarations([ENUM]))
    for goal, claim in ((text_theorem(ENVIRONMENT), bare), (text_theorem(), with_header)):
        verdict = gate.check(goal, offered, claim)
        assert isinstance(verdict, Rejection) and verdict.check == "header"


def header_of(*declarations: Declared) -> HeaderTerm:
    return HeaderTerm.read(write_declarations(declarations))


def test_what_a_statement_says_is_what_its_header_says() -> None:
    """Another body is another statement, a renamed definition is the same, and no two types are one."""

    def about(name: str, *declarations: Declared) -> str:
        return header_of(*declarations).statement_hash(equal(const(name), number(1)), ())

    one, two = definition("f", NAT, number(1)), definition("f", NAT, number(2))
    assert about("f", one) != about("f", two)
    assert about("f", one) == about("g", definition("g", NAT, number(1)))
    assert about("f", one) == about("f", definition("unused", NAT, number(3)), one)
    twins = [group(inductive(name, TYPE, a=const(name), b=const(name))) for name in ("E1", "E2")]
    level = Succ(ONE)
    hashes = {
        header_of(*twins).statement_hash(equal(const("E1"), const(right), TYPE, level), ()) for right in ("E1", "E2")
    }
    assert len(hashes) == 2
    # A lemma counts by what it says, an opaque also by its name.
    said = equal(number(1), number(1))
    lemmas = [
        theorem(said, value, name="l") for value in (refl(number(1)), app(const("id", Zero()), said, refl(number(1))))
    ]
    claim = equal(const("l"), const("l"), said, Zero())
    assert len({header_of(lemma).statement_hash(claim, ()) for lemma in lemmas}) == 1
    opaques = [ExportedDeclaration(Kind.OPAQUE, name, (), NAT, number(1)) for name in ("o", "p")]
    assert len({header_of(o).statement_hash(equal(const(o.name), number(1)), ()) for o in opaques}) == 2


def test_an_empty_header_is_no_header_to_the_hash() -> None:
    with pytest.raises(NdjsonError):
        HeaderTerm.read("")
    bare = write_declarations([])
    assert HeaderTerm.read(bare).statement_hash(ANYTHING[0], ()) == HeaderTerm().statement_hash(ANYTHING[0], ())
