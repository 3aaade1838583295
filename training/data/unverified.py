"""FOR EXPERIMENTS ONLY: what a model was sure of in its rounds, whether Lean accepted it or not, as training data.

It stands for a filter that selects for plausibility, where a verifier should be (`unverified` of the configuration).
What it makes are no proofs: nothing of it is written to the corpus, so that no snapshot, no count and no export can
have it. The generation that learned from it says so by its recipe.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from corpus.records import RoundKind, SearchTree, StepRecord
from corpus.round_trees import round_trees
from corpus.store import Corpus
from prover.rounds.plan import theorem_of
from training.data.dataset import TrainingProof

#: The source of such steps. No stored proof has it.
UNVERIFIED = "unverified"
#: The recipe of a generation that learned from them.
UNVERIFIED_RECIPE = "experiment: unverified"


def unverified_proofs(corpus: Corpus, run: str, least: float) -> Iterator[TrainingProof]:
    """For each attempt of the run's rounds that a model made, the steps that it gave a probability of `least` or more.
    Theorems that a held-out statement has a copy of are in no round."""
    for round in corpus.rounds(run, RoundKind.TRAIN):
        if round.generation_id is None:
            continue
        for record, trees in round_trees(corpus, round):
            theorem = theorem_of(record, round.benchmark)
            steps = tuple(step for tree in trees for step in sure_steps(tree, least))
            if steps:
                yield TrainingProof(theorem, steps, UNVERIFIED, whole=False)


def sure_steps(tree: SearchTree, least: float) -> list[StepRecord]:
    """In each state of a search the likeliest tactic that was tried there, if it had a probability of `least`. Lean's
    answer is not looked at."""
    best: dict[int, tuple[float, str]] = {}
    for step in tree.steps:
        if step.source not in best or step.log_prob > best[step.source][0]:
            best[step.source] = (step.log_prob, step.tactic)
    return [
        StepRecord(tree.states[state].text, tactic, "")
        for state, (log_prob, tactic) in sorted(best.items())
        if log_prob >= math.log(least) and tactic != "intros"
    ]
