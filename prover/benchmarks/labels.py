"""Labels that loaded rows bring along, beside what is certified: a label that a certified proof contradicts.

Rows that are contradicted when they are loaded never become theorems (`prover.benchmarks.external`). These are rows
whose contradiction came later: a proof of the statement that the label denies was found, in this benchmark or another.
Nothing of them is removed. Reports say so loudly and count without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.certified import CertifiedStatement, certified
from corpus.records import TheoremRecord
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A row, the names of all its theorems, and the proof of the one that its label denies."""

    place: str
    theorems: tuple[str, ...]
    denied: str
    proof: CertifiedStatement

    @property
    def text(self) -> str:
        return (
            f"LABEL CONTRADICTED: {self.place} says that {self.denied} does not hold, and it is certified: "
            f"{reason(self.proof)}. Its theorems {', '.join(self.theorems)} are kept apart from all counts; "
            f"look with `flywheel corpus show {self.proof.proof_id}`"
        )


def reason(proof: CertifiedStatement) -> str:
    """Which certified proof it is."""
    return f"{proof.theorem} of {proof.benchmark} (proof {proof.proof_id})"


def contradicted(corpus: Corpus, theorems: Iterable[TheoremRecord]) -> list[Contradiction]:
    """The rows among these theorems with a label that a believed proof of this corpus contradicts, in their order."""
    listed = [one for one in theorems if "label" in one.extra]
    denied = {one.statement_hash: one for one in listed if one.extra["label"] == "false"}
    proofs = {one.statement_hash: one for one in certified(corpus.engine, denied)}
    return [
        Contradiction(
            str(one.extra["place"]),
            tuple(other.name for other in listed if other.extra["place"] == one.extra["place"]),
            one.name,
            proofs[one.statement_hash],
        )
        for one in listed
        if one.extra["label"] == "false" and one.statement_hash in proofs
    ]
