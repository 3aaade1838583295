"""Statements that are known to be false: each round searches for proofs of some, and none may be certified."""

from __future__ import annotations

from corpus.records import AttemptStatus, RoundRecord
from corpus.round_results import outcomes
from corpus.store import Corpus

#: A certificate was given, whether or not the proof was stored.
_CERTIFIED = (AttemptStatus.PROVED, AttemptStatus.WITHHELD)


class CanaryAccepted(Exception):
    """A statement known to be false was proved and certified: the gate leaks, and nothing of this round is to be
    trusted. The text names it."""


def require_none_accepted(corpus: Corpus, canaries: RoundRecord, rounds: list[RoundRecord], number: int) -> None:
    """Raises CanaryAccepted if `canaries` has a certificate, and quarantines the proofs of `rounds` before.

    It reads stored rows, so that a resumed run stops here again.
    """
    found = outcomes(corpus, canaries)
    accepted = [outcome.theorem for outcome in found if outcome.status in _CERTIFIED]
    if not accepted:
        return
    reason = f"quarantined: {accepted[0]}, known to be false, was certified in round {number}"
    proofs = corpus.quarantine(rounds, reason)
    raise CanaryAccepted(
        f"THE GATE LEAKS. Round {number}: {len(accepted)} of {len(found)} statements known to be false were "
        f"certified, {accepted[0]} first. All {proofs} proofs of this round are quarantined: they stay stored "
        "and no snapshot takes them. Look at the false one with `flywheel corpus list` and `corpus show`, "
        "check earlier rounds with `flywheel corpus verify`, and train on nothing before the leak is found."
    )
