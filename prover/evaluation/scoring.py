"""What trained generations give the steps of stored proofs."""

from __future__ import annotations

from pathlib import Path

from corpus.records import GenerationRecord, StoredProof
from corpus.scores import StepScore
from prover.actions.space import ActionSpace, Situation
from prover.policies.folder import CheckpointError, read_meta
from prover.policies.ranker.policy import RankerPolicy
from prover.rounds.plan import theorem_of


def load(model: GenerationRecord, space: ActionSpace) -> RankerPolicy:
    """Raises CheckpointError where a generation's folder holds no ranker over this repertoire, or other weights than
    the corpus knows: what is stored of it stays, so it must be its own."""
    from prover.policies.ranker.checkpoint import load_ranker

    if model.model_path is None:
        raise CheckpointError("it is not finished")
    folder = Path(model.model_path)
    policy = load_ranker(folder, space)
    if read_meta(folder)["weights_sha256"] != model.model_hash:
        raise CheckpointError(f"{folder} holds other weights than those that the corpus knows")
    return policy


def score(proof: StoredProof, policy: RankerPolicy) -> list[StepScore]:
    """One score a step: the network's own log-probability among all actions that the search would have been offered in
    that state. Lemmas that a run lent are not offered here."""
    environment = theorem_of(proof.theorem, proof.benchmark).environment
    return [_score(policy, policy.space.look(environment, step.state), step.tactic) for step in proof.steps]


def _score(policy: RankerPolicy, situation: Situation, tactic: str) -> StepScore:
    action = situation.find(tactic)
    if action is None:
        return StepScore(None, None)
    scores = policy.log_probs(situation)
    return StepScore(float(scores[action]), 1 + int((scores > scores[action]).sum()))
