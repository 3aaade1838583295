"""Headers of theorems: stored once, part of every hash, and on their way in archives and merges."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from samples import attempt, proof, sha, start_round, theorem, under_header
from sqlalchemy import func, select

from corpus import schema
from corpus.archive import NoArchive, open_archive
from corpus.errors import Conflict, CorpusError, ImportRefused
from corpus.exchange import archive, import_archive
from corpus.merge import merge
from corpus.query import show_proof
from corpus.records import TheoremRecord
from corpus.snapshot import snapshot_proofs, take_snapshot, verify
from corpus.store import Corpus

sys.path.insert(0, str(Path(__file__).parents[1]))
from rewrite_zip import each_line, rewritten

THEOREMS = [
    under_header("f_1"),
    under_header("f_2"),
    under_header("g", body="n"),
    theorem("plain"),
    under_header("held", "test"),
]


def prove(corpus: Corpus) -> str:
    """A corpus with two proofs under a header and one without; the hash of its snapshot."""
    corpus.add_benchmark("own", "1", "library", THEOREMS)
    corpus.start_run("run", {})
    proved = [THEOREMS[0], THEOREMS[2], THEOREMS[3]]
    round = start_round(corpus, proved, benchmark="own")
    for one in proved:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    return take_snapshot(corpus).hash


def headers(corpus: Corpus) -> int:
    with corpus.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(schema.Header)) or 0


def test_a_header_is_stored_once_and_comes_back_with_every_theorem(corpus: Corpus) -> None:
    snapshot = prove(corpus)
    assert corpus.theorems("own") == THEOREMS and headers(corpus) == 2
    assert corpus.add_benchmark("own", "1", "library", THEOREMS).theorems == 5
    corpus.add_benchmark("again", "1", "library", THEOREMS[:2])
    assert headers(corpus) == 2
    stored = {one.theorem.name: one for one in snapshot_proofs(corpus, snapshot)}
    assert stored["f_1"].theorem == THEOREMS[0]
    assert stored["f_1"].certificate.header_digest == THEOREMS[0].header.digest  # type: ignore[union-attr]
    assert stored["plain"].certificate.header_digest == "" and stored["plain"].theorem.header is None
    assert show_proof(corpus, stored["g"].id).proof.theorem.header == THEOREMS[2].header


WRONG = {
    "no header": lambda one: replace(one, header=None),
    "no need": lambda one: replace(theorem("x"), header=one.header),
    "another key": lambda one: replace(one, environment="Init,Std#0000000000000000"),
    "another digest": lambda one: replace(one, header=replace(one.header, digest=sha("other"))),
    "other declarations": lambda one: replace(one, header=replace(one.header, ndjson="{}\n")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_theorem_whose_header_is_not_its_own_is_refused(sqlite_corpus: Corpus, name: str) -> None:
    wrong: Callable[[TheoremRecord], TheoremRecord] = WRONG[name]
    with pytest.raises(ValueError, match="header"):
        sqlite_corpus.add_benchmark("own", "1", "library", [THEOREMS[0], wrong(under_header("x", body="n + 2"))])
    assert not sqlite_corpus.benchmarks()


def test_two_texts_under_one_key_are_refused(sqlite_corpus: Corpus) -> None:
    """The key has 64 bits of a hash: somebody can find two."""
    a = THEOREMS[0]
    assert a.header is not None
    other = replace(a, name="other", header=replace(a.header, text="def f := 0"))
    for theorems in ([a, other], [other]):
        with pytest.raises(Conflict, match="Two headers"):
            sqlite_corpus.add_benchmark("one", "1", "library", [a])
            sqlite_corpus.add_benchmark("two", "1", "library", theorems)


def test_another_lean_may_read_the_same_text_otherwise(sqlite_corpus: Corpus) -> None:
    a = THEOREMS[0]
    assert a.header is not None
    other = replace(a, header=replace(a.header, ndjson="other\n", digest=sha("other\n")))
    sqlite_corpus.add_benchmark("own", "1", "library", [a])
    sqlite_corpus.add_benchmark("own", "2", "library 2", [other])
    assert sqlite_corpus.theorems("own@1") == [a] and sqlite_corpus.theorems("own@2") == [other]


def test_a_benchmark_under_another_header_is_another_benchmark(sqlite_corpus: Corpus) -> None:
    sqlite_corpus.add_benchmark("own", "1", "library", [under_header("x")])
    with pytest.raises(Conflict, match="other content"):
        sqlite_corpus.add_benchmark("own", "1", "library", [under_header("x", body="n + 2")])


def test_a_certificate_about_another_header_is_refused(sqlite_corpus: Corpus) -> None:
    a, _, g, *_ = THEOREMS
    sqlite_corpus.add_benchmark("own", "1", "library", THEOREMS)
    sqlite_corpus.start_run("run", {})
    round = start_round(sqlite_corpus, [a], benchmark="own")
    for other in (g, theorem("plain")):
        with pytest.raises(CorpusError, match="header of other declarations"):
            sqlite_corpus.record_attempt(
                round, attempt(a, proof=replace(proof(a), certificate=proof(other).certificate))
            )
    assert sqlite_corpus.record_attempt(round, attempt(a, proof=proof(a))).new_proof


def test_the_snapshot_covers_the_headers(tmp_path: Path) -> None:
    """The same proofs of the same names under another header are another set."""
    found = []
    for body in ("n + 1", "n + 2"):
        a = replace(under_header("x", body=body), statement_hash=sha("the same"))
        with Corpus.open(str(tmp_path / f"{len(found)}.db")) as corpus:
            corpus.add_benchmark("own", "1", "library", [a])
            corpus.start_run("run", {})
            corpus.record_attempt(start_round(corpus, [a], benchmark="own"), attempt(a, proof=proof(a)))
            found.append(take_snapshot(corpus).hash)
    assert found[0] != found[1]


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, str]:
    with Corpus.open(str(tmp_path / "made.db")) as corpus:
        snapshot = prove(corpus)
        archive(corpus, snapshot, tmp_path / "made.zip")
    return tmp_path / "made.zip", snapshot


def test_headers_travel_in_an_archive_each_once(corpus: Corpus, made: tuple[Path, str], tmp_path: Path) -> None:
    file, snapshot = made
    with open_archive(file) as opened:
        assert [one.text for one in opened.headers] == [THEOREMS[i].header.text for i in (0, 2)]  # type: ignore[union-attr]
    done = import_archive(corpus, file)
    assert done.frozen and corpus.theorems("own") == THEOREMS and verify(corpus, snapshot) == 3
    archive(corpus, snapshot, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


def text_of(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    return each_line(lambda line: line["header"].update(text=change(line["header"]["text"])))


FORGERIES = {
    "a byte of its text": {"headers": text_of(lambda text: text.replace("1", "2"))},
    "its declarations": {"headers": each_line(lambda line: line["header"].update(ndjson="{}"))},
    "its declarations and digest": {
        "headers": each_line(lambda line: line["header"].update(ndjson="{}", digest=sha("{}")))
    },
    "its key": {"headers": each_line(lambda line: line["header"].update(key="Init#0000000000000000"))},
    "a header less": {"headers": lambda content: content.splitlines(keepends=True)[0]},
    "all in another order": {"headers": lambda content: b"".join(reversed(content.splitlines(keepends=True)))},
    "another number": {"benchmark": each_line(lambda line: line.update(header=1) if "theorem" in line else None)},
    "a number below": {"benchmark": each_line(lambda line: line.update(header=-1) if "theorem" in line else None)},
    "within the theorem": {
        "benchmark": each_line(
            lambda line: (
                line["theorem"].update(header={"key": "", "text": "", "ndjson": "", "digest": ""})
                if "theorem" in line
                else None
            )
        )
    },
    "no header": {"benchmark": each_line(lambda line: line.update(header=None) if "theorem" in line else None)},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_changed_header_is_refused_although_checksums_hold(
    sqlite_corpus: Corpus, made: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    forged = rewritten(made[0], tmp_path / "forged.zip", **FORGERIES[name])
    with pytest.raises((NoArchive, ImportRefused)):
        import_archive(sqlite_corpus, forged)
    assert not sqlite_corpus.benchmarks() and not headers(sqlite_corpus)


def test_a_merge_takes_headers_along(corpus: Corpus, tmp_path: Path) -> None:
    with Corpus.open(str(tmp_path / "other.db")) as other:
        snapshot = prove(other)
        assert merge(corpus, other).proofs == 3
        assert merge(corpus, other).proofs == 0
    assert corpus.theorems("own") == THEOREMS and headers(corpus) == 2 and verify(corpus, snapshot) == 3
