"""What a generation may learn from, as it is stored: proofs of a snapshot, statements of the train split."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.guard import held_back
from corpus.human import snapshot_traces
from corpus.records import TheoremRecord
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus
from lean_env.theorem import Environment, Theorem
from prover.actions.repertoire import Repertoire
from prover.rounds.lending import Lending
from prover.rounds.plan import theorem_of
from training.data.dataset import HUMAN_SOURCE, TrainingProof


def training_proofs(
    corpus: Corpus, snapshot_hash: str, repertoire: Repertoire, lending: Lending | None = None
) -> Iterator[TrainingProof]:
    """The proofs of a snapshot, then its steps of people. With `lending`, states are read with what their theorems may
    borrow, as the model that is trained will see them. Raises OutsideRepertoire."""
    for proof in snapshot_proofs(corpus, snapshot_hash):
        repertoire.require(proof.theorem.name, (step.tactic for step in proof.steps))
        theorem = theorem_of(proof.theorem, proof.benchmark)
        theorem = theorem if lending is None else lending(theorem)
        yield TrainingProof(theorem, proof.steps, proof.source)
    for trace in snapshot_traces(corpus, snapshot_hash):
        theorem = Theorem(trace.name, "", Environment.from_key(trace.environment))
        yield TrainingProof(theorem, trace.steps, HUMAN_SOURCE, whole=False)


def trainable(corpus: Corpus, benchmark: str, stratum: str | None = None) -> list[TheoremRecord]:
    """Train theorems but for copies of held-out ones: no snapshot would take their proofs."""
    kept_out = held_back(corpus.engine, benchmark)
    return [one for one in corpus.theorems(benchmark, "train", stratum) if one.name not in kept_out]
