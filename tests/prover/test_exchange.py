"""Archives with real terms: another machine believes nothing of them and lets the gate decide each proof again."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.backup import backup
from corpus.errors import ImportRefused
from corpus.hashing import EMPTY_BUCKETS, bucket_of, content_hash, set_hash, with_buckets
from corpus.proof_list import list_proofs
from corpus.query import stats
from corpus.records import AttemptRecord, AttemptStatus, RoundKind, StepRecord, TheoremRecord
from corpus.snapshot import take_snapshot, verify
from corpus.store import Corpus
from lean_env.session.replay import replay
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE, FAILED
from prover.exchange import archive_with_terms, import_checked, merge_checked
from prover.lean import Lean
from prover.rounds.plan import theorem_of
from prover.search.graph import ProofStep

sys.path.insert(0, str(Path(__file__).parents[1]))
from rewrite_zip import each_line, rewritten

PROOFS = {
    "List.singleton_append": ["intros", "rfl"],
    "typed": ["intro a b h", "omega"],
    "cases": ["intro p", "cases p", "decide", "decide"],
}
STATED = {
    "typed": "∀ a b : Nat, a < b → a + 1 ≤ b",
    "cases": "∀ p : Bool, (p && true) = p",
    "false": "∀ a b : Nat, a < b → b ≤ a",
}


@pytest.fixture(scope="module")
def lean(imaged) -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


def theorem(lean: Lean, name: str) -> TheoremRecord:
    if name in STATED:
        of = theorem_of(TheoremRecord(name, STATED[name], "", "Init", None, "train", ""))
        return TheoremRecord(name, STATED[name], lean.stated(of).read().expression_hash, "Init", None, "train", "")
    constant = lean.library.constant(name)
    environment = lean.library.strict_environment(constant.module).key
    return TheoremRecord(name, "…", constant.type_hash, environment, constant.module, "train", "")


@pytest.fixture(scope="module")
def made(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An archive of three real proofs, and the hash of its snapshot."""
    folder = tmp_path_factory.mktemp("made")
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        corpus.add_benchmark("few", "1", lean.library.digest, [theorem(lean, name) for name in (*PROOFS, "false")])
        corpus.start_run("run", {})
        round = corpus.start_round(
            run="run", generation_id=None, benchmark="few", split="train", stratum="", arm="by hand",
            kind=RoundKind.TRAIN, seed=1, config={}, selection=list(PROOFS),
        )  # fmt: skip
        for name, tactics in PROOFS.items():
            proof = lean.tools.verify(theorem_of(theorem(lean, name)), [ProofStep(t) for t in tactics], "seed")
            attempt = AttemptRecord(name, AttemptStatus.PROVED, len(tactics), 0, steps_to_proof=1, proof=proof)
            corpus.record_attempt(round, attempt)
        snapshot = take_snapshot(corpus).hash
        assert archive_with_terms(corpus, snapshot, folder / "made.zip", lean) == 3
        archive_with_terms(corpus, snapshot, folder / "again.zip", lean)
    assert (folder / "made.zip").read_bytes() == (folder / "again.zip").read_bytes()
    return folder / "made.zip", snapshot


