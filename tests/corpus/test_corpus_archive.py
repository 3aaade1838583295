"""A snapshot goes into a file and comes out of it elsewhere, whole or not at all; what is none changes nothing."""

from __future__ import annotations

import io
import json
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import attempt, fill, proof, sha, start_round, theorem, trace

from corpus.archive import FREE_BYTES, NoArchive, open_archive
from corpus.errors import Conflict, CorpusError, ImportRefused
from corpus.exchange import archive, archive_as_corpus, import_archive
from corpus.human import snapshot_traces, store_traces
from corpus.lineage import proof_findings
from corpus.proof_list import list_proofs
from corpus.query import stats
from corpus.records import ProofRecord
from corpus.snapshot import SnapshotFilter, snapshot_proofs, snapshots, take_snapshot, verify
from corpus.store import Corpus

sys.path.insert(0, str(Path(__file__).parents[1]))
from rewrite_zip import each_line, rewritten


def prove(corpus: Corpus) -> str:
    """A corpus with proofs and people's steps; the hash of its snapshot."""
    a, b, c, _ = fill(corpus)["train"]
    round = start_round(corpus, [a, b, c])
    for one in (a, b, c):
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    corpus.record_attempt(round, attempt(a, proof=proof(a, "rfl", source="seed"), ordinal=1))
    store_traces(corpus, "core", [trace("x", sha("key")), trace("y")])
    return take_snapshot(corpus, SnapshotFilter(human=("core",))).hash


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, str]:
    with Corpus.open(str(tmp_path / "made.db")) as corpus:
        snapshot = prove(corpus)
        archive(corpus, snapshot, tmp_path / "made.zip", lambda p: f"term of {p.content_hash}\n")
    return tmp_path / "made.zip", snapshot


def empty(corpus: Corpus) -> bool:
    return not corpus.benchmarks() and not corpus.runs() and stats(corpus).attempts == 0 and not snapshots(corpus)


def test_a_snapshot_comes_out_as_it_went_in(corpus, made):
    file, snapshot = made
    done = import_archive(corpus, file)
    assert (done.new, done.known, done.withheld, done.traces, done.frozen) == (4, 0, 0, 2, True)
    assert verify(corpus, snapshot) == 4
    assert sorted(t.name for t in snapshot_traces(corpus, snapshot)) == ["x", "y"]
    a = next(p for p in snapshot_proofs(corpus, snapshot) if p.source == "seed")
    assert a.steps == proof(theorem("train_0"), "rfl", source="seed").steps
    assert take_snapshot(corpus, SnapshotFilter(human=("core",))).hash == snapshot
    again = import_archive(corpus, file)
    assert (again.new, again.known, again.frozen) == (0, 4, True)
    assert stats(corpus).proofs == 4 and len(corpus.runs()) == 1


def test_it_comes_out_of_postgresql_too_with_the_same_bytes(corpus, made, tmp_path):
    file, snapshot = made
    import_archive(corpus, file)
    again = tmp_path / "again.zip"
    archive(corpus, snapshot, again, lambda p: f"term of {p.content_hash}\n")
    assert again.read_bytes() == file.read_bytes()


def test_the_import_is_where_its_proofs_come_from(sqlite_corpus, made):
    file, snapshot = made
    import_archive(sqlite_corpus, file)
    from corpus.database import reading

    with reading(sqlite_corpus.engine) as session:
        for line in list_proofs(sqlite_corpus).proofs:
            (found,) = proof_findings(session, line.id)
            assert found.run == f"import-{snapshot[:12]}" and found.arm == "import"


def test_held_out_statements_come_along_and_are_guarded(sqlite_corpus, made):
    import_archive(sqlite_corpus, made[0])
    held_out = theorem("test_0", "test").statement_hash
    a = sqlite_corpus.theorem("train_3")
    sqlite_corpus.start_run("run", {})
    round = start_round(sqlite_corpus, [a])
    assert sqlite_corpus.record_attempt(round, attempt(a, proof=proof(a, goals=(held_out,)))).status == "withheld"


def test_what_is_held_out_here_is_withheld_and_the_snapshot_is_not_claimed(sqlite_corpus, made):
    file, snapshot = made
    sqlite_corpus.add_benchmark("mine", "1", "library", [])
    sqlite_corpus.set_guard([proof(theorem("train_1")).steps[0].goal_hashes[0]])
    done = import_archive(sqlite_corpus, file)
    assert (done.new, done.withheld, done.frozen) == (3, 1, False) and "withheld 1" in done.reason
    assert snapshot not in {one.hash for one in snapshots(sqlite_corpus)}


