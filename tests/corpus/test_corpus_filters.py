"""Samples, what filters say of them, and how filters compare with the kernel."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from samples import attempt, fill, proof, sha, start_round

from corpus.filters import filter_rates
from corpus.merge import merge
from corpus.records import AttemptStatus, RoundKind
from corpus.samples import FilterVerdict, samples_of, store_verdicts
from corpus.snapshot import take_snapshot
from corpus.store import Corpus
from prover.cli.main import run


def sample(text: str, verdict: str) -> dict:
    return {"text": text, "tactics": [text], "log_prob": -1.5, "count": 1, "verdict": verdict, "reason": ""}


def sampled(theorem, *verdicts: str, status=AttemptStatus.UNPROVED):
    stats = {"state": f"⊢ {theorem.name}", "samples": [sample(f"t{n}", one) for n, one in enumerate(verdicts)]}
    return replace(attempt(theorem, status), stats=stats)


@pytest.fixture
def filled(path):
    with Corpus.open(str(path)) as corpus:
        splits = fill(corpus)
        a, b, c, d = splits["train"]
        number = corpus.start_generation(
            run="run",
            number=0,
            parent=None,
            recipe="judge",
            config={},
            config_hash=sha("config"),
            seeds={},
            versions={},
            snapshot_hash=take_snapshot(corpus).hash,
        )
        corpus.finish_generation(number, model_path="m", model_hash=sha("m"), metrics={})
        round = start_round(corpus, [a, b, c, d], generation_id=number)
        corpus.record_attempt(round, sampled(a, "certified", "refused", "unrun"))
        corpus.record_attempt(round, sampled(b, "refused", "open", "rejected"))
        leaking = proof(c, goals=(splits["test"][0].statement_hash,))
        leak = replace(sampled(c, "certified", status=AttemptStatus.PROVED), proof=leaking, steps_to_proof=3)
        assert corpus.record_attempt(round, leak).status is AttemptStatus.WITHHELD
        corpus.record_attempt(round, sampled(d, "certified", status=AttemptStatus.ERROR))
        evaluation = start_round(corpus, splits["valid"][:1], RoundKind.EVAL, generation_id=number)
        corpus.record_attempt(evaluation, sampled(splits["valid"][0], "certified"))
        yield corpus


def judge(corpus, accepts):
    store_verdicts(
        corpus, "judge", [FilterVerdict(one, accepts(one), one.log_prob) for one in samples_of(corpus, "run")]
    )


def test_samples_are_those_of_training_rounds_that_may_be_learned_from(filled):
    found = samples_of(filled, "run", 0)
    assert [(one.theorem.name, one.position, one.verdict) for one in found] == [
        ("train_0", 0, "certified"),
        ("train_0", 1, "refused"),
        ("train_0", 2, "unrun"),
        ("train_1", 0, "refused"),
        ("train_1", 1, "open"),
        ("train_1", 2, "rejected"),
    ], "no evaluation, no error, and nothing that touches what is held out"
    assert found[0].certified and not found[2].certified and not found[2].refused and found[4].refused
    assert found[0].state == "⊢ train_0" and samples_of(filled, "run", 1) == []


def test_a_filter_is_counted_against_the_kernel(filled):
    judge(filled, lambda one: (one.position != 2 and one.theorem.name == "train_1") or one.verdict == "certified")
    (rates,) = filter_rates(filled, "run")
    assert (rates.filter, rates.samples, rates.theorems, rates.undecided) == ("judge", 5, 2, 1)
    assert (rates.false_accepts.count, rates.false_accepts.total) == (2, 4) and rates.false_accepts.share == 0.5
    assert (rates.false_rejects.count, rates.false_rejects.total) == (0, 1)
    assert (rates.false_share.count, rates.false_share.total) == (2, 3)
    # train_0 gives 0 of 1 and train_1 2 of 3: drawn twice each in a quarter of the resamples.
    assert (rates.false_accepts.low, rates.false_accepts.high) == (0, pytest.approx(2 / 3))


def test_a_filter_says_one_thing_of_a_sample_and_makes_no_proof(filled):
    judge(filled, lambda one: True)
    judge(filled, lambda one: False)
    (rates,) = filter_rates(filled)
    assert rates.false_accepts.share == 1.0 and rates.false_rejects.share == 0.0, "the first word stays"
    assert take_snapshot(filled).proofs == 0, "what a filter accepts enters no snapshot"


def test_a_merge_takes_verdicts_along_once(filled, tmp_path):
    judge(filled, lambda one: True)
    with Corpus.open(str(tmp_path / "here.db")) as here:
        merge(here, filled)
        merge(here, filled)
        assert filter_rates(here) == filter_rates(filled)


def test_the_command_shows_rates_with_intervals(filled, path, capsys):
    judge(filled, lambda one: True)
    assert run(["corpus", "filters", "--db", str(path), "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["false_accepts"]["share"] == 1.0 and shown["filter"] == "judge"
    assert run(["corpus", "filters", "--db", str(path), "--wide"]) == 0
    assert "100% [100%, 100%] of 4" in capsys.readouterr().out
    assert run(["corpus", "filters", "--db", str(path), "--run", "absent"]) == 2
