"""The corpus in a terminal: every verb answers, fits 80 columns, and says bad input in one line with nothing changed;
`flywheel train --snapshot` makes the same model every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus"))
from samples import attempt, fill, proof, sha, start_round, theorem
from tamper import tamper

from corpus.exchange import archive
from corpus.records import RoundKind
from corpus.snapshot import take_snapshot
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE, FAILED
from prover.cli.tables import short

LONG = "Some.Very.Long.Namespace.And.Another.One.«with spaces and ⟨brackets⟩».which_ends_here'"
CONFIG = """
benchmark = "external/x"
[train]
epochs = 2
vocabulary = 150
[train.model]
hidden = 16
layers = 1
heads = 2
feed_forward = 32
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two generations that proved something, one snapshot, a name that is too long."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(CONFIG)
    (tmp_path / "constrained.toml").write_text('[train]\nkind = "text"\nconstrained = true\n')
    (tmp_path / "whole.toml").write_text('[train]\nkind = "text"\nconstrained = true\nwrites = "proof"\n')
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        fill(corpus)
        many = [theorem(LONG), *(theorem(f"t{i}") for i in range(6))]
        corpus.add_benchmark("external/x", "1", "l", many)
        round = start_round(corpus, many, benchmark="external/x", arm="seed")
        for one in many:
            corpus.record_attempt(round, attempt(one, proof=proof(one, "intros", "simp_all")))
        for number in (0, 1):
            id = corpus.start_generation(
                run="run", number=number, parent=None, recipe="expert-iteration", config={}, config_hash=sha("c"),
                seeds={}, versions={}, snapshot_hash=take_snapshot(corpus).hash,
            )  # fmt: skip
            corpus.finish_generation(id, model_path="m", model_hash=sha(str(number)), metrics={"valid_loss": 1.0})
            valid = [theorem("valid_0", "valid")]
            round = start_round(corpus, valid, RoundKind.EVAL, generation_id=id, arm=f"M_{number}")
            corpus.record_attempt(round, attempt(valid[0], proof=proof(valid[0]) if number else None))
    return tmp_path


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([*arguments, "--home", "."])
    said = capsys.readouterr()
    return code, said.out, said.err


def snapshot(capsys: pytest.CaptureFixture[str]) -> str:
    return json.loads(ask(capsys, "corpus", "snapshot", "list", "--json")[1])[0]["hash"]


def verbs(hash_: str) -> list[list[str]]:
    return [
        ["stats"],
        ["list"],
        ["show", "1"],
        ["show", LONG],
        ["search", "which_ends"],
        ["diff", "M_0", "run/M_1"],
        ["lineage", "1"],
        ["lineage", "M_0"],
        ["lineage", hash_],
        ["sql", "SELECT id, name, statement FROM theorem"],
        ["snapshot", "create", "--benchmark", "external/x", "--source", "policy", "--since", "2020-01-01"],
        ["snapshot", "list"],
        ["snapshot", "show", hash_[:6]],
        ["snapshot", "diff", hash_[:6], hash_],
        ["snapshot", "verify", hash_[:6]],
    ]


def test_every_verb_answers_on_80_columns_and_in_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in verbs(snapshot(capsys)):
        code, out, _ = ask(capsys, "corpus", *verb)
        assert code == DONE and out, verb
        tables = [line for line in out.splitlines() if line.startswith(("┃", "┏", "┡"))]
        assert all(cell_len(line.rstrip()) <= 80 for line in tables), verb
        code, out, _ = ask(capsys, "corpus", *verb, "--json")
        assert code == DONE and json.loads(out) is not None, verb


