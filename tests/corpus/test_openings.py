"""How the proofs of a round begin: with the first step that was a choice."""

from __future__ import annotations

from corpus.health import openings_in
from corpus.records import AttemptStatus
from corpus.store import Corpus
from tests.corpus.samples import attempt, fill, proof, start_round
from training.health.measure import forced


def test_an_opening_is_the_first_step_that_was_chosen(corpus: Corpus) -> None:
    theorems = fill(corpus)["train"]
    round = start_round(corpus, theorems)
    first, second, third, open_one = theorems
    for record in (
        attempt(first, proof=proof(first, "intros", "rotate_left 1", "cases h", "exact h")),
        attempt(first, proof=proof(first, "intros", "apply f"), ordinal=1),
        attempt(second, proof=proof(second, "intro a", "rfl")),
        attempt(third, proof=proof(third, "intros")),
        attempt(open_one, AttemptStatus.UNPROVED),
    ):
        corpus.record_attempt(round, record)

    def heads(**how: object) -> dict[str, list[str | None]]:
        tries = openings_in(corpus, round, **how)  # type: ignore[arg-type]
        return {name: [one and one[1] for one in each] for name, each in tries.items()}

    assert heads() == {
        first.name: ["rotate_left", "apply"],
        second.name: ["intro"],
        third.name: [""],
        open_one.name: [None],
    }
    assert heads(forced=lambda _state, tactic: tactic.startswith(("intro", "rotate_left"))) == {
        first.name: ["cases", "apply"],
        second.name: ["rfl"],
        third.name: [""],
        open_one.name: [None],
    }


def test_what_loses_nothing_is_no_choice_and_what_may_lose_is_one() -> None:
    state = "p q r : Prop\nh : p ∧ q\nk : p ∨ r\n⊢ q ∧ p\n\ncase right\np q : Prop\n⊢ p"
    assert all(forced(state, tactic) for tactic in ("constructor", "cases h", "rotate_left 1", "intro x"))
    assert not any(forced(state, tactic) for tactic in ("cases k", "exact h.2", "by_cases p"))
    assert not forced("no goals", "constructor")