def test_a_benchmark_of_other_content_under_the_same_name_is_refused(sqlite_corpus, made):
    sqlite_corpus.add_benchmark("core", "1", "library", [theorem("train_0")])
    with pytest.raises(Conflict, match="other content"):
        import_archive(sqlite_corpus, made[0])
    assert stats(sqlite_corpus).proofs == 0


def test_a_judge_that_refuses_the_last_proof_leaves_nothing_behind(corpus, made):
    asked = []

    def judge(of, line, _lent) -> ProofRecord:
        asked.append(line)
        if len(asked) == 4:
            raise ImportRefused("not certified")
        return proof(of, *(step.tactic for step in line.steps), source=line.source)

    with pytest.raises(ImportRefused):
        import_archive(corpus, made[0], judge)
    assert len(asked) == 4 and empty(corpus)


def test_a_fault_while_writing_leaves_nothing_behind(corpus, made, monkeypatch):
    from corpus import exchange

    def fail(*_: object) -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr(exchange, "freeze_as", fail)
    with pytest.raises(OSError, match="full"):
        import_archive(corpus, made[0])
    assert empty(corpus)


def first(change: Callable[[dict], None]) -> Callable[[bytes], bytes]:
    """Changes the second line of a benchmark (its first theorem), or the first of proofs."""
    done = []

    def once(line: dict) -> None:
        if not done and "library_digest" not in line:
            done.append(change(line))

    return each_line(once)


FORGERIES = {
    "tactic": {"proofs": first(lambda line: line["steps"][0].update(tactic="sorry"))},
    "state": {"proofs": first(lambda line: line["steps"][0].update(state="⊢ False"))},
    "theorem": {"proofs": first(lambda line: line.update(theorem="train_3"))},
    "no such theorem": {"proofs": first(lambda line: line.update(theorem="nothing"))},
    "statement": {"benchmark": first(lambda line: line["theorem"].update(statement="1 = 1"))},
    "split": {"benchmark": each_line(lambda line: line.get("theorem", {}).update(split="test"))},
    "a proof less": {"proofs": lambda content: b"".join(content.splitlines(keepends=True)[1:])},
    "a proof twice": {"proofs": lambda content: content + content.splitlines(keepends=True)[-1]},
    "trace": {"human": first(lambda line: line["trace"]["steps"][0].update(tactic="sorry"))},
    "a trace less": {"human": lambda content: b"".join(content.splitlines(keepends=True)[1:])},
    "benchmark": {"benchmark": first(lambda line: line["theorem"].update(name="train_0' OR 1"))},
    "snapshot": {"manifest": lambda m: json.dumps(json.loads(m) | {"snapshot": "0" * 64}).encode()},
    "format": {"manifest": lambda m: json.dumps(json.loads(m) | {"format": "lean-flywheel archive 9"}).encode()},
    "a field more": {"proofs": first(lambda line: line.update(extra=1))},
    "a field less": {"proofs": first(lambda line: line.pop("source"))},
    "a type": {"proofs": first(lambda line: line["steps"][0].update(heartbeats="many"))},
    "no JSON": {"proofs": lambda content: b"{" + content},
    "deep JSON": {"proofs": lambda content: b"[" * 100_000 + b"]" * 100_000 + b"\n" + content},
    "a line without an end": {"proofs": lambda content: content.rstrip(b"\n")},
    "no text": {"proofs": lambda content: b"\xff\xfe" + content},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused_although_their_checksums_hold(sqlite_corpus, made, tmp_path, name):
    forged = rewritten(made[0], tmp_path / "forged.zip", **FORGERIES[name])
    with pytest.raises((NoArchive, ImportRefused)) as refused:
        import_archive(sqlite_corpus, forged)
    assert "\n" not in str(refused.value)
    assert empty(sqlite_corpus)


def test_a_changed_byte_anywhere_is_noticed_or_changes_nothing(sqlite_corpus, made, tmp_path):
    """A few bytes of a zip say nothing (a time, a version): then what comes out is what went in."""
    file, snapshot = made
    whole = file.read_bytes()
    chance = random.Random(4)
    refused = 0
    for _ in range(150):
        place = chance.randrange(len(whole))
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        (tmp_path / "changed.zip").write_bytes(changed)
        try:
            with open_archive(tmp_path / "changed.zip") as opened:
                for line in opened.proofs():
                    opened.term(line)
                list(opened.traces())
                opened.benchmark(0)
                assert opened.manifest.snapshot == snapshot
        except NoArchive:
            refused += 1
    assert refused > 120
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "short.zip").write_bytes(whole[:length])
        with pytest.raises(NoArchive):
            import_archive(sqlite_corpus, tmp_path / "short.zip")
    assert empty(sqlite_corpus)


