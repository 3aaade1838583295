"""Statements that are searched on both sides, to be proved and to be denied, until one of them is certified.

Nobody knows beforehand which side holds, so each round gives half of its attempts to either. A statement whose denial
is certified is no longer tried, and the reverse. Both sides certified would be a contradiction: the run stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from corpus.records import AttemptStatus, RoundRecord, TheoremRecord
from corpus.round_results import outcomes
from corpus.store import Corpus
from prover.rounds.matchmaker import History
from training.canaries import CanaryAccepted

#: A certificate was given, whether or not the proof was stored.
_CERTIFIED = (AttemptStatus.PROVED, AttemptStatus.WITHHELD)


class BothSidesCertified(CanaryAccepted):
    """A statement and its denial were both certified: the gate leaks, and nothing is to be trusted. The text names
    it."""


@dataclass(frozen=True, slots=True)
class OpenSide:
    """What a round of one side may try, and why, in words that are stored with the round."""

    theorems: tuple[str, ...]
    why: tuple[str, ...]


def counterparts(theorems: Iterable[TheoremRecord]) -> dict[str, str]:
    """By theorem, the one that says the opposite; only those that have one."""
    return {one.name: str(one.extra["counterpart"]) for one in theorems if "counterpart" in one.extra}


def open_side(theorems: Iterable[TheoremRecord], log: Mapping[str, History], stratum: str) -> OpenSide:
    """The theorems of one side whose opposite is not certified. `log`: the past of both sides."""
    listed = list(theorems)
    opposite = counterparts(listed)
    decided = [one.name for one in listed if (other := log.get(opposite.get(one.name, ""))) and other.proved]
    own = sum(bool(log[one.name].proved) for one in listed)
    left = set(decided)
    why = (
        f"half of the attempts go to each side of a statement until one is certified; this is the side {stratum!r}",
        f"{len(decided)} of {len(listed)} are decided by their other side and not tried",
        f"{own} are certified on this one, {len(listed) - len(decided) - own} are undecided",
    )
    return OpenSide(tuple(one.name for one in listed if one.name not in left), why)


def require_one_side(corpus: Corpus, theorems: Iterable[TheoremRecord], rounds: list[RoundRecord]) -> None:
    """Raises BothSidesCertified where `rounds` have a certificate for a theorem and for its opposite, and quarantines
    all their proofs before. It reads stored rows, so that a resumed run stops here again."""
    opposite = counterparts(theorems)
    certified = {
        outcome.theorem for round in rounds for outcome in outcomes(corpus, round) if outcome.status in _CERTIFIED
    }
    both = sorted(name for name in certified if opposite.get(name) in certified)
    if not both:
        return
    proofs = corpus.quarantine(rounds, f"quarantined: {both[0]} and {opposite[both[0]]} were both certified")
    raise BothSidesCertified(
        f"THE GATE LEAKS. {both[0]} and {opposite[both[0]]} say the opposite of each other, and both were certified. "
        f"All {proofs} proofs of this run are quarantined: they stay stored and no snapshot takes them. Look at both "
        "with `flywheel corpus list` and `corpus show`, and train on nothing before the leak is found."
    )
