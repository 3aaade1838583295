"""Goals that a search closed although it did not prove its theorem. HyperTree Proof Search learns from the proofs of
all solved nodes, too (Lample et al. 2022, arXiv:2205.11491).

    closed_goals(search.problems.values())      # at most 8, those with the longest proofs first

The tactics closed the goal in a state that had others beside it. That they prove it by itself is a claim like any
other: whoever learns from it states the goal and asks the gate (training/data/goal_round.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prover.search.and_or_nodes import Problem, Proof, Status
from prover.search.equivalence import has_metavariables

#: Of one search; and how long a goal may print.
MOST_GOALS, _MOST_CHARACTERS = 8, 2_000
#: A goal that one tactic closes says little: most of them are `exact h`.
_LEAST_STEPS = 2


@dataclass(frozen=True, slots=True)
class ClosedGoal:
    """A goal as it was printed, and the tactics that closed it, in the order in which they ran."""

    goal: str
    tactics: tuple[str, ...]


def closed_goals(problems: Iterable[Problem]) -> tuple[ClosedGoal, ...]:
    """The goals whose proof is no part of another goal's, at most MOST_GOALS of them, the longest proofs first."""
    proofs = [one.proof for one in problems if one.status is Status.PROVED and one.proof is not None]
    inside = _inside(proofs)
    found = {
        ClosedGoal(proof.text, tuple(step.step.tactic for step in proof.script()))
        for proof in proofs
        if proof.size == 1
        and proof.text not in inside
        and len(proof.text) <= _MOST_CHARACTERS
        and not has_metavariables(proof.text)
    }
    long = [one for one in found if len(one.tactics) >= _LEAST_STEPS]
    return tuple(sorted(long, key=lambda one: (-len(one.tactics), one.goal, one.tactics))[:MOST_GOALS])


def _inside(proofs: Iterable[Proof]) -> set[str]:
    """The goals that stand somewhere below another one. Each is gone into once: a long search has thousands."""
    found: set[str] = set()
    pending = [part for proof in proofs for part in proof.parts]
    while pending:
        part = pending.pop()
        if part.text not in found:
            found.add(part.text)
            pending.extend(part.parts)
    return found