def hostile(tmp_path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for info, content in entries:
            file.writestr(info, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.parametrize(
    "entry",
    ["../outside", "/etc/passwd", "terms/../../x.ndjson", "C:\\x", "proofs.jsonl/", "benchmarks/00000.jsonl", "a\0b"],
)
def test_a_name_that_leads_elsewhere_is_refused(sqlite_corpus, tmp_path, entry):
    with pytest.raises(NoArchive, match="no name"):
        import_archive(sqlite_corpus, hostile(tmp_path, (entry, b"x")))
    assert empty(sqlite_corpus)


def test_a_link_is_refused(sqlite_corpus, tmp_path):
    with pytest.raises(NoArchive, match="link"):
        import_archive(sqlite_corpus, hostile(tmp_path, (link("proofs.jsonl"), b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(sqlite_corpus, tmp_path):
    with pytest.raises(NoArchive, match="twice"):
        import_archive(sqlite_corpus, hostile(tmp_path, ("proofs.jsonl", b"1"), ("proofs.jsonl", b"2")))


def test_a_bomb_is_refused_before_it_is_unpacked(sqlite_corpus, tmp_path):
    bomb = hostile(tmp_path, ("proofs.jsonl", bytes(FREE_BYTES * 20)))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(NoArchive, match="unpack"):
        import_archive(sqlite_corpus, bomb)


def test_a_bomb_that_lies_about_its_size_is_refused(sqlite_corpus, tmp_path):
    """The directory says a hundred bytes; the data unpacks to far more."""
    path = hostile(tmp_path, ("manifest.json", bytes(FREE_BYTES)))
    content = bytearray(path.read_bytes())
    for size in (FREE_BYTES,):
        while (place := content.find(size.to_bytes(4, "little"))) >= 0:
            content[place : place + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(NoArchive):
        import_archive(sqlite_corpus, path)


@pytest.mark.parametrize("content", [b"", b"my notes", bytes(1000)])
def test_what_is_no_zip_is_one_line(sqlite_corpus, tmp_path, content):
    (tmp_path / "notes.zip").write_bytes(content)
    with pytest.raises(NoArchive, match="flywheel corpus archive"):
        import_archive(sqlite_corpus, tmp_path / "notes.zip")
    with pytest.raises(NoArchive):
        import_archive(sqlite_corpus, tmp_path / "missing.zip")
    with pytest.raises(NoArchive):
        import_archive(sqlite_corpus, tmp_path)


def test_a_failed_writing_leaves_the_old_file(sqlite_corpus, tmp_path):
    snapshot = prove(sqlite_corpus)
    file = tmp_path / "kept.zip"
    file.write_bytes(b"old")

    def fail(_proof: object) -> str:
        raise RuntimeError("no term")

    with pytest.raises(RuntimeError):
        archive(sqlite_corpus, snapshot, file, fail)
    assert file.read_bytes() == b"old" and [one.name for one in tmp_path.glob("*.partial")] == []
    with pytest.raises(CorpusError, match="no folder"):
        archive(sqlite_corpus, snapshot, tmp_path / "no" / "folder.zip")


def test_an_archive_is_a_corpus_of_its_own_for_a_while(made):
    file, snapshot = made
    with archive_as_corpus(file) as (corpus, hash):
        assert hash == snapshot and verify(corpus, hash) == 4
        folder = Path(corpus.engine.url.database).parent
    assert not folder.exists()


def test_the_bytes_do_not_say_when_or_where(made):
    with zipfile.ZipFile(io.BytesIO(made[0].read_bytes())) as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(b"/" + str(made[0].parent).encode() in file.read(name) for name in file.namelist())
