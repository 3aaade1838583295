"""A stochastic grammar of tactics over the local context: where the first proofs come from, before anything is learned.

It draws a template uniformly among those that have an action in this state, then one of its actions uniformly. It draws
without replacement, and the query's own seed is its only source of chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from prover.actions.space import ActionSpace, Candidates
from prover.policy import PolicyQuery, Proposal


class GrammarPolicy:
    """Draws `draws` distinct actions a state and proposes them in descending order of the grammar's log-probability."""

    name = "grammar"
    portable = True

    def __init__(self, space: ActionSpace, draws: int = 24) -> None:
        self._space = space
        self._draws = draws

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [self._propose(query) for query in queries]

    def _propose(self, query: PolicyQuery) -> list[Proposal]:
        situation = self._space.look(query.theorem.environment, query.state)
        if not len(situation.candidates):
            return []
        log_probs = grammar_log_probs(situation.candidates)
        # Adding Gumbel noise and keeping the largest draws without replacement (Kool et al. 2019, arXiv:1903.06059).
        generator = np.random.Generator(np.random.Philox(query.seed))
        noisy = log_probs + generator.gumbel(size=len(log_probs))
        drawn = np.argsort(-noisy, kind="stable")[: self._draws]
        kept = np.full(len(log_probs), -np.inf)
        kept[drawn] = log_probs[drawn]
        return situation.proposals(kept, self._draws)


def grammar_log_probs(candidates: Candidates) -> npt.NDArray[np.float64]:
    """Natural log-probability of each candidate under the grammar: (C)."""
    templates, group, sizes = np.unique(candidates.template, return_inverse=True, return_counts=True)
    log_probs: npt.NDArray[np.float64] = -np.log(len(templates)) - np.log(sizes[group])
    return log_probs
