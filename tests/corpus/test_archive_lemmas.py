"""Proofs that borrow travel with their lemmas: these come before them, and what is missing or changed is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from samples import attempt, fill, proof, sha, start_round

from corpus.archive import FORMATS, NoArchive
from corpus.errors import ImportRefused
from corpus.exchange import archive, archive_as_corpus, import_archive
from corpus.library import lendable
from corpus.proof_list import list_proofs
from corpus.query import show_proof
from corpus.records import AttemptStatus
from corpus.snapshot import SnapshotFilter, snapshots, take_snapshot, verify
from corpus.store import Corpus

sys.path.insert(0, str(Path(__file__).parents[1]))
from rewrite_zip import each_line, rewritten

POLICY = SnapshotFilter(sources=("policy",))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Of train_0, a lemma outside of the snapshot, train_1, which rests on it, and train_2, which rests on that."""
    with Corpus.open(str(tmp_path / "made.db")) as corpus:
        a, b, c, d = fill(corpus)["train"]
        round = start_round(corpus, [a, b, c, d])

        def prove(of, tactic: str, *borrowed: int, source: str = "policy", ordinal: int = 0) -> int:
            one = replace(proof(of, tactic, source=source), term=f"own {of.name} {tactic}", borrowed=borrowed)
            return corpus.record_attempt(round, attempt(of, proof=one, ordinal=ordinal)).proof_id or 0

        first = prove(a, "rfl", source="seed")
        second = prove(b, "simp", first)
        prove(b, "omega", ordinal=1)
        prove(c, "decide", second)
        prove(d, "rfl")
        archive(corpus, take_snapshot(corpus, POLICY).hash, tmp_path / "made.zip", lambda p: f"term {p.content_hash}")
    return tmp_path / "made.zip"


def lent(corpus: Corpus) -> list[tuple[str, str, int]]:
    found = lendable(corpus, take_snapshot(corpus).hash)
    return [(one.theorem.name, one.term, len(one.borrowed)) for one in found]


def test_lemmas_come_along_though_they_are_not_of_the_snapshot(corpus: Corpus, made: Path) -> None:
    done = import_archive(corpus, made)
    assert (done.proofs, done.new, done.frozen) == (4, 5, True)
    assert verify(corpus, done.snapshot) == 4
    assert lent(corpus) == [
        ("train_0", "own train_0 rfl", 0),
        ("train_1", "own train_1 simp", 1),
        ("train_2", "own train_2 decide", 1),
        ("train_3", "own train_3 rfl", 0),
    ]
    (last,) = [line.id for line in list_proofs(corpus).proofs if line.theorem == "train_2"]
    assert [(one.theorem, one.named) for one in show_proof(corpus, last).lemmas] == [
        ("train_1", True),
        ("train_0", False),
    ]
    again = import_archive(corpus, made)
    assert (again.new, again.known, again.frozen) == (0, 5, True)


def test_it_comes_out_with_the_same_bytes(corpus: Corpus, made: Path, tmp_path: Path) -> None:
    done = import_archive(corpus, made)
    archive(corpus, done.snapshot, tmp_path / "again.zip", lambda p: f"term {p.content_hash}")
    assert (tmp_path / "again.zip").read_bytes() == made.read_bytes()


def test_an_archive_lends_as_the_corpus_did(made: Path, tmp_path: Path) -> None:
    with Corpus.open(str(tmp_path / "made.db")) as original, archive_as_corpus(made) as (copy, snapshot):
        ours, theirs = lendable(original, snapshot), lendable(copy, snapshot)
    assert [(one.theorem, one.term) for one in ours] == [(one.theorem, one.term) for one in theirs]
    assert len(ours) == 1, "what rests on a lemma outside of the snapshot is not lent"


