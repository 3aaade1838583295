"""Automation without learning: the six tactics of portfolio-1, and the hand-set costs of portfolio search.

Portfolio search is the ordinary search engine with this policy in place of a model: the same actions, tried in the
order of fixed costs. It is the peer that a trained policy has to beat. Lean's automation names no finite table; so that
it can refute where a model can, a denial about magmas gets the same tables first, those first that refute most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1
from prover.actions.refuting import REFUTATIONS, is_denial
from prover.actions.space import ActionSpace, PointerKind, Situation
from prover.policy import PolicyQuery, Proposal

__all__ = ["PORTFOLIO_1", "PORTFOLIO_EDGES", "PortfolioPolicy", "action_costs", "prior"]

#: What portfolio search keeps of a state's candidates; its policy proposes at most as many. There are about 350,
#: under a header 450; where a fixed order is cut short, a search ends that has steps left.
PORTFOLIO_EDGES = 500

#: A pointer of rank r costs this many nats times log(1 + r) on top of its template: a Zipf law over retrieval ranks.
_RANK_COST = 0.45
#: An older local costs this much more than the next younger one.
_AGE_COST = 0.1
#: A table costs this much more than the one before it: less than the cheapest tactic, all of them together.
_TABLE_COST = 0.01


def action_costs(situation: Situation) -> npt.NDArray[np.float64]:
    """Hand-set cost in nats of each candidate: (C). Lower is tried earlier."""
    youngest = len(situation.locals) - 1
    pointer_cost = [
        _AGE_COST * (youngest - pointer.rank)
        if pointer.kind is PointerKind.LOCAL
        else _RANK_COST * np.log1p(pointer.rank)
        for pointer in situation.pointers
    ]
    # The last entry is what index -1, "no pointer", costs.
    costs = np.array([*pointer_cost, 0.0])
    candidates = situation.candidates
    total: npt.NDArray[np.float64] = (
        situation.repertoire.costs[candidates.template] + costs[candidates.first] + costs[candidates.second]
    )
    return total


def prior(situation: Situation) -> npt.NDArray[np.float64]:
    """The costs as a distribution over the candidates: probabilities (C)."""
    weights = np.exp(-action_costs(situation))
    normalised: npt.NDArray[np.float64] = weights / weights.sum()
    return normalised


class PortfolioPolicy:
    """Proposes the `top_k` cheapest actions of each state."""

    name = "portfolio"
    portable = True

    def __init__(self, space: ActionSpace, top_k: int = PORTFOLIO_EDGES) -> None:
        self._space = space
        self._top_k = top_k

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [self._propose(query) for query in queries]

    def _propose(self, query: PolicyQuery) -> list[Proposal]:
        situation = self._space.look(query.theorem.environment, query.state)
        found = situation.proposals(np.log(prior(situation)), self._top_k)
        return [*_tables(situation), *found][: self._top_k]


def _tables(situation: Situation) -> list[Proposal]:
    """Before everything else, in their order."""
    if not is_denial(situation.goal.conclusion):
        return []
    return [Proposal(tactic, -_TABLE_COST * place, "table") for place, tactic in enumerate(REFUTATIONS)]
