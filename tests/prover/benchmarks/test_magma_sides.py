"""lean-magma with the real Lean: both sides certified by both kernels, and rows of others beside what is certified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from begun import begin

from corpus.records import AttemptRecord, AttemptStatus, ProofRecord
from corpus.store import Corpus
from lean_env.benchmark.external import load_external
from lean_env.benchmark.lean_magma.benchmark import ENVIRONMENT
from lean_env.benchmark.lean_magma.laws import law
from lean_env.benchmark.lean_magma.statements import denial, refutation, statement
from lean_env.benchmark.lean_magma.tables import Table
from lean_env.theorem import Theorem
from prover.actions.magma import MAGMA
from prover.benchmarks.external import ExternalBenchmark, register_external
from prover.benchmarks.labels import contradicted
from prover.benchmarks.lean_magma import MagmaBenchmark
from prover.cli.main import run
from prover.cli.output import DONE
from prover.lean import Lean
from prover.rounds.attempt import Refused
from prover.rounds.plan import record_of
from prover.search.graph import ProofStep


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(1) as lean:
        yield lean


def _theorem(hypothesis: int, conclusion: int, *, denied: bool = False) -> Theorem:
    sides = law(hypothesis).equation, law(conclusion).equation
    name = f"magma.E{hypothesis}.E{conclusion}"
    if denied:
        return Theorem(f"not.{name}", denial(*sides), ENVIRONMENT, split="train")
    return Theorem(name, statement(*sides), ENVIRONMENT, split="train")


def _certified(lean: Lean, theorem: Theorem, *tactics: str) -> ProofRecord:
    MAGMA.require(theorem.name, tactics)
    return lean.tools.verify(theorem, [ProofStep(tactic) for tactic in tactics], "policy")


# law 7 is x = y ◇ z, law 46 x ◇ y = z ◇ w, law 43 x ◇ y = y ◇ x, law 4512 associativity.
PROOFS = [
    (_theorem(7, 46), ["exact (h (op a b) a a).trans (h (op c d) a a).symm"]),
    (_theorem(43, 4544), ["refine (congrArg (fun q => op a q) (h b c)).trans ?_", "exact h a (op c b)"]),
    (_theorem(4512, 43, denied=True), [refutation(Table(2, 10))]),
    (_theorem(43, 4512, denied=True), [refutation(Table(3, 14001))]),
]


@pytest.mark.parametrize(("theorem", "tactics"), PROOFS, ids=lambda one: getattr(one, "name", ""))
def test_both_sides_are_certified_by_both_kernels(lean: Lean, theorem: Theorem, tactics: list[str]) -> None:
    certificate = _certified(lean, theorem, *tactics).certificate
    assert set(certificate.kernels.values()) == {"accept"} and len(certificate.kernels) == 2
    assert certificate.axioms == ()


def test_a_table_in_which_the_conclusion_holds_refutes_nothing(lean: Lean) -> None:
    with pytest.raises(Refused):
        _certified(lean, _theorem(43, 4512, denied=True), refutation(Table(2, 6)))


def test_it_shows_laws_and_what_is_known(tmp_path: Path) -> None:
    benchmark = MagmaBenchmark()
    one = benchmark.theorems(lambda: Corpus.open(str(tmp_path / "none.db")), "valid")[0]
    sheet = benchmark.show(lambda: Corpus.open(str(tmp_path / "none.db")), one.name)
    assert one.statement in sheet.title and "valid" in dict(sheet.rows)["split"]
    with pytest.raises(KeyError):
        benchmark.show(lambda: Corpus.open(str(tmp_path / "none.db")), "magma.E1.E1")


def test_a_label_that_contradicts_a_certified_proof_keeps_its_row_apart(lean: Lean, tmp_path: Path) -> None:
    theorem, tactics = PROOFS[0]
    known = replace(theorem, expression_hash=lean.stated(theorem).read().expression_hash)
    rows = [
        {"id": "right", "eq1_id": 7, "eq2_id": 46, "answer": True},
        {"id": "wrong", "eq1_id": 7, "eq2_id": 46, "answer": False},
        {"id": "else", "eq1_id": 4512, "eq2_id": 43, "answer": False},
        {"id": "unknown", "eq1_id": 4512, "eq2_id": 5000, "answer": False},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    external = load_external(file, lean.staters, lean.library)
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        corpus.add_benchmark("own", "1", lean.library.digest, [record_of(known)])
        proof = _certified(lean, theorem, *tactics)
        numbers = {
            "steps": 1,
            "heartbeats": 1,
            "lean_seconds": 0.1,
            "model_seconds": 0.1,
            "wall_seconds": 0.1,
            "nodes": 1,
        }
        attempt = AttemptRecord(theorem.name, AttemptStatus.PROVED, **numbers, steps_to_proof=1, proof=proof)
        corpus.record_attempt(begin(corpus, "own", [theorem.name]), attempt)
        record = register_external(corpus, external)
        usable = [one.name for one in corpus.theorems(record.key)]
        assert usable == ["right", "not.right", "else", "not.else"]
        reasons = {one["name"]: one["reason"] for one in record.meta["unusable"]}
    assert reasons.keys() == {"wrong", "not.wrong", "unknown"}
    assert "contradicts a certified proof, magma.E7.E46 of own" in reasons["wrong"]
    assert "no law 5000" in reasons["unknown"]


def test_a_label_that_is_contradicted_later_is_reported_and_its_row_kept_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows are loaded first; then portfolio search proves what one of them denies."""
    rows = [
        {"id": "wrong", "eq1_id": 7, "eq2_id": 46, "answer": False},
        {"id": "right", "eq1_id": 7, "eq2_id": 41, "answer": True},
        {"id": "no-law", "equation1": "x * y = y + x", "eq2_id": 46, "answer": True},
        {"id": "no-table", "eq1_id": 43, "eq2_id": 4512, "answer": False, "counterexample": [[0, 2], [1, 1]]},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    home = ["--home", str(tmp_path), "--workers", "1"]
    assert run(["bench", "load", str(file), *home[:2]]) == DONE
    said = " ".join(capsys.readouterr().out.split())
    assert "stands in no law" in said and "entries from 0 to 1, not 2" in said and "CONTRADICTED" not in said
    assert run(["eval", "--portfolio", "--bench", "external/rows", "--steps", "8", "--json", *home]) == DONE
    shown = capsys.readouterr()
    loud = " ".join(shown.err.split())
    assert "LABEL CONTRADICTED" in loud and "wrong does not hold, and it is certified" in loud
    (evaluation,) = json.loads(shown.out)["evaluations"]
    assert [(row["theorems"], row["solved"]) for row in evaluation["arms"]] == [(2, 1)]  # right and not.right
    with Corpus.open(str(tmp_path / "corpus.db"), create=False) as corpus:
        theorems = corpus.theorems("external/rows")
        assert [one.name for one in theorems] == ["wrong", "not.wrong", "right", "not.right"]  # nothing is lost
        (found,) = contradicted(corpus, theorems)
        assert (found.denied, found.theorems) == ("wrong", ("wrong", "not.wrong"))
        sheet = ExternalBenchmark("external/rows").overview(lambda: Corpus.open(str(tmp_path / "corpus.db")))
        assert any("LABEL CONTRADICTED" in note for note in sheet.notes)
