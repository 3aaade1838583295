"""Which templates a run's rounds tried, and which are in proofs."""

from __future__ import annotations

from dataclasses import replace

from samples import attempt, fill, proof, start_round

from corpus.records import RoundKind
from corpus.store import Corpus
from corpus.template_use import TemplateUse, template_use
from prover.actions.elementary import ELEMENTARY
from training.experiments.run_report import unused_note


def counts(tried: int, advanced: int = 0, proved: int = 0) -> dict[str, int]:
    return {"tried": tried, "advanced": advanced, "proved": proved}


def test_attempts_add_up_and_a_template_in_no_proof_is_named(sqlite_corpus: Corpus) -> None:
    one, two = fill(sqlite_corpus)["train"][:2]
    train = start_round(sqlite_corpus, [one, two])
    stats = {"templates": {"intro": counts(3, 2), "rfl": counts(2, 0, 1), "by_cases": counts(4, 4)}}
    sqlite_corpus.record_attempt(train, replace(attempt(one, proof=proof(one, "intro a", "rfl")), stats=stats))
    sqlite_corpus.record_attempt(train, replace(attempt(two), stats={"templates": {"intro": counts(5, 1)}}))
    aside = start_round(sqlite_corpus, [two], RoundKind.EVAL, seed=2)
    sqlite_corpus.record_attempt(aside, replace(attempt(two, proof=proof(two, "by_cases h : p")), stats=stats))
    use = template_use(sqlite_corpus, "run")
    assert use == {"intro": TemplateUse(8, 3, 1), "rfl": TemplateUse(2, 1, 1), "by_cases": TemplateUse(4, 4, 0)}
    note = unused_note(use, ELEMENTARY)
    assert "by_cases (4)" in note and "constructor (0)" in note and "intro (" not in note