def test_long_names_are_cut_in_the_middle_unless_wide(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = ask(capsys, "corpus", "list")[1]
    assert LONG not in cut and "…" in cut and LONG[-8:] in cut
    assert LONG in ask(capsys, "corpus", "list", "--wide")[1]
    assert short("abcdefghij", 5) == "ab…ij" and cell_len(short("漢字漢字漢字", 6)) <= 6


def test_csv_reads_back_with_quotes_commas_and_line_ends(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = 'a "quoted", text\nin two lines'
    code, out, _ = ask(capsys, "corpus", "sql", f"SELECT id, '{values}' AS said FROM theorem ORDER BY id", "--csv")
    header, *rows = csv.reader(io.StringIO(out, newline=""))
    assert code == DONE and header == ["id", "said"]
    assert rows[0] == ["1", values] and len(rows) > 1


BAD = [
    (["corpus", "show", "99"], "no proof 99"),
    (["corpus", "show", "t"], "t0, t1"),
    (["corpus", "search", " "], "at least one word"),
    (["corpus", "diff", "M_0", "nobody/M_1"], "no run 'nobody'"),
    (["corpus", "diff", "M_0", "x"], "names no generation"),
    (["corpus", "lineage", "nothing!"], "neither"),
    (["corpus", "snapshot", "show", "0123456789abcdef"], "no snapshot 0123456789abcdef"),
    (["corpus", "snapshot", "create", "--run", "nobody"], "no run 'nobody'"),
    (["corpus", "snapshot", "create", "--benchmark", "nothing"], "no benchmark 'nothing'"),
    (["corpus", "sql", "DELETE FROM proof"], "takes one SELECT"),
    (["corpus", "sql"], "--schema"),
    (["corpus", "verify", "--snapshot", "zz"], "no hash"),
    (["train", "--out", "x"], "go with --snapshot"),
    (["train", "--snapshot", "zz"], "no hash"),
    (["train", "--snapshot", "absent.zip"], "absent.zip"),
    (["train", "--snapshot", "00", "--device", "cuda:99"], "there is no cuda:99 here"),
    (["train", "--snapshot", "00", "--device", "abacus"], "no device"),
]


def test_bad_input_is_one_line_and_changes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = hashlib.sha256((home / "corpus.db").read_bytes()).hexdigest()
    for arguments, said in BAD:
        code, out, error = ask(capsys, *arguments)
        assert (code, out) == (CANNOT_START, ""), arguments
        assert said in error and error.count("\n") == 1, (arguments, error)
        assert hashlib.sha256((home / "corpus.db").read_bytes()).hexdigest() == before, arguments


def test_what_cannot_be_constrained_is_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["train", "--snapshot", snapshot(capsys)[:8], "--out", "a", "--config"]
    for file, reason in (("constrained.toml", "leave `constrained` out of [train]"), ("whole.toml", "is for tactics")):
        code, out, error = ask(capsys, *asked, file)
        assert (code, out) == (CANNOT_START, "") and error.count("\n") == 1
        assert reason in error and not (home / "a").exists()


def test_a_row_changed_by_hand_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(home / "corpus.db", "DELETE FROM certificate WHERE proof_id = 2", "UPDATE attempt SET status = 'x'")
    code, _, error = ask(capsys, "corpus", "show", "2")
    assert code == CANNOT_START and error.count("\n") == 1 and "flywheel corpus verify" in error
    code, out, error = ask(capsys, "corpus", "verify")
    assert code == FAILED and "proof id 2: its certificate is gone" in out and error.count("\n") == 1


def folder(path: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(path.iterdir())}


def test_a_snapshot_gives_the_same_model_every_time(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hash_ = snapshot(capsys)
    asked = ["train", "--snapshot", hash_[:8], "--config", "small.toml", "--json"]
    for out in ("a", "b"):
        code, said, error = ask(capsys, *asked, "--out", out)
        assert code == DONE, error
    made = json.loads(said)
    assert folder(home / "a") == folder(home / "b")
    assert (made["snapshot"], made["proofs"], made["generation"]) == (hash_, 7, None)
    origin = json.loads((home / "a" / "meta.json").read_text())["training"]["origin"]
    assert (origin["snapshot"], origin["seed"], origin["benchmarks"]) == (hash_, 0, ["external/x@1"])
    assert len(json.loads(ask(capsys, "runs", "list", "--json")[1])[0]["generations"]) == 2, "nothing was registered"

    assert ask(capsys, *asked, "--out", "c", "--seed", "1")[0] == DONE
    assert folder(home / "a")["weights.safetensors"] != folder(home / "c")["weights.safetensors"]
    code, _, error = ask(capsys, *asked, "--out", "a")
    assert code == CANNOT_START and "is there already" in error
    assert ask(capsys, *asked, "--out", "a", "--resume")[0] == DONE, "it is this very model"
    assert ask(capsys, *asked, "--out", "a", "--resume", "--seed", "1")[0] == CANNOT_START

    code, said, error = ask(capsys, *asked, "--name", "mine", "--base", "a")
    assert code == DONE, error
    generation = json.loads(said)["generation"]
    assert (generation["run"], generation["number"], generation["snapshot_hash"]) == ("mine", 0, hash_)
    assert folder(home / "models" / "mine" / "M_0")["tokenizer.json"] == folder(home / "a")["tokenizer.json"]


def test_an_archive_gives_the_same_model_in_two_empty_homes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hash_ = snapshot(capsys)
    with Corpus.open(str(home / "corpus.db"), create=False) as corpus:
        archive(corpus, hash_, home / "frozen.zip")
    arguments = ["train", "--snapshot", "frozen.zip", "--config", "small.toml", "--json"]
    for elsewhere in ("first", "second"):
        code = run([*arguments, "--home", elsewhere, "--out", f"{elsewhere}/model"])
        assert code == DONE, capsys.readouterr().err
        assert not (home / elsewhere / "corpus.db").exists(), "it needs no corpus"
    assert folder(home / "first" / "model") == folder(home / "second" / "model")
    assert ask(capsys, *arguments[:2], hash_, *arguments[3:], "--out", "here")[0] == DONE
    weights = "weights.safetensors"
    assert folder(home / "here")[weights] == folder(home / "first" / "model")[weights]
