"""Best-first search over live tactic states.

    result = BestFirst(noise=0.3).prove(session, root, theorem, policy, Budget(32), seed=1)

An edge (state s, tactic a) that ends at depth L has the cost g = sum of -log p along its path and the priority
f = g / L^alpha, smallest first (length-normalised log-probability: BFS-Prover, arXiv 2502.03438, with alpha = 0.5).
With `value` the cost of what is still to be done, h, as the policy's value head expects it, is added to g (A*).
A policy that wants slow tactics to wait says so in the log-probabilities that it proposes. Edges are run lazily: a
state costs one policy call when it is found, and a step only for those of its edges that reach the head of the queue.
Edges of states whose first goal was closed some other way are passed over for free (settled.py).

The order of tactics depends on theorem, seed, policy and budget alone, never on the clock or on what else runs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult
from lean_env.theorem import Theorem
from prover.goal import first_goal
from prover.policy import Policy, Proposal
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import INTROS, SearchResult
from prover.search.equivalence import goal_keys, has_metavariables
from prover.search.graph import Pruned, SearchGraph
from prover.search.invertible import invertible
from prover.search.options import SearchOptions
from prover.search.proposals import Kept
from prover.search.running import Running
from prover.search.settled import Goals, Settled

#: A state that is not searched from waits for others before Lean is told: a request of its own costs half a step.
_DROP_TOGETHER = 32


class Node(NamedTuple):
    """A live state in the graph; g is the cost of the path to it, L its depth, h what the rest is expected to cost."""

    number: int
    state: TacticState
    g: float
    L: int
    h: float = 0.0


class Edge(NamedTuple):
    """A tactic that waits in the queue. Ordered by f, then first come first served. Of a state's edges only the best
    one that has not run is in the queue; the `later` ones, best first, enter after it."""

    f: float
    arrival: int
    g: float
    s: Node
    a: Proposal
    later: Iterator[Kept]


@dataclass(frozen=True, slots=True)
class BestFirst(SearchOptions):
    """The search with its settings."""

    @property
    def settings(self) -> dict[str, Any]:
        """Its fields."""
        return self.in_use()

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
        """See `Search.prove`. Every state draws from its own stream of the seed."""
        running = Running(session, theorem, policy, self, seed, Spending(budget, stopped))
        search = _Search(running, root, self)
        try:
            ended = search.run()
            session.drop([*search.live, *search.dead])
        except DojoCrashError:
            ended = Ended.CRASHED
        if ended is not Ended.PROVED:
            return running.result(ended, None)
        return running.result(ended, running.graph.proof(), running.graph.solved())


@dataclass(slots=True)
class _Search:
    running: Running
    root: TacticState
    config: BestFirst
    settled: Settled = field(default_factory=Settled)
    queue: list[Edge] = field(default_factory=list)
    arrivals: int = 0
    live: list[TacticState] = field(default_factory=list)
    dead: list[TacticState] = field(default_factory=list)
    #: States on which a step that loses nothing was made.
    closed: set[int] = field(default_factory=set)

    @property
    def graph(self) -> SearchGraph:
        return self.running.graph

    def run(self) -> Ended:
        """The loop: take the best edge, run it, score the state that it opens."""
        new: Node | None = self.start()
        while True:
            if limit := self.running.spending.limit():
                return limit
            if new is not None:
                (proposals,) = self.running.propose([new.state.pp])
                new = new._replace(h=self.running.rest(new.state.pp))
                self.push(new, iter(proposals), self.arrivals)
                self.arrivals += len(proposals)
            edge = self.take_best()
            if edge is None:
                return Ended.EXHAUSTED
            step = self.running.run(edge.s.state, edge.a.tactic)
            self.running.spending.charge(step.heartbeats)
            new = self.record(edge, step)
            if step.outcome is Outcome.PROVED:
                return Ended.PROVED

    def start(self) -> Node:
        """The node to search from: the theorem after a free `intros`, where that succeeds and changes something."""
        root = Node(self.add_state(self.root, goal_keys(self.root.pp), None, 0), self.root, 0.0, 0)
        edge = Edge(0.0, 0, 0.0, root._replace(L=-1), INTROS, iter(()))
        return self.record(edge, self.running.run(root.state, INTROS.tactic)) or root

    def push(self, s: Node, proposals: Iterator[Kept], arrival: int) -> None:
        """Puts the next of a state's proposals into the queue, if there is one."""
        for a, perturbed, charged in proposals:
            f = (s.g - perturbed + s.h) / (s.L + 1) ** self.config.alpha
            heapq.heappush(self.queue, Edge(f, arrival, s.g - charged, s, a, proposals))
            return

    def take_best(self) -> Edge | None:
        """The best edge that is not obsolete; None when there is none."""
        while self.queue:
            edge = heapq.heappop(self.queue)
            if edge.s.number not in self.closed and not self.settled.obsolete(edge.s.number):
                self.push(edge.s, edge.later, edge.arrival + 1)
                return edge
        return None

    def record(self, edge: Edge, step: StepResult) -> Node | None:
        """Writes what the tactic did into the graph; returns the node that it opened, if that is to be searched."""
        s, a = edge.s, edge.a
        if not isinstance(state := step.result, TacticState):
            self.graph.add_step(s.number, a, step, str(step.outcome))
            return None
        depth = s.L + 1
        goals = goal_keys(state.pp)
        known = self.graph.find(goals)
        if known is not None:
            self.graph.add_step(s.number, a, step, known, Pruned.NO_PROGRESS if known == s.number else Pruned.MERGED)
            self.settled.reach(known, s.number)
            if known != s.number:
                self.close_alternatives(s, a)
        elif not has_metavariables(state.pp) and self.settled.circular(goals, s.number):
            self.graph.add_step(s.number, a, step, str(Pruned.CIRCULAR), Pruned.CIRCULAR)
        elif pruned := self.too_much(state, depth):
            self.graph.add_step(s.number, a, step, str(pruned), pruned)
        else:
            number = self.add_state(state, goals, s.number, depth)
            self.graph.add_step(s.number, a, step, number)
            self.live.append(state)
            self.close_alternatives(s, a)
            return Node(number, state, edge.g, depth)
        self.dead.append(state)
        if len(self.dead) >= _DROP_TOGETHER:
            self.running.session.drop(self.dead)
            self.dead.clear()
        return None

    def close_alternatives(self, s: Node, a: Proposal) -> None:
        """After a step that loses nothing. Of goals that share metavariables another order may be what works."""
        if (
            self.config.invertible
            and not has_metavariables(s.state.pp)
            and invertible(first_goal(s.state.pp)[0], a.tactic)
        ):
            self.closed.add(s.number)

    def add_state(self, state: TacticState, goals: Goals, parent: int | None, depth: int) -> int:
        number = self.graph.add_state(goals, state.pp, state.num_goals, depth)
        self.settled.add(number, parent, goals, shared=has_metavariables(state.pp))
        return number

    def too_much(self, state: TacticState, depth: int) -> Pruned | None:
        if depth > self.config.max_depth:
            return Pruned.TOO_DEEP
        if len(state.pp) > self.config.max_state_chars:
            return Pruned.TOO_LARGE
        return Pruned.TOO_MANY_GOALS if state.num_goals > self.config.max_goals else None
