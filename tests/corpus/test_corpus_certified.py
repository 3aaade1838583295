"""Statements with a believed proof, and what follows where a statement and its denial both have one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import attempt, proof, start_round, theorem

from corpus.certified import certified
from corpus.records import RoundKind, TheoremRecord
from corpus.round_results import history
from corpus.store import Corpus
from training.sides import BothSidesCertified, counterparts, open_side, require_one_side


def _pair(name: str) -> tuple[TheoremRecord, TheoremRecord]:
    one, denial = theorem(name, stratum="prove"), theorem(f"not.{name}", stratum="deny")
    return replace(one, extra={"counterpart": denial.name}), replace(denial, extra={"counterpart": one.name})


TRUE, FALSE, OPEN = _pair("a"), _pair("b"), _pair("c")
PROVE, DENY = [TRUE[0], FALSE[0], OPEN[0]], [TRUE[1], FALSE[1], OPEN[1]]


@pytest.fixture
def corpus(sqlite_corpus: Corpus) -> Corpus:
    sqlite_corpus.add_benchmark("core", "1", "library", [*PROVE, *DENY, theorem("plain")])
    sqlite_corpus.start_run("run", {})
    return sqlite_corpus


def _search(corpus: Corpus, proved: list[TheoremRecord], tried: list[TheoremRecord], seed: int = 1) -> None:
    round = start_round(corpus, tried, seed=seed)
    for one in tried:
        corpus.record_attempt(round, attempt(one, proof=proof(one) if one in proved else None))


def test_a_statement_that_one_side_decides_is_left_alone_by_the_other(corpus: Corpus) -> None:
    _search(corpus, [TRUE[0]], PROVE)
    _search(corpus, [FALSE[1]], DENY, seed=2)
    log = history(corpus, "core", "train", "run")
    prove, deny = open_side(PROVE, log, "prove"), open_side(DENY, log, "deny")
    assert prove.theorems == ("a", "c") and deny.theorems == ("not.b", "not.c")
    assert any("1 of 3 are decided by their other side" in word for word in prove.why)
    assert any("1 are certified on this one, 1 are undecided" in word for word in prove.why)
    assert "half of the attempts" in prove.why[0] and "'deny'" in deny.why[0]


def test_without_counterparts_everything_is_open(corpus: Corpus) -> None:
    log = history(corpus, "core", "train", "run")
    assert counterparts([theorem("plain")]) == {}
    assert open_side([theorem("plain")], log, "").theorems == ("plain",)


def test_both_sides_certified_stop_the_run_and_a_resumed_one_again(corpus: Corpus) -> None:
    _search(corpus, [TRUE[0]], PROVE)
    everything = [*PROVE, *DENY]
    require_one_side(corpus, everything, corpus.rounds("run"))
    # In an evaluation it counts as well.
    round = start_round(corpus, [TRUE[1]], RoundKind.EVAL, seed=3)
    corpus.record_attempt(round, attempt(TRUE[1], proof=proof(TRUE[1])))
    for _ in range(2):
        with pytest.raises(BothSidesCertified, match=r"THE GATE LEAKS\. a and not\.a"):
            require_one_side(corpus, everything, corpus.rounds("run"))
    assert certified(corpus.engine, [one.statement_hash for one in everything]) == []


def test_certified_statements_are_found_by_their_hash_and_not_when_retracted(corpus: Corpus) -> None:
    _search(corpus, [TRUE[0], OPEN[0]], PROVE)
    hashes = [one.statement_hash for one in PROVE]
    found = {one.theorem: one for one in certified(corpus.engine, hashes)}
    assert found.keys() == {"a", "c"} and found["a"].benchmark == "core"
    corpus.retract(found["a"].proof_id, "a test")
    assert [one.theorem for one in certified(corpus.engine, hashes)] == ["c"]
    assert certified(corpus.engine, []) == []
