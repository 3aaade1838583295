"""Runs a known proof on goals that are the same up to names and order of hypotheses (equivalence.py)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from prover.goal import IDENTIFIER, Local, goal_texts, parse_goal
from prover.search.and_or_nodes import Place, Proof
from prover.search.graph import ProofStep


@dataclass(frozen=True, slots=True)
class Ran:
    """A tactic that Lean took, the `order`-th step of the search. after: all goals of the state that it left, None if
    it left none."""

    after: Place | None
    order: int


#: Runs one step of a proof at a place; None where it fails.
Run = Callable[[Place, ProofStep], Ran | None]


def replay(proof: Proof, place: Place, run: Run) -> Proof | None:
    """The same proof under the names at `place`, whose goals stand first there; None where Lean does not take it."""
    found = _replay(proof, place, run)
    return None if found is None else found[0]


def _replay(proof: Proof, place: Place, run: Run) -> tuple[Proof, Place | None] | None:
    """The proof as it was run, and the goals that are left behind it."""
    step = replace(proof.step, tactic=renamed(proof.step.tactic, renaming(proof.text, place.text)))
    ran = run(place, step)
    if ran is None:
        return None
    left = len(place.goals) - place.size + sum(part.size for part in proof.parts)
    parts: list[Proof] = []
    after = ran.after
    for part in proof.parts:
        if after is None or len(after.goals) != left:
            return None
        found = _replay(part, replace(after, offset=0, size=part.size), run)
        if found is None:
            return None
        parts.append(found[0])
        after = found[1]
        left -= part.size
    if (0 if after is None else len(after.goals)) != left:
        return None
    return Proof(place.text, place.size, step, ran.order, tuple(parts)), after


def renaming(text: str, other: str) -> dict[str, str]:
    """What each hypothesis of some printed goals is called in goals that are the same up to names and order."""
    names: dict[str, str] = {}
    for here, there in zip(goal_texts(text), goal_texts(other), strict=False):
        theirs = parse_goal(there).locals
        same = {(local.name, local.type) for local in theirs}
        seen: Counter[str] = Counter()
        for local in parse_goal(here).locals:
            if (local.name, local.type) not in same:
                alike = _called(theirs, local.type)
                if seen[local.type] < len(alike):
                    names[local.name] = alike[seen[local.type]]
                    seen[local.type] += 1
                elif alike:  # it stands there less often
                    names[local.name] = alike[0]
    return names


def renamed(tactic: str, names: Mapping[str, str]) -> str:
    """The tactic with other names of hypotheses; `h.left` is about h."""

    def other(match: re.Match[str]) -> str:
        head, dot, rest = match.group().partition(".")
        return names.get(head, head) + dot + rest

    return IDENTIFIER.sub(other, tactic) if names else tactic


def _called(locals: tuple[Local, ...], type_: str) -> list[str]:
    return [local.name for local in locals if local.type == type_ and local.accessible]
