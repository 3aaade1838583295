"""Theorems under headers all the way: loaded, proved, stored, printed, exported, archived, imported and asked again."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.errors import ImportRefused
from corpus.proof_list import list_proofs
from corpus.query import show_proof
from corpus.records import AttemptRecord, AttemptStatus, RoundKind
from corpus.snapshot import take_snapshot, verify
from corpus.store import Corpus
from lean_env.benchmark.external import Classes, External, load_external
from lean_env.gate.header_term import HeaderTerm
from lean_env.library.ndjson import read_expression
from lean_env.theorem import Environment, Header, Theorem
from prover.benchmarks.external import register_external
from prover.cli.main import run
from prover.cli.output import DONE
from prover.exchange import archive_with_terms, import_checked, merge_checked
from prover.lean import Lean
from prover.recheck import recheck
from prover.rounds.plan import theorem_of
from prover.search.graph import ProofStep

sys.path.insert(0, str(Path(__file__).parents[1]))
from rewrite_zip import each_line, rewritten

OWN_WORLD = Path(__file__).parents[1] / "own_world" / "own_world.jsonl"
PROOFS = {
    "mirror_mirror": ["induction t <;> simp_all [Tree.mirror]"],
    "append_nil": ["induction xs <;> simp_all [Chain.append]"],
    "fits_push": ["simp_all [Stack.Fits, Stack.push]"],
    "plain_add": ["omega"],
}
ROWS = (*PROOFS, "toList_mirror", "length_cons", "broken", "runs", "mathlib")


@pytest.fixture(scope="module")
def lean(imaged) -> Iterator[Lean]:
    with Lean(workers=1) as lean:
        yield lean


@pytest.fixture(scope="module")
def external(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> External:
    path = tmp_path_factory.mktemp("own") / "own_world.jsonl"
    rows = [line for line in OWN_WORLD.read_text().splitlines() if json.loads(line)["name"] in ROWS]
    path.write_text("\n".join(rows) + "\n")
    return load_external(path, lean.staters, lean.library, under_header=lean.state_under_header)


@pytest.fixture(scope="module")
def home(lean: Lean, external: External, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("home")
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        record = register_external(corpus, external)
        theorems = {one.name: one for one in corpus.theorems(record.key)}
        corpus.start_run("run", {})
        round = corpus.start_round(
            run="run", generation_id=None, benchmark=record.key, split="train", stratum="", arm="by hand",
            kind=RoundKind.TRAIN, seed=1, config={}, selection=list(PROOFS),
        )  # fmt: skip
        for name, tactics in PROOFS.items():
            proof = lean.tools.verify(theorem_of(theorems[name]), [ProofStep(t) for t in tactics], "seed")
            attempt = AttemptRecord(name, AttemptStatus.PROVED, len(tactics), 0, steps_to_proof=1, proof=proof)
            assert corpus.record_attempt(round, attempt).new_proof
        snapshot = take_snapshot(corpus).hash
        assert archive_with_terms(corpus, snapshot, folder / "made.zip", lean) == len(PROOFS)
    return folder, snapshot


def test_rows_that_need_what_stands_above_them_are_usable(external: External) -> None:
    assert {one.theorem.name for one in external.usable} == set(ROWS) - {"broken", "runs", "mathlib"}
    reasons = {one.row.name: one.reason for one in external.unusable}
    assert "Type mismatch" in reasons["broken"] and "line 1" in reasons["broken"]
    assert "may not contain `initialize`" in reasons["runs"] and "Mathlib" in reasons["mathlib"]
    headers = {one.theorem.name: one.theorem.environment.header for one in external.usable}
    assert headers["plain_add"] is None and headers["mirror_mirror"] == headers["toList_mirror"] != headers["fits_push"]


def test_a_proof_is_shown_below_its_header(home: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = home
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        ids = {line.theorem: line.id for line in list_proofs(corpus).proofs}
        stored = show_proof(corpus, ids["fits_push"]).proof
    assert stored.theorem.header is not None
    assert stored.certificate.header_digest == hashlib.sha256(stored.theorem.header.ndjson.encode()).hexdigest()
    for name in (str(ids["fits_push"]), "fits_push"):
        assert run(["corpus", "show", name, "--home", str(folder)]) == DONE
        printed = capsys.readouterr().out
        below = printed.split("def Stack.push")[1]
        assert "s.push x).Fits" in below and "simp_all [Stack.Fits, Stack.push]" in below


def test_every_export_has_the_header(home: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = home
    for format in ("jsonl", "parquet", "lean"):
        out = str(tmp_path / format)
        assert run(["corpus", "export", "--to", out, "--format", format, "--home", str(folder)]) == DONE
    rows = {one["theorem"]: one for one in map(json.loads, (tmp_path / "jsonl/proofs/train.jsonl").open())}
    assert "def Stack.push" in rows["fits_push"]["header"] and rows["plain_add"]["header"] == ""
    assert rows["fits_push"]["imports"] == ["Init"]
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "parquet/proofs/train.parquet").to_pylist()
    assert {one["theorem"]: one["header"] for one in table} == {name: one["header"] for name, one in rows.items()}
    assert (tmp_path / "lean/left_out.jsonl").read_text() == ""
    texts = [path.read_text() for path in (tmp_path / "lean").rglob("*.lean")]
    assert len(texts) == 4 and sum("def Stack.push" in text and "theorem fits_push" in text for text in texts) == 1


def test_an_archive_is_checked_again_elsewhere(home: tuple[Path, str], lean: Lean, tmp_path: Path) -> None:
    folder, snapshot = home
    with Corpus.open(str(tmp_path / "elsewhere.db")) as corpus:
        done = import_checked(corpus, folder / "made.zip", lean)
        assert (done.new, done.frozen, verify(corpus, snapshot)) == (4, True, 4)
        again = [recheck(show_proof(corpus, line.id).proof, lean) for line in list_proofs(corpus).proofs]
        assert [(one.trouble, one.same_term) for one in again] == [("", True)] * 4
    with Corpus.open(str(tmp_path / "merged.db")) as corpus, Corpus.open(str(folder / "corpus.db")) as other:
        assert merge_checked(corpus, other, lean).proofs == 4 and verify(corpus, snapshot) == 4


def test_a_header_that_nobody_uses_and_that_lies_is_refused(home: tuple[Path, str], lean: Lean, tmp_path: Path) -> None:
    """Every checksum holds, and no proof is under it: its declarations are another text's."""

    def lie(line: dict) -> None:
        ndjson = line["header"]["ndjson"].replace("Chain", "Choin")
        line["header"].update(ndjson=ndjson, digest=hashlib.sha256(ndjson.encode()).hexdigest())

    folder, _ = home
    forged = rewritten(folder / "made.zip", tmp_path / "forged.zip", headers=each_line(lie))
    with Corpus.open(str(tmp_path / "empty.db")) as corpus:
        with pytest.raises(ImportRefused, match="declares something else here"):
            import_checked(corpus, forged, lean)
        assert not corpus.benchmarks()


