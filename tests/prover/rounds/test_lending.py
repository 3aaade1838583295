"""From a proof in one round to a lemma in the next: real Lean, both kernels, the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from corpus.library import lendable
from corpus.proof_list import list_proofs
from corpus.query import show_proof
from corpus.snapshot import take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.lemmas import MAX_LEMMA_BYTES
from lean_env.theorem import Theorem
from prover.actions.repertoire import LIBRARY
from prover.evaluation.evaluate import FixedTactics
from prover.lean import Lean
from prover.recheck import verify
from prover.rounds.attempt import Phase
from prover.rounds.lending import Lending, lending_of
from prover.rounds.plan import Plan, record_of
from prover.rounds.round import run_round
from prover.search.budget import Budget
from tests.begun import begin
from training.data.from_corpus import training_proofs

LEMMA, OTHER = "Vector.contains_mk", "Vector.findSome?_toArray"
BORROWER = "Vector.contains_empty"
CLASSES = {LEMMA: "one", OTHER: "two", BORROWER: "three"}


@pytest.fixture(scope="module")
def lean(imaged) -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


@pytest.fixture(scope="module")
def corpus(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """One round proves two lemmas by `rfl`; the next one, with what the first has proved, a theorem by `simp`."""
    with Corpus.open(str(tmp_path_factory.mktemp("home") / "corpus.db")) as corpus:
        records = [record_of(replace(load_lean_core().theorem(name), split="train")) for name in CLASSES]
        corpus.add_benchmark("few", "1", lean.library.digest, records, classes=CLASSES)
        search(corpus, lean, [LEMMA, OTHER], "rfl")
        lending = lending_of(corpus, take_snapshot(corpus).hash, lean.library, ["few"])
        search(corpus, lean, [BORROWER], "simp", lending)
        yield corpus


def search(corpus: Corpus, lean: Lean, names: list[str], tactic: str, lending: Lending | None = None) -> None:
    round = begin(corpus, "few", names, arm=tactic)
    plan = Plan(Phase(FixedTactics("fixed", [tactic]), Budget(8)), lending=lending)
    summary = run_round(corpus, round, plan, lean.crew, lean.tools.verify)
    assert summary.pending == 0


def theorem(name: str) -> Theorem:
    return load_lean_core().theorem(name)


def names_lent(lending: Lending, to: Theorem) -> list[str]:
    lemmas = lending(to).environment.lemmas
    return [] if lemmas is None else [lemma.name for lemma in lemmas]


def test_the_next_round_proves_more(corpus: Corpus, lean: Lean) -> None:
    by_theorem = {show_proof(corpus, line.id).proof.theorem.name: line.id for line in list_proofs(corpus).proofs}
    assert by_theorem.keys() == CLASSES.keys()
    view = show_proof(corpus, by_theorem[BORROWER])
    assert [lemma.theorem for lemma in view.lemmas] == [LEMMA]
    assert LEMMA in view.proof.certificate.auxiliaries
    assert view.proof.theorem.environment == theorem(BORROWER).environment.key
    # Without the lemma the tactic fails.
    found = verify(corpus, lean)
    assert (found.proofs, found.certified, found.same_term) == (3, 3, 3)


def test_nothing_is_lent_to_itself_or_to_its_copies_or_below(corpus: Corpus, lean: Lean) -> None:
    lending = lending_of(corpus, take_snapshot(corpus).hash, lean.library, ["few"])
    assert names_lent(lending, theorem("Vector.any_eq_true'")) == [LEMMA, OTHER, BORROWER]
    assert names_lent(lending, theorem(BORROWER)) == [LEMMA, OTHER]
    assert names_lent(lending, theorem(LEMMA)) == [OTHER]  # the third rests on it
    twin = replace(theorem("Vector.any_eq_true'"), expression_hash=theorem(LEMMA).expression_hash)
    assert names_lent(lending, twin) == [OTHER]
    copies = Lending(lendable(corpus, lending.snapshot), lean.library, {"Vector.any_eq_true'": "one"})
    assert names_lent(copies, theorem("Vector.any_eq_true'")) == [OTHER]


def test_other_imports_and_typed_theorems_borrow_nothing(corpus: Corpus, lean: Lean) -> None:
    lending = lending_of(corpus, take_snapshot(corpus).hash, lean.library, ["few"])
    assert names_lent(lending, theorem("BitVec.ofFin_toFin")) == []
    assert names_lent(lending, replace(theorem(BORROWER), module=None)) == []


def test_what_is_no_theorem_of_the_library_or_too_large_is_not_lent(corpus: Corpus, lean: Lean) -> None:
    lent = lendable(corpus, take_snapshot(corpus).hash)
    to = theorem("Vector.any_eq_true'")

    def changed(**changes: object) -> list[str]:
        record = replace(lent[0].theorem, **changes)  # type: ignore[arg-type]
        return names_lent(Lending([replace(lent[0], theorem=record), lent[1]], lean.library), to)

    assert changed(name="x\n#eval 1") == changed(module="Init.Core") == changed(name="Nat.add_comm") == [OTHER]
    large = replace(lent[0], term=" " * MAX_LEMMA_BYTES + lent[0].term)
    assert names_lent(Lending([large, *lent[1:]], lean.library), to) == [OTHER]


def test_training_reads_states_with_what_was_lent(corpus: Corpus, lean: Lean) -> None:
    snapshot = take_snapshot(corpus).hash
    lending = lending_of(corpus, snapshot, lean.library, ["few"])
    for proof in training_proofs(corpus, snapshot, LIBRARY, lending):
        for step in proof.steps:
            situation = lean.actions.look(proof.theorem.environment, step.state)
            offered = {premise.name for premise in situation.premises}
            assert proof.theorem.name not in offered
            if proof.theorem.name == BORROWER and step.tactic == "simp":
                assert offered & {LEMMA, OTHER}