def test_an_empty_home_certifies_every_proof_itself(made, tmp_path, capsys):
    file, snapshot = made
    home = str(tmp_path / "elsewhere")
    assert run(["corpus", "import", str(file), "--home", home, "--json"]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert (answer["new"], answer["frozen"], answer["snapshot"]) == (3, True, snapshot)
    assert run(["corpus", "snapshot", "verify", snapshot, "--home", home]) == DONE
    assert run(["corpus", "archive", snapshot, str(tmp_path / "back.zip"), "--home", home]) == DONE
    with Corpus.open(f"{home}/corpus.db", create=False) as corpus:
        assert verify(corpus, snapshot) == 3
        assert {line.theorem for line in list_proofs(corpus).proofs} == set(PROOFS)


def rehashed(forge) -> dict:
    """Changes proofs and makes every hash of the archive fit, up to the snapshot's: what a careful liar would do."""
    hashes: list[str] = []

    def change(line: dict) -> None:
        forge(line)
        line["content_hash"] = _content(line)
        hashes.append(line["content_hash"])

    def proofs(content: bytes) -> bytes:
        lines = [json.loads(line) for line in each_line(change)(content).splitlines()]
        lines.sort(key=lambda line: line["content_hash"])
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    def manifest(content: bytes) -> bytes:
        buckets: dict[int, list[str]] = {}
        for hash in hashes:
            buckets.setdefault(bucket_of(hash), []).append(hash)
        root = set_hash(with_buckets(EMPTY_BUCKETS, buckets), len(hashes))
        return json.dumps(json.loads(content) | {"snapshot": root, "terms": False}).encode()

    return {"proofs": proofs, "manifest": manifest}


_THEOREMS: dict[str, TheoremRecord] = {}


def _content(line: dict) -> str:
    steps = [StepRecord(**{**step, "goal_hashes": tuple(step["goal_hashes"])}) for step in line["steps"]]
    return content_hash(line["benchmark"], _THEOREMS[line["theorem"]], line["source"], steps)


def forge_state(line: dict) -> None:
    if line["theorem"] == "typed":
        line["steps"][1]["state"] = "⊢ False"


def forge_tactic(line: dict) -> None:
    if line["theorem"] == "typed":
        line["steps"][1]["tactic"] = "sorry"


def forge_theorem(line: dict) -> None:
    """The proof of another statement, a false one."""
    if line["theorem"] == "typed":
        line["theorem"] = "false"


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (forge_state, "other states here"),
        (forge_tactic, "not certified here"),
        (forge_theorem, "not certified here"),
    ],
)
def test_a_careful_liar_is_refused_by_lean(lean, made, tmp_path, forge, said):
    _THEOREMS.update({name: theorem(lean, name) for name in (*PROOFS, "false")})
    forged = rewritten(made[0], tmp_path / "forged.zip", **rehashed(forge))
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        with pytest.raises(ImportRefused, match=said):
            import_checked(corpus, forged, lean)
        assert stats(corpus).attempts == 0 and corpus.benchmarks() == []


def test_another_term_is_refused_although_it_is_no_lie_about_the_tactics(lean, made, tmp_path):
    """The closed term is decided by itself: here every proof has that of another theorem."""
    terms = {
        name: replay(lean.replayers, theorem_of(theorem(lean, name)), PROOFS[name]).proof_ndjson.encode()
        for name in ("cases", "typed")
    }
    forged = rewritten(
        made[0], tmp_path / "forged.zip", term=lambda old: terms["typed" if old == terms["cases"] else "cases"]
    )
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        with pytest.raises(ImportRefused, match="gate, type"):
            import_checked(corpus, forged, lean)
        assert stats(corpus).attempts == 0


def test_an_archive_without_terms_is_replayed(lean, made, tmp_path):
    with Corpus.open(str(made[0].parent / "corpus.db"), create=False) as corpus:
        from corpus.exchange import archive

        archive(corpus, made[1], tmp_path / "bare.zip")
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        assert import_checked(corpus, tmp_path / "bare.zip", lean).new == 3


def test_bad_input_is_one_line_and_changes_nothing(made, tmp_path, capsys):
    (tmp_path / "notes.zip").write_text("my notes")
    home = str(tmp_path / "home")
    assert run(["corpus", "import", str(tmp_path / "notes.zip"), "--home", home]) == CANNOT_START
    assert "no archive" in capsys.readouterr().err and not Path(home).exists()
    changed = rewritten(made[0], tmp_path / "changed.zip", proofs=lambda c: c.replace(b"omega", b"sorry"))
    assert run(["corpus", "import", str(changed), "--home", home, "--trust", "certificates"]) == FAILED
    assert "not what its hash says" in capsys.readouterr().err
    assert run(["corpus", "archive", "0" * 64, str(tmp_path / "x.zip"), "--home", str(made[0].parent)]) == CANNOT_START
    assert not (tmp_path / "x.zip").exists()


def test_a_merge_believes_no_certificate(lean, made, tmp_path):
    with Corpus.open(str(made[0].parent / "corpus.db"), create=False) as other:
        backup(other, tmp_path / "other.db")
    with sqlite3.connect(tmp_path / "other.db") as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
    with Corpus.open(str(tmp_path / "other.db")) as other, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        with other.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE step SET tactic = 'sorry' WHERE tactic = 'omega'")
        with pytest.raises(ImportRefused, match="typed is not certified here"):
            merge_checked(corpus, other, lean)
        assert corpus.benchmarks() == [] and corpus.runs() == []
        with other.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE step SET tactic = 'omega' WHERE tactic = 'sorry'")
        assert merge_checked(corpus, other, lean).proofs == 3
        assert verify(corpus, made[1]) == 3
