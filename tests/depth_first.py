"""A search beside the product's own, as somebody would write one: depth first, the likeliest tactic first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy, PolicyQuery
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import SearchResult, Times
from prover.search.equivalence import goal_keys
from prover.search.graph import Pruned, SearchGraph
from prover.search.streams import stream_seed


@dataclass(frozen=True, slots=True)
class DepthFirst:
    """Goes on from each new state at once, down to `depth`."""

    depth: int = 8

    @property
    def settings(self) -> dict[str, Any]:
        return {"search": "depth-first", "depth": self.depth}

    def prove(
        self,
        session: ProofSession,
        root: TacticState,
        theorem: Theorem,
        policy: Policy,
        budget: Budget,
        *,
        seed: int = 0,
        stopped: Callable[[], bool] = never,
    ) -> SearchResult:
        spending, graph, live = Spending(budget, stopped), SearchGraph(), []

        def explore(state: TacticState, number: int, depth: int) -> Ended:
            query = PolicyQuery(theorem, state.pp, stream_seed(seed, theorem.name, state.pp))
            for proposal in policy.propose([query])[0]:
                if limit := spending.limit():
                    return limit
                (step,) = session.run_tacs(state, [proposal.tactic], stop_at_proof=True, errors=False)
                spending.charge(step.heartbeats)
                if step.outcome is Outcome.CRASHED:
                    raise DojoCrashError()
                opened = step.result
                if not isinstance(opened, TacticState):
                    graph.add_step(number, proposal, step, str(step.outcome))
                    if step.outcome is Outcome.PROVED:
                        return Ended.PROVED
                    continue
                live.append(opened)
                keys = goal_keys(opened.pp)
                if (known := graph.find(keys)) is not None:
                    graph.add_step(number, proposal, step, known, Pruned.MERGED)
                    continue
                new = graph.add_state(keys, opened.pp, opened.num_goals, depth + 1)
                graph.add_step(number, proposal, step, new)
                if depth + 1 < self.depth and (ended := explore(opened, new, depth + 1)) is not Ended.EXHAUSTED:
                    return ended
            return Ended.EXHAUSTED

        try:
            ended = explore(root, graph.add_state(goal_keys(root.pp), root.pp, root.num_goals, 0), 0)
            session.drop(live)
        except DojoCrashError:
            ended = Ended.CRASHED
        proof = graph.proof() if ended is Ended.PROVED else None
        solved = graph.solved() if ended is Ended.PROVED else ()
        return SearchResult(ended, proof, spending.steps, spending.heartbeats, Times(), 0, graph, solved)
