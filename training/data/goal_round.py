"""Goals that failed searches closed become theorems: stated as Lean text, certified by the gate, learned from.

    store_closed_goals(corpus, lean, searched, stop)

A goal that a search closed was proved in the middle of something else. Here it stands by itself: its printed form is
read by a worker that sees no proof, the tactics are replayed on that, and the gate decides, as with every other proof.
What Lean reads otherwise than it printed it is refused here and only costs time.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from corpus.closed_goals import GOAL_ARM, closed_goals_of
from corpus.guard import classes_of
from corpus.records import RoundKind, RoundRecord
from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from lean_env.benchmark.splits import TRAIN
from lean_env.session.stating import StatementRefused
from lean_env.theorem import Environment, Theorem
from prover.benchmarks.variant_texts import goal_of, statement_of
from prover.lean import Lean
from training.data.given_round import GivenRound, Proved, store_proved

#: What their proofs are credited to.
GOAL_SOURCE = "goal"


@dataclass(frozen=True, slots=True)
class Posed:
    """What became of the goals of one round: `claimed` by its attempts, `posed` as theorems that nobody posed before,
    `refused`, because Lean does not read them or a header stands above them. `pending`: posed, and not yet tried."""

    claimed: int
    posed: int
    refused: int
    pending: int


def store_closed_goals(
    corpus: Corpus,
    lean: Lean,
    searched: RoundRecord,
    stop: threading.Event,
    progress: Callable[[int, int], None] | None = None,
) -> Posed:
    """States, certifies and stores the goals that failed attempts of the round `searched` closed. Of goals that say the
    same, up to names and order, the first counts, and none that an earlier round of the run posed.

    What is stored already is not run again. Theorems with a header have no goals here."""
    # A run has one revision of a benchmark, and the goals of each round are others.
    name = f"goals-{searched.seed:016x}"
    claimed = closed_goals_of(corpus, searched)
    classify = Classes(lean.library)
    seen = _posed_before(corpus, searched)
    posed, refused = [], 0
    for one in claimed:
        text = statement_of(goal_of(one.goal))
        if not text or one.theorem.header is not None:
            refused += 1
            continue
        environment = Environment.from_key(one.theorem.environment)
        theorem = Theorem(_name(environment, text), text, environment, benchmark=name, split=TRAIN)
        try:
            statement = lean.stated(theorem).read()
        except StatementRefused:
            refused += 1
            continue
        says = classify.of(statement.type)
        if says not in seen:
            seen.add(says)
            posed.append(Proved(theorem, statement, one.tactics, says, {"from": one.theorem.name}))
    if not posed:
        return Posed(len(claimed), 0, refused, 0)
    named = GivenRound(
        searched.run, name, GOAL_ARM, GOAL_SOURCE, searched.generation_id, searched.seed, {"closed_in": searched.arm}
    )
    return Posed(len(claimed), len(posed), refused, store_proved(corpus, lean, named, posed, stop, progress))


def _posed_before(corpus: Corpus, searched: RoundRecord) -> set[str]:
    """The classes of what the run's other rounds of this kind posed."""
    found: set[str] = set()
    for round in corpus.rounds(searched.run, RoundKind.TRAIN):
        if round.arm == GOAL_ARM and (round.seed, round.config["closed_in"]) != (searched.seed, searched.arm):
            found.update(classes_of(corpus.engine, round.benchmark).values())
    return found


def _name(environment: Environment, text: str) -> str:
    digest = hashlib.sha256("\n".join([environment.key, text]).encode()).hexdigest()
    return f"goal_{digest[:16]}"
