"""Exported Lean files elaborate in the real Lean, and what does not is said to be left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.records import AttemptRecord, AttemptStatus, RoundKind, TheoremRecord
from corpus.snapshot import take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.theorem import Environment
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean
from prover.rounds.plan import record_of, theorem_of
from prover.search.graph import ProofStep


@pytest.fixture(scope="module")
def lean(imaged) -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


@pytest.fixture(scope="module")
def home(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A theorem of the library, a stated one with two proofs, one whose text is not what was proved, two whose names
    end in numbers: one was stored as they once were."""
    folder = tmp_path_factory.mktemp("home")
    library = record_of(load_lean_core().theorem("List.map_append"))
    stated = [
        TheoremRecord("typed", "∀ a b : Nat, a < b → a + 1 ≤ b", "", "Init", None, "train", ""),
        TheoremRecord("also", "∀ n : Nat, n = n", "", "Init", None, "train", ""),
        TheoremRecord("few.p.000066", "∀ p : Prop, p → p", "", "Init", None, "train", ""),
        TheoremRecord("few.old.000067", "∀ p : Prop, p → True", "", "Init", None, "train", ""),
    ]
    tries = [
        (library, ["intros", "induction l₁ <;> simp_all"]),
        (stated[0], ["intro a b h", "omega"]),
        (stated[0], ["intro a", "intro b", "intro h", "exact h"]),
        (stated[1], ["intro n", "rfl"]),
        (stated[2], ["intro p h", "assumption"]),
        (stated[3], ["intro p h", "exact trivial"]),
    ]
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        records = [replace(library, split="train"), *stated]
        corpus.add_benchmark("few", "1", lean.library.digest, records)
        corpus.start_run("run", {})
        round = corpus.start_round(
            run="run", generation_id=None, benchmark="few", split="train", stratum="", arm="by hand",
            kind=RoundKind.TRAIN, seed=1, config={}, selection=[one.name for one in records],
        )  # fmt: skip
        for ordinal, (record, tactics) in enumerate(tries):
            proof = lean.tools.verify(theorem_of(record), [ProofStep(t) for t in tactics], "seed")
            if record.name == "also":
                proof = replace(proof, text=proof.text.replace("n = n", "n = n + 1"))
            if record.name == "few.old.000067":
                proof = replace(proof, text=proof.text.replace("«000067»", "000067"))
            corpus.record_attempt(
                round,
                AttemptRecord(record.name, AttemptStatus.PROVED, 1, 0, steps_to_proof=1, ordinal=ordinal, proof=proof),
            )
        take_snapshot(corpus)
    return folder


def test_every_file_elaborates(lean, home, tmp_path, capsys):
    out = tmp_path / "lean"
    assert run(["corpus", "export", "--to", str(out), "--format", "lean", "--home", str(home)]) == DONE
    files = sorted(out.rglob("*.lean"))
    assert [str(path.relative_to(out)) for path in files] == ["Init/Data/List/Lemmas.lean", "Stated/Few.lean"]
    for path in files:
        lines = path.read_text().splitlines()
        imports = [line.removeprefix("import ") for line in lines if line.startswith("import ")]
        assert (lines[0] == "prelude") == (imports != ["Init"])
        body = "\n".join(line for line in lines if not line.startswith(("import ", "prelude")))
        said = lean.messages(Environment(tuple(imports)), body)
        assert [one.data for one in said if one.severity == "error"] == []
        assert "theorem" in body and "sorry" not in body
    stated = files[1].read_text()
    assert "omega" in stated and "exact h" not in stated, "the shortest proof of a theorem"
    assert "theorem few.p.«000066» " in stated and "theorem few.old.«000067» " in stated, "as Lean reads them"
    (left_out,) = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert left_out["theorem"] == "also" and left_out["reason"]
    assert "1 theorems are left out" in (out / "README.md").read_text()


def test_data_sets_by_the_command(home, tmp_path, capsys):
    for format in ("jsonl", "parquet"):
        out = tmp_path / format
        arguments = ["corpus", "export", "--to", str(out), "--format", format, "--home", str(home), "--json"]
        assert run(arguments) == DONE
        assert json.loads(capsys.readouterr().out)["rows"] == {
            f"proofs/train.{format}": 6, f"steps/train.{format}": 6, f"training/train.{format}": 14
        }  # fmt: skip
    first = json.loads((tmp_path / "jsonl/training/train.jsonl").read_text().splitlines()[0])
    assert first["prompt"].startswith("-- Lean 4 tactic state\n") and first["prompt"].endswith("-- next tactic\n")
    steps = [json.loads(line) for line in (tmp_path / "jsonl/steps/train.jsonl").read_text().splitlines()]
    (library,) = [row for row in steps if row["url"]]
    assert len(library["commit"]) == 40 and library["file_path"] == "src/Init/Data/List/Lemmas.lean"
    assert (
        run(["corpus", "export", "--to", str(tmp_path / "jsonl"), "--format", "jsonl", "--home", str(home)])
        == CANNOT_START
    )
