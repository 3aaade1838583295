"""No search: whole proofs are drawn from the policy, one tactic after the other, each draw from the theorem again.

    result = Sampled().prove(session, root, theorem, policy, Budget(64), seed=1)

What a policy can do by itself at the same number of tactics that Lean runs: the baseline that says what a search adds
(pass@k in reports on whole-proof models, k being as many draws as the steps allow). A draw ends where Lean refuses a
tactic, where goals come back, and where a state is larger or deeper than the settings allow; the next one learns
nothing from it. What an earlier draw ran already is free, as in whole.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy, Proposal
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import INTROS, SearchResult
from prover.search.equivalence import goal_keys
from prover.search.graph import Pruned
from prover.search.options import SearchOptions
from prover.search.running import Running
from prover.search.streams import gumbel, stream_seed

#: So many draws in a row that bring nothing new end it: a policy that is sure of itself draws the same proof for ever.
_IDLE_DRAWS = 64
_BOUNDS = ("edges_per_state", "max_depth", "max_state_chars", "max_goals")


@dataclass(frozen=True, slots=True)
class Sampled(SearchOptions):
    """Draws with the settings' bounds on states. The other settings do not apply: a tactic is drawn from the policy's
    own distribution over its best `edges_per_state`."""

    @property
    def settings(self) -> dict[str, Any]:
        """Its name, and the fields that count."""
        return {"search": "samples", **{name: getattr(self, name) for name in _BOUNDS}}

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
        """See `Search.prove`. It ends as EXHAUSTED when many draws in a row brought nothing new."""
        plain = SearchOptions(edges_per_state=self.edges_per_state)
        running = Running(session, theorem, policy, plain, seed, Spending(budget, stopped))
        draws = _Draws(running, self)
        try:
            ended = draws.run(root, seed)
            session.drop([place.state for place in draws.reached.values() if place is not None])
        except DojoCrashError:
            ended = Ended.CRASHED
        if ended is not Ended.PROVED:
            return running.result(ended, None)
        return running.result(ended, running.graph.proof(), running.graph.solved())


@dataclass(frozen=True, slots=True)
class _Place:
    """A live state, its number in the search graph, its depth, and the goals that stood above it."""

    state: TacticState
    number: int
    depth: int
    above: frozenset[tuple[Hashable, ...]]


@dataclass(slots=True)
class _Draws:
    running: Running
    config: Sampled
    #: By state and tactic: where it led, None where the draw ended.
    reached: dict[tuple[int, str], _Place | None] = field(default_factory=dict)

    def run(self, root: TacticState, seed: int) -> Ended:
        start = self.place(root, 0, frozenset())
        start = self.step(start, INTROS, free=True) or start
        idle = number = 0
        while idle < _IDLE_DRAWS:
            known = len(self.reached)
            ended = self.draw(start, stream_seed(seed, self.running.theorem.name, "draw", number))
            if ended is not None:
                return ended
            idle = idle + 1 if len(self.reached) == known else 0
            number += 1
        return Ended.EXHAUSTED

    def draw(self, start: _Place, seed: int) -> Ended | None:
        """One draw; None where it came to nothing."""
        at: _Place | None = start
        while at is not None:
            if limit := self.running.spending.limit():
                return limit
            (kept,) = self.running.propose([at.state.pp])
            if not kept:
                return None
            stream = random.Random(stream_seed(seed, at.depth))
            # The largest of log p plus Gumbel noise is a draw from p.
            action = max(kept, key=lambda one: one.charged + gumbel(stream)).a
            at = self.step(at, action)
            if Outcome.PROVED in self.running.graph.graph:
                return Ended.PROVED
        return None

    def step(self, source: _Place, action: Proposal, *, free: bool = False) -> _Place | None:
        """Where a tactic leads, None where that ends the draw."""
        key = source.number, action.tactic
        if key not in self.reached:
            step = self.running.run(source.state, action.tactic)
            if not free:
                self.running.spending.charge(step.heartbeats)
            graph, after = self.running.graph, step.result
            if not isinstance(after, TacticState):
                graph.add_step(source.number, action, step, str(step.outcome))
                self.reached[key] = None
            elif pruned := self.refused(source, after):
                graph.add_step(source.number, action, step, str(pruned), pruned)
                self.running.session.drop([after])
                self.reached[key] = None
            else:
                place = self.place(after, source.depth + 1, source.above | {goal_keys(source.state.pp)})
                graph.add_step(source.number, action, step, place.number)
                self.reached[key] = place
        return self.reached[key]

    def place(self, state: TacticState, depth: int, above: frozenset[tuple[Hashable, ...]]) -> _Place:
        graph = self.running.graph
        number = graph.add_state(("state", graph.states), state.pp, state.num_goals, depth)
        return _Place(state, number, depth, above)

    def refused(self, source: _Place, state: TacticState) -> Pruned | None:
        config, keys = self.config, goal_keys(state.pp)
        if keys == goal_keys(source.state.pp):
            return Pruned.NO_PROGRESS
        if keys in source.above:
            return Pruned.CIRCULAR
        if source.depth + 1 > config.max_depth:
            return Pruned.TOO_DEEP
        if len(state.pp) > config.max_state_chars:
            return Pruned.TOO_LARGE
        return Pruned.TOO_MANY_GOALS if state.num_goals > config.max_goals else None
