"""What a run's rounds have solved so far: distinct train theorems, by rung, retracted proofs left out."""

from __future__ import annotations

from dataclasses import replace

from samples import attempt, proof, start_round, theorem

from corpus.climb import NO_RUNG, climb
from corpus.records import RoundKind, TheoremRecord
from corpus.store import Corpus

EASY, HARD, PLAIN = (
    replace(theorem("easy"), extra={"rung": 0}),
    replace(theorem("difficult"), extra={"rung": 7}),
    theorem("plain"),
)


def test_rounds_add_up_and_what_is_retracted_does_not_count(sqlite_corpus: Corpus) -> None:
    corpus = sqlite_corpus
    corpus.add_benchmark("core", "1", "library", [EASY, HARD, PLAIN])
    corpus.start_run("run", {})
    rounds: list[tuple[RoundKind, list[tuple[TheoremRecord, bool]]]] = [
        (RoundKind.TRAIN, [(EASY, True), (HARD, False)]),
        (RoundKind.TRAIN, [(HARD, True), (EASY, False), (PLAIN, False)]),
        (RoundKind.EVAL, [(PLAIN, True)]),
    ]
    proofs: dict[str, int] = {}
    for seed, (kind, found) in enumerate(rounds):
        round = start_round(corpus, [one for one, _ in found], kind, seed=seed)
        for one, proved in found:
            recorded = corpus.record_attempt(round, attempt(one, proof=proof(one) if proved else None))
            if recorded.proof_id is not None:
                proofs[one.name] = recorded.proof_id
    first, second = climb(corpus, "run")
    assert (first.tried, first.solved, first.steps) == ({0: 1, 7: 1}, {0: 1}, 5 + 64)
    assert (second.tried, second.solved) == ({NO_RUNG: 1, 0: 1, 7: 1}, {0: 1, 7: 1})
    assert second.rate == 2 / 3 and second.steps == 2 * (5 + 64) + 64
    corpus.retract(proofs[HARD.name], "a test")
    assert climb(corpus, "run")[-1].solved == {0: 1}
