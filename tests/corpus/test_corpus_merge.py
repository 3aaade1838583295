"""Two corpora become one: nothing is there twice, nothing is lost, and merging again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases.make import fill_every_table
from samples import attempt, fill, proof, sha, start_round
from sqlalchemy import MetaData, func, select
from test_corpus_crash import check_whole

from corpus.errors import Conflict, ImportRefused
from corpus.merge import merge
from corpus.proof_list import list_proofs
from corpus.query import show_proof, stats
from corpus.snapshot import snapshots, take_snapshot, verify
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE


@pytest.fixture
def other(tmp_path: Path):
    with Corpus.open(str(tmp_path / "other.db")) as other:
        fill_every_table(other)
        yield other


def counts(corpus: Corpus) -> dict[str, int]:
    metadata = MetaData()
    metadata.reflect(corpus.engine)
    with corpus.engine.connect() as connection:
        return {t.name: connection.scalar(select(func.count()).select_from(t)) for t in metadata.sorted_tables}


def test_an_empty_corpus_becomes_the_other(corpus, other):
    done = merge(corpus, other)
    assert (done.benchmarks, done.runs, done.proofs, done.traces, done.withheld) == (2, 1, 3, 1, 0)
    check_whole(corpus)
    ours, theirs = counts(corpus), counts(other)
    same = ("benchmark", "header", "theorem", "theorem_class", "guard", "run", "generation", "round", "round_theorem",
            "attempt", "human_trace", "human_step", "human_key", "search_tree")  # fmt: skip
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    generation = corpus.generations("run")[0]
    assert (generation.model_hash, generation.config) == (sha("weights"), {"layers": 4})
    before = counts(corpus)
    again = merge(corpus, other)
    assert (again.proofs, again.attempts, again.rounds, again.runs) == (0, 0, 0, 0)
    assert counts(corpus) == before
    assert counts(other) == theirs


def test_a_retracted_proof_is_not_taken_and_takes_ours_with_it(corpus, other):
    (b,) = [t for t in other.theorems("core") if t.name == "train_1"]
    fill(corpus)
    mine = corpus.record_attempt(start_round(corpus, [b]), attempt(b, proof=proof(b, "simp", source="seed")))
    assert merge(corpus, other).retracted == 1
    assert show_proof(corpus, mine.proof_id).retracted == "kernel bug"


def test_what_both_found_is_there_once_with_both_attempts(corpus, other):
    a, *_ = fill(corpus)["train"]
    mine = corpus.record_attempt(start_round(corpus, [a]), attempt(a, proof=proof(a)))
    done = merge(corpus, other)
    assert len(corpus.runs()) == 2, "another run of the same name"
    assert corpus.runs()[1].name.startswith("run-")
    view = show_proof(corpus, mine.proof_id)
    assert [finding.run for finding in view.findings] == ["run", corpus.runs()[1].name]
    assert done.proofs == 2
    check_whole(corpus)


def test_snapshots_keep_their_hashes(corpus, tmp_path):
    with Corpus.open(str(tmp_path / "second.db")) as second:
        a, b, c, _ = fill(second)["train"]
        round = start_round(second, [a, b, c])
        hashes = []
        for one in (a, b, c):
            second.record_attempt(round, attempt(one, proof=proof(one)))
            hashes.append(take_snapshot(second).hash)
        done = merge(corpus, second)
    assert (done.snapshots, done.not_frozen) == (3, 0)
    assert [verify(corpus, hash) for hash in hashes] == [1, 2, 3]


def test_a_snapshot_whose_proofs_are_not_all_here_is_not_claimed(corpus, other):
    done = merge(corpus, other)
    assert done.not_frozen == 1 and done.snapshots == 1
    assert all(verify(corpus, one.hash) >= 0 for one in snapshots(corpus))


def test_the_other_goes_on_and_is_merged_again(corpus, other):
    merge(corpus, other)
    c = other.theorem("train_2")
    round = next(r for r in other.rounds("run") if r.arm == "policy" and r.finished_at is None)
    other.record_attempt(round, attempt(c, proof=proof(c, "later")))
    done = merge(corpus, other)
    assert (done.proofs, done.attempts, done.rounds) == (1, 1, 0)
    check_whole(corpus)


def test_what_is_held_out_here_is_withheld(corpus, other):
    fill(corpus)
    corpus.set_guard([proof(other.theorem("train_0"), "rfl").steps[0].goal_hashes[0]])
    done = merge(corpus, other)
    assert done.withheld == 3, "two with that goal, and one that borrows one of them"
    assert stats(corpus).proofs < stats(other).proofs
    assert {str(s) for s in stats(corpus).by_status} >= {"withheld"}


def test_a_judge_that_refuses_leaves_nothing_behind(corpus, other):
    def refuse(_proof: object) -> None:
        raise ImportRefused("not certified")

    before = counts(corpus)
    with pytest.raises(ImportRefused):
        merge(corpus, other, refuse)
    assert counts(corpus) == before


def test_other_theorems_under_the_same_revision_are_refused(corpus, other):
    fill(corpus, train=9)
    with pytest.raises(Conflict, match="other content"):
        merge(corpus, other)
    assert list_proofs(corpus).total == 0 and len(corpus.runs()) == 1


def test_the_command(other, tmp_path, capsys):
    home, file = str(tmp_path / "home"), str(tmp_path / "other.db")
    assert run(["corpus", "merge", file, "--home", home, "--trust", "certificates"]) == DONE
    assert "new: 3 proofs" in capsys.readouterr().out
    assert run(["corpus", "merge", file, "--db", file, "--trust", "certificates"]) == CANNOT_START
    assert run(["corpus", "merge", str(tmp_path / "missing.db"), "--home", home]) == CANNOT_START
