"""What every search does with Lean and its policy, and what it keeps an account of while it does."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult
from lean_env.theorem import Theorem
from prover.goal import first_goal, goal_texts
from prover.policy import Policy, PolicyQuery, Valuing
from prover.search.budget import Ended, Spending
from prover.search.contract import SearchResult, Times
from prover.search.graph import ProofStep, SearchGraph
from prover.search.options import SearchOptions
from prover.search.proposals import Kept, keep
from prover.search.streams import stream_seed


@dataclass(slots=True)
class Running:
    """A search of `theorem` under way: asks, runs tactics, and adds up where the time goes."""

    session: ProofSession
    theorem: Theorem
    policy: Policy
    config: SearchOptions
    seed: int
    spending: Spending
    graph: SearchGraph = field(default_factory=SearchGraph)
    #: Goals on which the solvers were tried, as printed.
    _solvers_tried: set[str] = field(default_factory=set)
    _lean: float = 0.0
    _model: float = 0.0
    _inside_lean: float = 0.0
    _elsewhere: float = 0.0
    _began: float = field(default_factory=time.thread_time)

    def propose(self, texts: Sequence[str]) -> list[list[Kept]]:
        """What to try on each printed state, best first; the policy is asked once. Each state draws from its own stream
        of the seed."""
        seeds = [stream_seed(self.seed, self.theorem.name, text) for text in texts]
        queries = [PolicyQuery(self.theorem, text, seed) for text, seed in zip(texts, seeds, strict=True)]
        with self._asking():
            answers = self.policy.propose(queries) if queries else []
        return [
            keep(answer, self.config, query.seed, self._solvers(query.state))
            for answer, query in zip(answers, queries, strict=True)
        ]

    def _solvers(self, text: str) -> tuple[str, ...]:
        """Those of the settings, where the first goal of a printed state is new."""
        goal = first_goal(text)[0]
        if not self.config.solvers or goal in self._solvers_tried:
            return ()
        self._solvers_tried.add(goal)
        return self.config.solvers

    def rest(self, text: str) -> float:
        """What the goals of a printed state are expected to cost, in nats: `value` for each step of each goal's longest
        branch, as the policy says; 0 where it cannot say."""
        if not self.config.value or not isinstance(self.policy, Valuing):
            return 0.0
        with self._asking():
            # The first goal is asked about as it stands before the others: that answer is known from `propose`.
            queries = [PolicyQuery(self.theorem, goal, 0) for goal in [text, *goal_texts(text)[1:]]]
            steps = math.fsum(map(self.policy.steps_left, queries))
        return self.config.value * steps

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """The model's time. A portable policy computes in this thread, whose processor seconds are known. What another
        one takes elsewhere counts by the clock."""
        started, cpu = time.perf_counter(), time.thread_time()
        yield
        took = time.perf_counter() - started
        self._model += took
        if not getattr(self.policy, "portable", False):
            self._elsewhere += took - (time.thread_time() - cpu)

    def run(self, state: TacticState, tactic: str, *, errors: bool = False) -> StepResult:
        """One tactic, not charged; with `errors` it is said why it failed. Raises DojoCrashError."""
        started = time.perf_counter()
        (step,) = self.session.run_tacs(state, [tactic], stop_at_proof=True, errors=errors)
        self._lean += time.perf_counter() - started
        self._inside_lean += step.milliseconds / 1000
        if step.outcome is Outcome.CRASHED:
            raise step.result if isinstance(step.result, DojoCrashError) else DojoCrashError()
        return step

    def result(self, ended: Ended, proof: tuple[ProofStep, ...] | None, solved: tuple[int, ...] = ()) -> SearchResult:
        """The account, closed. `solved`: see `SearchResult`."""
        wall = time.monotonic() - self.spending.started
        times = Times(
            lean=self._lean,
            model=self._model,
            other=max(0.0, wall - self._lean - self._model),
            cpu=self._inside_lean + self._elsewhere + time.thread_time() - self._began,
        )
        return SearchResult(
            ended=ended,
            proof=proof,
            steps=self.spending.steps,
            heartbeats=self.spending.heartbeats,
            times=times,
            wall_limit_hits=sum(data["wall_limit"] for data in self.graph.tried()) + (ended is Ended.WALL_CLOCK),
            graph=self.graph,
            solved=solved,
        )
