"""From a proof in one round to a lemma in the next: real Lean, both kernels, the corpus."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.errors import ImportRefused
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
from prover.exchange import archive_with_terms, import_checked
from prover.lean import Lean
from prover.recheck import verify
from prover.rounds.attempt import Phase
from prover.rounds.lending import Lending, lending_of
from prover.rounds.plan import Plan, record_of
from prover.rounds.round import run_round
from prover.search.budget import Budget
from tests.begun import begin
from training.arms import Arms
from training.config import FlywheelConfig
from training.data.from_corpus import training_proofs

sys.path.insert(0, str(Path(__file__).parents[2]))
from rewrite_zip import each_line, rewritten

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


def test_a_policy_from_elsewhere_borrows_what_the_generation_beside_it_may(corpus: Corpus, lean: Lean) -> None:
    lending = lending_of(corpus, take_snapshot(corpus).hash, lean.library, ["few"])
    lent = {3: lending}
    arms = Arms(lean, lean.actions, FlywheelConfig.load(), lambda *_: pytest.fail("no model is wanted"), lent.get)
    guest = FixedTactics("fixed", ["simp"])
    assert arms.guest(guest, 3).lending is lending
    assert arms.guest(guest, 0).lending is None and arms.guest(guest).lending is None


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


@pytest.fixture(scope="module")
def archived(corpus: Corpus, lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("archive") / "made.zip"
    assert archive_with_terms(corpus, take_snapshot(corpus).hash, file, lean) == 3
    return file


def test_an_archive_brings_the_lemmas_and_the_gate_decides_all_of_it(
    corpus: Corpus, archived: Path, lean: Lean, tmp_path: Path
) -> None:
    with Corpus.open(str(tmp_path / "elsewhere.db")) as elsewhere:
        done = import_checked(elsewhere, archived, lean)
        assert (done.new, done.frozen, done.snapshot) == (3, True, take_snapshot(corpus).hash)
        ours, theirs = lendable(corpus, done.snapshot), lendable(elsewhere, done.snapshot)
        assert [(one.theorem, one.term, one.borrowed) for one in ours] == [
            (one.theorem, one.term, one.borrowed) for one in theirs
        ]
        (borrower,) = [one for one in theirs if one.theorem.name == BORROWER]
        assert [lemma.theorem for lemma in show_proof(elsewhere, borrower.proof_id).lemmas] == [LEMMA]
        found = verify(elsewhere, lean)
        assert (found.proofs, found.certified, found.same_term) == (3, 3, 3)


@pytest.mark.parametrize(
    ("borrows", "said"), [((), "not certified here: replay"), ((OTHER,), "not certified here: replay")]
)
def test_a_borrower_with_another_lemma_than_its_own_is_refused(
    archived: Path, lean: Lean, tmp_path: Path, borrows: tuple[str, ...], said: str
) -> None:
    """Of which no hash tells: the gate does."""
    hashes: dict[str, str] = {}

    def change(line: dict) -> None:
        hashes[line["theorem"]] = line["content_hash"]
        if line["theorem"] == BORROWER:
            line["borrowed"] = [hashes[name] for name in borrows]

    forged = rewritten(archived, tmp_path / "forged.zip", proofs=each_line(change))
    with Corpus.open(str(tmp_path / "elsewhere.db")) as elsewhere:
        with pytest.raises(ImportRefused, match=said) as refused:
            import_checked(elsewhere, forged, lean)
        assert "\n" not in str(refused.value)
        assert not elsewhere.benchmarks()


def test_an_own_part_that_is_not_of_the_tactics_is_refused(archived: Path, lean: Lean, tmp_path: Path) -> None:
    """The lemma's own part is replaced by that of another, and every hash made to fit."""
    with zipfile.ZipFile(archived) as source:
        content = {name: source.read(name) for name in source.namelist()}
    lines = {line["theorem"]: line for line in map(json.loads, content["proofs.jsonl"].splitlines())}
    lemma, other = lines[LEMMA], lines[OTHER]
    content[f"own/{lemma['content_hash']}.ndjson"] = content[f"own/{other['content_hash']}.ndjson"]
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(changed, "w") as target:
        for name, data in content.items():
            target.writestr(name, data)

    def fit(line: dict) -> None:
        if line["theorem"] == LEMMA:
            line["own"] = other["own"]

    forged = rewritten(changed, tmp_path / "forged.zip", proofs=each_line(fit))
    with (
        Corpus.open(str(tmp_path / "elsewhere.db")) as elsewhere,
        pytest.raises(ImportRefused, match=f"The term of {LEMMA} is not that of its tactics"),
    ):
        import_checked(elsewhere, forged, lean)