def test_who_borrows_of_what_the_guard_withholds_is_withheld(sqlite_corpus: Corpus, made: Path) -> None:
    sqlite_corpus.set_guard(
        [sha("train_0 statement"), *proof(fill(sqlite_corpus)["train"][0], "rfl").steps[0].goal_hashes]
    )
    done = import_archive(sqlite_corpus, made)
    assert (done.withheld, done.new, done.frozen) == (3, 2, False)
    with sqlite_corpus.engine.connect() as connection:
        statuses = connection.exec_driver_sql("SELECT count(*) FROM attempt WHERE status = 'withheld'").scalar_one()
    assert statuses == 3 and AttemptStatus.WITHHELD == "withheld"


def of_theorem(name: str, change: Callable[[dict], None]) -> Callable[[bytes], bytes]:
    return each_line(lambda line: change(line) if line["theorem"] == name else None)


def without(name: str) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        return b"".join(line for line in content.splitlines(keepends=True) if json.loads(line)["theorem"] != name)

    return apply


FORGERIES = {
    "a lemma less": (without("train_0"), "borrows a lemma that does not stand before it"),
    "a lemma after its borrower": (
        lambda content: b"".join(reversed(content.splitlines(keepends=True))),
        "borrows a lemma that does not stand before it",
    ),
    "a lemma that is none": (
        of_theorem("train_1", lambda line: line.update(borrowed=["0" * 64])),
        "does not stand before",
    ),
    "a changed lemma": (
        of_theorem("train_0", lambda line: line["steps"][0].update(tactic="sorry")),
        "not what its hash",
    ),
    "another own part": (
        of_theorem("train_0", lambda line: line.update(own="0" * 64)),
        "own part of train_0 was changed",
    ),
    "no own part": (of_theorem("train_0", lambda line: line.update(own="")), "no own part"),
    "one that borrows itself": (
        of_theorem("train_3", lambda line: line.update(borrowed=[line["content_hash"]])),
        "does not stand before",
    ),
    "a lemma as a member": (of_theorem("train_0", lambda line: line.update(member=True)), "do not hash to"),
    "a member as a lemma": (of_theorem("train_1", lambda line: line.update(member=False)), "do not hash to"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_missing_or_changed_lemma_is_refused(sqlite_corpus: Corpus, made: Path, tmp_path: Path, name: str) -> None:
    change, said = FORGERIES[name]
    forged = rewritten(made, tmp_path / "forged.zip", proofs=change)
    with pytest.raises((NoArchive, ImportRefused), match=said) as refused:
        import_archive(sqlite_corpus, forged)
    assert "\n" not in str(refused.value)
    assert not sqlite_corpus.benchmarks() and not sqlite_corpus.runs() and not snapshots(sqlite_corpus)


def test_an_archive_of_the_first_format_is_read(sqlite_corpus: Corpus, tmp_path: Path) -> None:
    """Its proofs are in the order of their hashes, and their lines know nothing of lemmas."""
    with Corpus.open(str(tmp_path / "old.db")) as corpus:
        a, b, *_ = fill(corpus)["train"]
        round = start_round(corpus, [a, b])
        for one in (a, b):
            corpus.record_attempt(round, attempt(one, proof=proof(one)))
        taken = take_snapshot(corpus)
        archive(corpus, taken.hash, tmp_path / "new.zip")

    def older(content: bytes) -> bytes:
        lines = [json.loads(line) for line in content.splitlines()]
        kept = [{k: v for k, v in line.items() if k not in ("borrowed", "own", "member")} for line in lines]
        kept.sort(key=lambda line: line["content_hash"])
        return b"".join(json.dumps(line).encode() + b"\n" for line in kept)

    def manifest(content: bytes) -> bytes:
        found = json.loads(content) | {"format": FORMATS[1]}
        return json.dumps({k: v for k, v in found.items() if k != "borrowers"}).encode()

    old = rewritten(tmp_path / "new.zip", tmp_path / "old.zip", proofs=older, manifest=manifest)
    assert import_archive(sqlite_corpus, old).frozen
    assert verify(sqlite_corpus, taken.hash) == 2
