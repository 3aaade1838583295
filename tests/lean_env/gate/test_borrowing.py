"""A lemma that was proved before, lent to another theorem: what a worker makes of it, what the gate decides about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, Check, Rejection
from lean_env.gate.gate import Gate
from lean_env.lemmas import Lemma, Lemmas
from lean_env.library.index import Library
from lean_env.library.ndjson import read_declarations
from lean_env.library.ndjson_writer import write_declarations
from lean_env.session.borrowing import Borrowing, borrowing
from lean_env.session.leandojo import DojoInitError
from lean_env.session.replay import ReplayFailed, replay
from lean_env.theorem import Environment, Header, Theorem

LEMMA = load_lean_core().theorem("BitVec.ofFin_toFin")
THEOREM = load_lean_core().theorem("BitVec.eq_of_toFin_eq")
TACTICS = ["intros", "cases x <;> simp_all"]


@pytest.fixture(scope="module")
def lemma(pool: WorkerPool, library: Library) -> Lemma:
    """With the mark that the library gives it."""
    own = borrowing(LEMMA.name, replay(pool, LEMMA, ["intros", "rfl"]).proof_ndjson, None).own
    mark = library.simp_marks(LEMMA.module or "")[LEMMA.name]
    return Lemma(LEMMA.name, LEMMA.module or "", LEMMA.statement, own, (), f"attribute [local {mark}] {LEMMA.name}", 7)


def lent(*lemmas: Lemma) -> Theorem:
    """The theorem with these lemmas."""
    return replace(THEOREM, environment=replace(THEOREM.environment, lemmas=Lemmas(lemmas)))


def proved(pool: WorkerPool, *lemmas: Lemma, tactics: list[str] = TACTICS) -> Borrowing:
    theorem = lent(*lemmas)
    return borrowing(theorem.name, replay(pool, theorem, tactics).proof_ndjson, theorem.environment.lemmas)


def test_the_gate_decides_over_the_imports_alone(pool: WorkerPool, gate: Gate, lemma: Lemma) -> None:
    borrowed = proved(pool, lemma)
    assert borrowed.closure == borrowed.lemmas == (lemma,)
    verdict = gate.check(THEOREM, borrowed.whole)
    assert isinstance(verdict, Certificate)
    assert LEMMA.name in verdict.auxiliaries
    # Its own part is no proof: it does not hold the lemma.
    target = write_declarations(read_declarations(borrowed.own), {THEOREM.name: "flywheel.target"})
    verdict = gate.check(THEOREM, target)
    assert isinstance(verdict, Rejection) and verdict.check is Check.CONSTANTS


def test_a_simp_lemma_needs_its_mark(pool: WorkerPool, library: Library) -> None:
    about = load_lean_core().theorem("Vector.contains_mk")
    mark = f"attribute [local {library.simp_marks('Init.Data.Vector.Lemmas')[about.name]}] {about.name}"
    own = borrowing(about.name, replay(pool, about, ["intros", "rfl"]).proof_ndjson, None).own
    marked = Lemma(about.name, "Init.Data.Vector.Lemmas", about.statement, own, (), mark)
    theorem = load_lean_core().theorem("Vector.contains_empty")

    def proves(*lemmas: Lemma) -> bool:
        environment = replace(theorem.environment, lemmas=Lemmas(lemmas) if lemmas else None)
        try:
            return bool(replay(pool, replace(theorem, environment=environment), ["intros", "simp"]))
        except ReplayFailed:
            return False

    assert [proves(), proves(replace(marked, mark="")), proves(marked)] == [False, False, True]


def test_binders_stay_what_they_are(pool: WorkerPool, lemma: Lemma) -> None:
    """`{w : Nat}` of the lemma is implicit: it is applied to `x` alone."""
    assert proved(pool, lemma, tactics=["intros", "have := BitVec.ofFin_toFin x", *TACTICS[1:]]).lemmas == (lemma,)


def test_a_lemma_on_a_lemma(pool: WorkerPool, gate: Gate, lemma: Lemma) -> None:
    """The second one's own part does not repeat the first; the whole has both, each once."""
    first = proved(pool, lemma)
    second = Lemma(THEOREM.name, THEOREM.module or "", THEOREM.statement, first.own, (lemma.name,))
    top = load_lean_core().theorem("BitVec.toFin_inj")
    theorem = replace(top, environment=replace(top.environment, lemmas=Lemmas((lemma, second))))
    tactics = ["intros", "constructor", "apply BitVec.eq_of_toFin_eq", "intro h", "rw [h]"]
    borrowed = borrowing(top.name, replay(pool, theorem, tactics).proof_ndjson, theorem.environment.lemmas)
    assert borrowed.lemmas == (second,)
    assert borrowed.closure == (lemma, second)
    names = [declaration.name for declaration in read_declarations(borrowed.whole)]
    assert len(set(names)) == len(names) and {LEMMA.name, THEOREM.name} <= set(names)
    assert isinstance(gate.check(top, borrowed.whole), Certificate)


def test_a_false_lemma_is_refused_by_the_worker_and_by_the_gate(pool: WorkerPool, gate: Gate, lemma: Lemma) -> None:
    """Its term is another theorem's: the worker does not add it, and a proof that brings it is rejected."""
    (other,) = read_declarations(lemma.term)
    wrong = replace(other, value=other.type)
    false = replace(lemma, term=write_declarations([wrong], binders=True))
    with pytest.raises(DojoInitError, match="the kernel does not take"):
        replay(pool, lent(false), TACTICS)
    exported = replay(pool, lent(lemma), TACTICS).proof_ndjson
    brought = borrowing(THEOREM.name, exported, Lemmas((false,)))
    verdict = gate.check(THEOREM, brought.whole)
    assert isinstance(verdict, Rejection) and verdict.check is Check.KERNEL


def test_the_key_tells_lemmas_apart(lemma: Lemma) -> None:
    with_it, without = lent(lemma).environment, THEOREM.environment
    assert with_it.key != without.key == with_it.modules.key
    assert lent(replace(lemma, mark="")).environment.key != with_it.key
    assert lent(lemma).environment == with_it and hash(lent(lemma).environment) == hash(with_it)
    with pytest.raises(ValueError, match="no header"):
        Environment(("Init",), Header("def a := 1"), Lemmas((lemma,)))
