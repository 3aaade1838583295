"""What trained generations give the steps of stored proofs."""

from __future__ import annotations

from pathlib import Path

from corpus.records import StoredProof
from corpus.scores import StepScore
from prover.actions.space import ActionSpace, Situation
from prover.policies.ranker.policy import RankerPolicy
from prover.rounds.plan import theorem_of


def load(folder: Path, space: ActionSpace) -> RankerPolicy:
    """Raises CheckpointError, also for a model of another repertoire."""
    from prover.policies.ranker.checkpoint import load_ranker

    return load_ranker(folder, space)


def score(proof: StoredProof, policy: RankerPolicy, space: ActionSpace) -> list[StepScore]:
    """One score a step: the network's own log-probability among all actions that the search would have been offered in
    that state. Lemmas that a run lent are not offered here."""
    environment = theorem_of(proof.theorem, proof.benchmark).environment
    return [_score(policy, space.look(environment, step.state), step.tactic) for step in proof.steps]


def _score(policy: RankerPolicy, situation: Situation, tactic: str) -> StepScore:
    action = situation.find(tactic)
    if action is None:
        return StepScore(None, None)
    scores = policy.log_probs(situation)
    return StepScore(float(scores[action]), 1 + int((scores > scores[action]).sum()))
