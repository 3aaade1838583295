"""Preferences between candidates of one state, from stored searches: the step of a proof over what Lean refused there.

BFS-Prover (Xin et al. 2025, arXiv:2502.03438, section 3.3) makes its pairs alike, from siblings in a search tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus.records import RoundRecord, SearchTree
from corpus.round_trees import round_trees
from corpus.store import Corpus
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment
from prover.actions.space import ActionSpace, Situation
from prover.rounds.plan import theorem_of

#: Pairs of one state at most: those refused candidates that were tried first, which the model liked most.
PAIRS_A_STATE = 4


@dataclass(frozen=True, slots=True)
class Preference:
    """Two candidates of one state by their indices, the better one first."""

    situation: Situation
    chosen: int
    rejected: int


def preferences(corpus: Corpus, rounds: Iterable[RoundRecord], space: ActionSpace) -> Iterator[Preference]:
    """The pairs of all attempts in these rounds whose proof was certified and kept, the same pair of the same printed
    state once. A tactic that is no candidate of its state, such as the first `intros`, makes no pair."""
    seen: set[tuple[str, str, str, str]] = set()
    for round in rounds:
        for record, trees in round_trees(corpus, round, proved=True):
            environment = theorem_of(record, round.benchmark).environment
            for tree in trees:
                for state, chosen, rejected in refused_beside(tree):
                    key = (environment.key, state, chosen, rejected)
                    if key not in seen:
                        seen.add(key)
                        yield from _found(space, environment, state, chosen, rejected)


def refused_beside(tree: SearchTree) -> Iterator[tuple[str, str, str]]:
    """For each step of the proof that the search claims: its state, its tactic, and each of the first `PAIRS_A_STATE`
    tactics that Lean refused in that state. What ran out of time was not refused."""
    for order in tree.solved:
        step = tree.steps[order]
        refused = [one.tactic for one in tree.steps if one.source == step.source and one.outcome == str(Outcome.FAILED)]
        for tactic in refused[:PAIRS_A_STATE]:
            if tactic != step.tactic:
                yield tree.states[step.source].text, step.tactic, tactic


def _found(
    space: ActionSpace, environment: Environment, state: str, chosen: str, rejected: str
) -> Iterator[Preference]:
    situation = space.look(environment, state)
    better, worse = situation.find(chosen), situation.find(rejected)
    if better is not None and worse is not None and better != worse:
        yield Preference(situation, better, worse)