#: The same world under other names.
RENAMED = (
    ("Tree", "Baum"), ("mirror", "kehrum"), ("leaf", "blatt"), ("node", "ast"), ("toList", "liste"), ("size", "zahl"),
)  # fmt: skip


def test_the_guard_knows_a_statement_under_other_names(external: External, lean: Lean) -> None:
    """A renamed definition changes no hash; renamed types change no class, and another body changes both."""
    one = next(one for one in external.usable if one.theorem.name == "toList_mirror")
    header = one.theorem.environment.header
    assert header is not None

    def stated(*renamed: tuple[str, str]) -> tuple[str, str]:
        text, statement = header.text, one.theorem.statement
        for old, new in renamed:
            text, statement = text.replace(old, new), statement.replace(old, new)
        said = lean.state_under_header(Theorem("x", statement, Environment(("Init",), Header(text))))
        return said.read().expression_hash, Classes(lean.library).of(said.read().type, said.header_ndjson)

    original = stated()
    assert original == (one.theorem.expression_hash, external.classes["toList_mirror"])
    assert stated(("mirror", "kehrum")) == original
    hash_, class_ = stated(*RENAMED)
    assert hash_ != original[0] and class_ == original[1]
    other = stated(("l.toList ++ x :: r.toList", "r.toList ++ x :: l.toList"))
    assert other[0] != original[0] and other[1] != original[1]


def test_goals_hash_as_statements_do(home: tuple[Path, str], lean: Lean, external: External) -> None:
    """Or a proof could go through a held-out statement under a header unseen."""
    one = next(one for one in external.usable if one.theorem.name == "mirror_mirror")
    said = lean.stated(one.theorem)
    header = HeaderTerm.read(said.header_ndjson)
    assert header.goal_hash(read_expression(said.expression_ndjson)) == one.theorem.expression_hash
    folder, _ = home
    with Corpus.open(str(folder / "corpus.db")) as corpus:
        ids = {line.theorem: line.id for line in list_proofs(corpus).proofs}
        steps = show_proof(corpus, ids["mirror_mirror"]).proof.steps
    assert steps[0].goal_hashes == (one.theorem.expression_hash,)
