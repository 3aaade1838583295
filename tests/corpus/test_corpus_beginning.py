"""A run takes over the beginning of another: rounds before M_0, M_0, and how it was judged; nothing that came later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from samples import attempt, fill, proof, search_tree, sha, start_round

from corpus.attempts import attempts_at, show_attempt
from corpus.beginning import TAKEN_FROM, take_m_0, take_round_0
from corpus.errors import NotFound
from corpus.records import AttemptStatus, RoundKind, RoundRecord
from corpus.round_results import outcomes
from corpus.snapshot import SnapshotFilter, take_snapshot
from corpus.store import Corpus

MINE = {"steps": 64, "config_hash": sha("mine")}
JUDGED = {"M_0", "health"}


def finished(corpus: Corpus, *args: Any, found: bool = True, **changes: Any) -> RoundRecord:
    """A round that tried all its theorems, the first of them twice at first."""
    theorems = args[0]
    round = start_round(corpus, *args, **changes)
    corpus.record_attempt(round, attempt(theorems[0], AttemptStatus.ERROR))
    for one in theorems:
        trees = (search_tree(one),)
        corpus.record_attempt(round, replace(attempt(one, proof=proof(one) if found else None), trees=trees))
    return corpus.finish_round(round)


def generation(corpus: Corpus, run: str, number: int = 0, parent: int | None = None) -> int:
    """M_number, trained on all that the run has proved."""
    return corpus.start_generation(
        run=run,
        number=number,
        parent=parent,
        recipe="expert-iteration",
        config={"epochs": 2},
        config_hash=sha("theirs"),
        seeds={"train": 7},
        versions={"python": "3.11"},
        snapshot_hash=take_snapshot(corpus, SnapshotFilter(run=run)).hash,
    )


def source(corpus: Corpus) -> dict[str, RoundRecord]:
    """Run `run`: round 0, M_0, its evaluation, its first round, and M_1."""
    split = fill(corpus)
    theirs = {"steps": 64, "config_hash": sha("theirs")}
    rounds = {"round 0": finished(corpus, split["train"][:2], config=theirs, arm="grammar", seed=3)}
    m_0 = generation(corpus, "run")
    corpus.finish_generation(m_0, model_path="run/M_0", model_hash=sha("weights"), metrics={"states": 4})
    judged = {"generation_id": m_0, "kind": RoundKind.EVAL}
    rounds["judged"] = finished(corpus, split["valid"], arm="M_0", **judged)
    rounds["at length"] = finished(corpus, split["valid"], arm="M_0 at the whole budget", **judged)
    rounds["health"] = start_round(corpus, split["valid"], arm="health", **judged)  # not yet finished
    rounds["searched"] = finished(corpus, split["train"], generation_id=m_0, config=theirs)
    rounds["guest"] = finished(corpus, split["train"], arm="guest policy", config=theirs)
    generation(corpus, "run", 1, m_0)
    corpus.start_run("other", {"arm": 2})
    return rounds


def take(corpus: Corpus, run: str = "other") -> bool:
    return take_m_0(corpus, run, "run", MINE["config_hash"], "other/M_0", JUDGED)


def test_what_the_run_would_do_first_is_there_and_nothing_else(corpus: Corpus) -> None:
    rounds = source(corpus)
    assert take(corpus)
    grammar, judged = corpus.rounds("other")
    (m_0,) = corpus.generations("other")
    theirs = corpus.generations("run")[0]
    assert (m_0.model_hash, m_0.snapshot_hash) == (theirs.model_hash, theirs.snapshot_hash)
    assert (m_0.model_path, m_0.config_hash) == ("other/M_0", MINE["config_hash"])
    assert m_0.metrics == {"states": 4, TAKEN_FROM: "run"} and m_0.finished_at == theirs.finished_at
    # Asked for as the run asks, each is the one that was taken, and has nothing left to do.
    train, valid = corpus.theorems("core", "train"), corpus.theorems("core", "valid")
    same = {"run": "other", "config": MINE, "arm": "grammar", "seed": 3}
    assert start_round(corpus, train, **same).id == grammar.id
    assert start_round(corpus, valid, RoundKind.EVAL, run="other", generation_id=m_0.id, arm="M_0").id == judged.id
    assert corpus.pending(grammar) == corpus.pending(judged) == []
    assert grammar.selected == rounds["round 0"].selected and grammar.finished_at is not None
    for mine, its in ((grammar, rounds["round 0"]), (judged, rounds["judged"])):
        assert outcomes(corpus, mine) == outcomes(corpus, its)
    # The same proofs, and so the same snapshot.
    assert take_snapshot(corpus, SnapshotFilter(run="other")).hash == m_0.snapshot_hash


def test_each_attempt_keeps_its_own_tree(corpus: Corpus) -> None:
    source(corpus)
    take(corpus)
    theorem_id = show_attempt(corpus, 2).theorem_id
    lines = [one for one in attempts_at(corpus, theorem_id) if one.arm == "grammar"]
    assert [(one.run, one.status) for one in lines] == [
        (run, status) for run in ("run", "other") for status in (AttemptStatus.ERROR, AttemptStatus.PROVED)
    ]
    assert [one.tree for one in lines] == [False, True, False, True]
    first, second = (show_attempt(corpus, one.id) for one in lines if one.tree)
    assert first.trees == second.trees and first.trees is not None
    assert first.theorem in first.trees[0].states[0].text


def test_round_0_may_be_taken_by_itself(corpus: Corpus) -> None:
    rounds = source(corpus)
    assert take_round_0(corpus, "other", "run", MINE["config_hash"])
    (grammar,) = corpus.rounds("other")
    same = {"run": "other", "config": MINE, "arm": "grammar", "seed": 3}
    assert start_round(corpus, corpus.theorems("core", "train"), **same).id == grammar.id
    assert outcomes(corpus, grammar) == outcomes(corpus, rounds["round 0"]) and corpus.pending(grammar) == []
    assert corpus.generations("other") == []
    assert not take_round_0(corpus, "other", "run", MINE["config_hash"]), "it has begun"
    assert not take(corpus)


def test_a_run_that_has_begun_takes_nothing_and_one_without_m_0_gives_round_0_at_most(corpus: Corpus) -> None:
    split = fill(corpus)["train"]
    corpus.start_run("other", {})
    assert not take_round_0(corpus, "other", "run", MINE["config_hash"]), "there is none"
    round = start_round(corpus, split, config={"config_hash": sha("theirs")}, arm="grammar")
    assert not take_round_0(corpus, "other", "run", MINE["config_hash"]), "it is not finished"
    for one in split:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    corpus.finish_round(round)
    assert not take(corpus), "the source has no M_0"
    m_0 = generation(corpus, "run")
    assert not take(corpus), "it has no weights yet"
    corpus.start_run("third", {})
    assert take_round_0(corpus, "third", "run", MINE["config_hash"])
    assert corpus.rounds("other") == []
    corpus.finish_generation(m_0, model_path="run/M_0", model_hash=sha("weights"), metrics={})
    assert take(corpus)
    before = corpus.rounds("other")
    assert not take(corpus), "it has begun"
    assert corpus.rounds("other") == before and len(before) == 1
    with pytest.raises(NotFound):
        take(corpus, run="not started")
