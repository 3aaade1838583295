"""A matchmaker for train theorems in rungs: steps go where the current model solves some and not all.

    allocation = allocate({0: Probe(8, 8), 1: Probe(4, 8), ...}, 20_000, {0: 64, 1: 64, ...})

A few attempts at each rung by the model that is about to search say what it solves there now. Pass rates of earlier
rounds lag a model behind. A quarter of the steps stays broad, over all rungs. The rest is shared out by p(1 - p), p the
share solved. Numbers to trust and to master are AlphaProof's (Nature 2025), there of single statements, here of a rung.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: A share from fewer attempts is not trusted: the rung counts as half solved.
TRUST = 8
#: A rung all of whose so many attempts or more were proofs is mastered: it only has its part of the broad share.
MASTERY = 12
BROAD = 0.25


@dataclass(frozen=True, slots=True)
class Probe:
    """Attempts at one rung by the current model that came to a verdict."""

    solved: int
    tried: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """attempts: at each rung. broad: steps for all rungs together. why: one sentence a rung, the lowest first."""

    attempts: Mapping[int, int]
    broad: int
    why: tuple[str, ...]


def allocate(probes: Mapping[int, Probe], total: int, steps: Mapping[int, int]) -> Allocation:
    """Shares `total` tactic steps out, where an attempt at a rung takes so many `steps`. What no rung is worth goes to
    the broad share."""
    weights = {rung: _weight(probe) for rung, probe in sorted(probes.items())}
    whole = sum(weights.values())
    frontier = total * (1 - BROAD) if whole else 0.0
    attempts: dict[int, int] = {}
    why = []
    for rung, weight in weights.items():
        attempts[rung] = int(frontier * weight / whole / steps[rung]) if whole else 0
        why.append(f"rung {rung}: {_reason(probes[rung])}; {attempts[rung]} attempts of {steps[rung]} steps")
    spent = sum(attempts[rung] * steps[rung] for rung in attempts)
    return Allocation(attempts, max(0, total - spent), tuple(why))


def _weight(probe: Probe) -> float:
    if probe.tried < TRUST:
        return 0.25
    if probe.solved == probe.tried >= MASTERY:
        return 0.0
    # Half an attempt of each outcome: 0 of 8 is not never.
    share = (probe.solved + 0.5) / (probe.tried + 1)
    return share * (1 - share)


def _reason(probe: Probe) -> str:
    if probe.tried < TRUST:
        return f"{probe.tried} attempts are too few to go by, so it counts as half solved"
    if probe.solved == probe.tried >= MASTERY:
        return f"mastered, {probe.solved} of {probe.tried} solved"
    return f"{probe.solved} of {probe.tried} solved, so p(1 - p) is {_weight(probe):.2f}"
