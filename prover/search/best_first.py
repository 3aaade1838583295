"""Best-first search over live tactic states: one synchronous function, `prove`.

An edge (state s, tactic a) that ends at depth L has the cost g = sum of -log p along its path and the priority
f = g / L^alpha, smallest first (length-normalised log-probability: BFS-Prover, arXiv 2502.03438, with alpha = 0.5).
A policy that wants slow tactics to wait says so in the log-probabilities that it proposes. Edges are run lazily: a
state costs one policy call when it is found, and a step only for those of its edges that reach the head of the queue.
Edges of states whose first goal was closed some other way are passed over for free (settled.py).

The order of tactics depends on theorem, seed, policy and budget alone, never on the clock or on what else runs.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult
from lean_env.theorem import Theorem
from prover.policy import Policy, PolicyQuery, Proposal
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import INTROS, SearchConfig, SearchResult, Times
from prover.search.equivalence import goal_keys
from prover.search.graph import Pruned, SearchGraph
from prover.search.settled import Goals, Settled
from prover.search.streams import gumbel, stream_seed

#: A state that is not searched from waits for others before Lean is told: a request of its own costs half a step.
_DROP_TOGETHER = 32


class Node(NamedTuple):
    """A live state in the graph; g is the cost of the path to it, L its depth."""

    number: int
    state: TacticState
    g: float
    L: int


class Edge(NamedTuple):
    """A tactic that waits in the queue. Ordered by f, then first come first served. Of a state's edges only the best
    one that has not run is in the queue; the `later` ones, best first with their perturbed log p, enter after it."""

    f: float
    arrival: int
    g: float
    s: Node
    a: Proposal
    later: Iterator[tuple[Proposal, float]]


def prove(
    session: ProofSession,
    root: TacticState,
    theorem: Theorem,
    policy: Policy,
    budget: Budget,
    *,
    config: SearchConfig | None = None,
    seed: int = 0,
    stopped: Callable[[], bool] = never,
) -> SearchResult:
    """Searches for a proof of `root`, the open `theorem`, until it is found, the budget is spent or no edge is left.

    A proof found is a claim: only the gate makes it a proof. `seed` is the round's; every state draws from its own
    stream of it. All states that the search made are dropped before it returns; `root` stays the caller's.
    A dead worker ends the search as CRASHED, a true `stopped()` (asked before each step) as STOPPED.
    """
    search = _Search(session, root, theorem, policy, config or SearchConfig(), seed, Spending(budget, stopped))
    try:
        ended = search.run()
        session.drop([*search.live, *search.dead])
    except DojoCrashError:
        ended = Ended.CRASHED
    return search.result(ended)


@dataclass(slots=True)
class _Search:
    session: ProofSession
    root: TacticState
    theorem: Theorem
    policy: Policy
    config: SearchConfig
    seed: int
    spending: Spending
    graph: SearchGraph = field(default_factory=SearchGraph)
    settled: Settled = field(default_factory=Settled)
    queue: list[Edge] = field(default_factory=list)
    arrivals: int = 0
    live: list[TacticState] = field(default_factory=list)
    dead: list[TacticState] = field(default_factory=list)
    lean_seconds: float = 0.0
    model_seconds: float = 0.0
    inside_lean: float = 0.0
    own_cpu: float = field(default_factory=lambda: -time.thread_time())

    def run(self) -> Ended:
        """The loop: take the best edges, run them, score the states that they open."""
        new = [self.start()]
        while True:
            if limit := self.spending.limit():
                return limit
            for s, proposals in self.propose(new):
                self.push(s, iter(proposals), self.arrivals)
                self.arrivals += len(proposals)
            batch = self.take_batch()
            if not batch:
                return Ended.EXHAUSTED
            new = []
            for edge, step in zip(batch, self.run_tactics(batch), strict=False):  # Lean stops at the first proof
                self.spending.charge(step.heartbeats)
                if node := self.record(edge, step):
                    new.append(node)
                if step.outcome is Outcome.PROVED:
                    return Ended.PROVED

    def start(self) -> Node:
        """The node to search from: the theorem after a free `intros`, where that succeeds and changes something."""
        root = Node(self.add_state(self.root, goal_keys(self.root.pp), None, 0), self.root, 0.0, 0)
        edge = Edge(0.0, 0, 0.0, root._replace(L=-1), INTROS, iter(()))
        return self.record(edge, self.run_tactics([edge])[0]) or root

    def propose(self, nodes: list[Node]) -> list[tuple[Node, list[tuple[Proposal, float]]]]:
        """For each new node its proposals to queue, best first, each with its perturbed log p; one policy call."""
        if not nodes:
            return []
        seeds = [stream_seed(self.seed, self.theorem.name, node.state.pp) for node in nodes]
        queries = [PolicyQuery(self.theorem, n.state.pp, seed) for n, seed in zip(nodes, seeds, strict=True)]
        started, cpu = time.perf_counter(), time.thread_time()
        answers = self.policy.propose(queries)
        self.model_seconds += time.perf_counter() - started
        self.own_cpu -= time.thread_time() - cpu
        return [(n, self.keep(a, seed)) for n, a, seed in zip(nodes, answers, seeds, strict=True)]

    def keep(self, proposals: list[Proposal], seed: int) -> list[tuple[Proposal, float]]:
        """The best `edges_per_state` proposals by log p plus noise from the node's own stream."""
        scored = [(a, a.log_prob) for a in proposals]
        if self.config.noise:
            stream = random.Random(stream_seed(seed, "noise"))
            scored = [(a, p + self.config.noise * gumbel(stream)) for a, p in scored]
            scored.sort(key=lambda pair: -pair[1])
        return scored[: self.config.edges_per_state]

    def push(self, s: Node, proposals: Iterator[tuple[Proposal, float]], arrival: int) -> None:
        """Puts the next of a state's proposals into the queue, if there is one."""
        for a, perturbed in proposals:
            f = (s.g - perturbed) / (s.L + 1) ** self.config.alpha
            heapq.heappush(self.queue, Edge(f, arrival, s.g - a.log_prob, s, a, proposals))
            return

    def pop(self) -> Edge:
        edge = heapq.heappop(self.queue)
        self.push(edge.s, edge.later, edge.arrival + 1)
        return edge

    def take_batch(self) -> list[Edge]:
        """The best edge that is not obsolete, and the next best ones as long as they belong to the same state; [] when
        there is none."""
        while self.queue and self.settled.obsolete(self.queue[0].s.number):
            heapq.heappop(self.queue)
        batch: list[Edge] = []
        size = min(self.config.batch, self.spending.steps_left)
        while len(batch) < size and self.queue and (not batch or self.queue[0].s.number == batch[0].s.number):
            batch.append(self.pop())
        return batch

    def run_tactics(self, batch: list[Edge]) -> list[StepResult]:
        started = time.perf_counter()
        tactics = [edge.a.tactic for edge in batch]
        steps = self.session.run_tacs(batch[0].s.state, tactics, stop_at_proof=True, errors=False)
        self.lean_seconds += time.perf_counter() - started
        self.inside_lean += sum(step.milliseconds for step in steps) / 1000
        if steps[-1].outcome is Outcome.CRASHED:
            raise steps[-1].result if isinstance(steps[-1].result, DojoCrashError) else DojoCrashError()
        return steps

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
        elif "?" not in state.pp and self.settled.circular(goals, s.number):
            self.graph.add_step(s.number, a, step, str(Pruned.CIRCULAR), Pruned.CIRCULAR)
        elif pruned := self.too_much(state, depth):
            self.graph.add_step(s.number, a, step, str(pruned), pruned)
        else:
            number = self.add_state(state, goals, s.number, depth)
            self.graph.add_step(s.number, a, step, number)
            self.live.append(state)
            return Node(number, state, edge.g, depth)
        self.dead.append(state)
        if len(self.dead) >= _DROP_TOGETHER:
            self.session.drop(self.dead)
            self.dead.clear()
        return None

    def add_state(self, state: TacticState, goals: Goals, parent: int | None, depth: int) -> int:
        number = self.graph.add_state(goals, state.pp, state.num_goals, depth)
        self.settled.add(number, parent, goals, shared="?" in state.pp)
        return number

    def too_much(self, state: TacticState, depth: int) -> Pruned | None:
        if depth > self.config.max_depth:
            return Pruned.TOO_DEEP
        if len(state.pp) > self.config.max_state_chars:
            return Pruned.TOO_LARGE
        return Pruned.TOO_MANY_GOALS if state.num_goals > self.config.max_goals else None

    def result(self, ended: Ended) -> SearchResult:
        wall = time.monotonic() - self.spending.started
        own_cpu = self.own_cpu + time.thread_time()
        times = Times(
            lean=self.lean_seconds,
            model=self.model_seconds,
            other=max(0.0, wall - self.lean_seconds - self.model_seconds),
            cpu=self.inside_lean + self.model_seconds + own_cpu,
        )
        return SearchResult(
            ended=ended,
            proof=self.graph.proof() if ended is Ended.PROVED else None,
            steps=self.spending.steps,
            heartbeats=self.spending.heartbeats,
            times=times,
            wall_limit_hits=sum(data["wall_limit"] for data in self.graph.tried()) + (ended is Ended.WALL_CLOCK),
            graph=self.graph,
        )
