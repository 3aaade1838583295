"""What is exported opens in `datasets` and says what the corpus says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

os.environ["HF_HUB_OFFLINE"] = "1"  # before datasets reads it: nothing here may ask another host

import datasets
import pytest
from samples import attempt, fill, proof, start_round, theorem, under_header

from corpus import export as exporting
from corpus.errors import CorpusError, NotFound
from corpus.export import export
from corpus.records import RoundKind
from corpus.snapshot import take_snapshot
from corpus.store import Corpus


def prompt(state: str, name: str, header: str) -> str:
    return f"{header}state {state} of {name} ->"


@pytest.fixture
def snapshot(corpus: Corpus) -> str:
    splits = fill(corpus)
    a, b, *_ = splits["train"]
    round = start_round(corpus, [a, b])
    corpus.record_attempt(round, attempt(a, proof=proof(a)))
    corpus.record_attempt(round, attempt(b, proof=proof(b, "rw [h, ← k]", 'exact "a\nb"', source="seed")))
    evaluation = start_round(corpus, splits["test"], RoundKind.EVAL)
    corpus.record_attempt(evaluation, attempt(splits["test"][0], proof=proof(splits["test"][0])))
    return take_snapshot(corpus).hash


@pytest.fixture(params=["jsonl", "parquet"])
def load(request, corpus, snapshot, tmp_path) -> Callable[[str], datasets.Dataset]:
    """Opens a file of an export with the real package, by path and by the card's configuration."""
    folder = tmp_path / "out"
    export(corpus, folder, snapshot, request.param, prompt, held_out=True)

    def opened(name: str, split: str = "train") -> datasets.Dataset:
        builder = "json" if request.param == "jsonl" else "parquet"
        file = str(folder / name / f"{split}.{request.param}")
        by_file = datasets.load_dataset(builder, data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
        by_card = datasets.load_dataset(str(folder), name, split=split, cache_dir=str(tmp_path / "cards"))
        assert by_file[:] == by_card[:]
        return by_file

    return opened


def test_datasets_opens_proofs_steps_and_training_rows(load):
    proofs = {row["theorem"]: row for row in load("proofs")}
    assert set(proofs) == {"train_0", "train_1"}
    one = proofs["train_1"]
    assert one["tactics"] == ["rw [h, ← k]", 'exact "a\nb"'] and one["source"] == "seed"
    assert one["proof"] == proof(theorem("train_1"), *one["tactics"]).text
    assert one["imports"] == ["Init.Core", "Init.Data.Nat.Basic"] and one["axioms"] == ["propext"]
    steps = {row["full_name"]: row for row in load("steps")}["train_1"]
    assert steps["file_path"] == "src/Init/Data/Nat/Lemmas.lean" and steps["start"] is None
    assert set(steps) == {"url", "commit", "file_path", "full_name", "start", "end", "traced_tactics"}
    first, second = steps["traced_tactics"]
    assert (first["tactic"], first["annotated_tactic"][0]) == ("rw [h, ← k]", "rw [h, ← k]")
    assert first["state_after"] == second["state_before"] and second["state_after"] == "no goals"
    rows = load("training")[:]
    assert set(rows) == {"prompt", "completion"} and len(rows["prompt"]) == 4
    assert prompt(first["state_before"], "train_1", "") in rows["prompt"]
    assert load("proofs", "test")["theorem"][:] == ["test_0"]


def test_lean_dojo_s_own_fields_to_the_letter(corpus, snapshot, tmp_path):
    export(corpus, tmp_path / "out", snapshot, "jsonl", prompt)
    row = json.loads((tmp_path / "out/steps/train.jsonl").read_text().splitlines()[0])
    assert list(row) == ["url", "commit", "file_path", "full_name", "start", "end", "traced_tactics"]
    assert list(row["traced_tactics"][0]) == ["tactic", "annotated_tactic", "state_before", "state_after"]
    assert row["traced_tactics"][0]["annotated_tactic"] == [row["traced_tactics"][0]["tactic"], []]


def test_a_header_is_in_training_rows_and_the_card_says_how(sqlite_corpus, tmp_path):
    one, other = under_header("a"), theorem("b")
    sqlite_corpus.add_benchmark("own", "1", "library", [one, other])
    sqlite_corpus.start_run("run", {})
    round = start_round(sqlite_corpus, [one, other], benchmark="own")
    for of in (one, other):
        sqlite_corpus.record_attempt(round, attempt(of, proof=proof(of, "rfl")))
    said = "Headers stand in front."
    export(sqlite_corpus, tmp_path / "out", take_snapshot(sqlite_corpus).hash, "jsonl", prompt, headers=said)
    lines = (tmp_path / "out/training/train.jsonl").read_text().splitlines()
    assert {json.loads(line)["prompt"] for line in lines} == {
        f"def f (n : Nat) : Nat := n + 1\nstate ⊢ {one.statement} of a ->",
        f"state ⊢ {other.statement} of b ->",
    }
    assert said in (tmp_path / "out/README.md").read_text()


def test_the_card_counts(corpus, snapshot, tmp_path):
    done = export(corpus, tmp_path / "out", snapshot, "jsonl", prompt, held_out=True)
    card = (tmp_path / "out/README.md").read_text()
    assert (done.proofs, done.theorems, done.steps) == (3, 3, 6)
    for said in (
        snapshot,
        "| train | 2 |",
        "| test | 1 |",
        "| seed | 1 |",
        "core@1",
        "license:",
        "The leakage guard knows 4",
    ):
        assert said in card, said
    assert len((tmp_path / "out/training/train.jsonl").read_text().splitlines()) == 4


def test_held_out_proofs_stay_at_home_unless_asked_for(corpus, snapshot, tmp_path):
    export(corpus, tmp_path / "out", snapshot, "jsonl", prompt)
    files = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert files == ["README.md", "proofs/train.jsonl", "steps/train.jsonl", "training/train.jsonl"]


def test_a_folder_with_something_in_it_is_left_alone(sqlite_corpus, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(CorpusError, match="not empty"):
        export(sqlite_corpus, tmp_path / "mine", take_snapshot(sqlite_corpus).hash, "jsonl", prompt)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_nothing_is_left_of_an_export_that_failed(corpus, snapshot, tmp_path, monkeypatch):
    with pytest.raises(NotFound):
        export(corpus, tmp_path / "out", "0" * 64, "parquet", prompt)
    monkeypatch.setattr(exporting, "card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(corpus, tmp_path / "out", snapshot, "jsonl", prompt)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_nothing_to_export_is_said_and_makes_no_folder(sqlite_corpus, tmp_path):
    with pytest.raises(CorpusError, match="nothing to export"):
        export(sqlite_corpus, tmp_path / "out", take_snapshot(sqlite_corpus).hash, "parquet", prompt)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_split_without_proofs_has_no_file(corpus, snapshot, tmp_path):
    done = export(corpus, tmp_path / "out", snapshot, "parquet", prompt, held_out=True)
    assert "proofs/test.parquet" in done.rows and not any("valid" in file for file in done.rows)
    assert not list((tmp_path / "out").rglob("valid*"))
