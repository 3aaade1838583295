"""One attempt: a budgeted search for one theorem, and what becomes of the proof that it claims.

    search -> shorten -> replay elsewhere -> gate -> AttemptRecord

Only a certificate makes a claim PROVED. Whatever went wrong around it (a worker died, none could be started, the gate
could not decide) is ERROR and says nothing about the theorem.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from corpus.records import AttemptRecord, AttemptStatus, ProofRecord, SearchTree
from lean_env.embedded.pool import NoWorker
from lean_env.session.leandojo import DojoCrashError, DojoInitError, TacticState
from lean_env.session.outcomes import OpenSession, ProofSession
from lean_env.theorem import Theorem
from prover.policies.batching import BatchingPolicy
from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended, never
from prover.search.contract import Search, Times
from prover.search.graph import ProofStep
from prover.search.minimize import CHEAP_CLOSERS, minimize
from prover.search.tree import tree_of


class Refused(Exception):
    """A claimed proof does not hold: it did not replay, or the gate rejected it. The text says which and why."""


class Undecided(Exception):
    """A claimed proof could not be judged: a worker died, none could be started, the gate failed."""


class Verify(Protocol):
    """Certifies a claimed proof (prover/rounds/verify.py). Raises Refused or Undecided."""

    def __call__(self, theorem: Theorem, proof: Sequence[ProofStep], source: str) -> ProofRecord: ...


@dataclass(frozen=True, slots=True)
class Phase:
    """Which search is made: with what policy, within what budget, in which way."""

    policy: BatchingPolicy
    budget: Budget
    search: Search = field(default_factory=BestFirst)
    #: What a proof found in it is credited to: `policy`, `portfolio`, ...
    source: str = "policy"


@dataclass(frozen=True, slots=True)
class Tools:
    """What an attempt needs of the outside: a way to open theorems, and a way to certify what it finds."""

    open_session: OpenSession
    verify: Verify


def attempt(
    theorem: Theorem,
    phase: Phase,
    seed: int,
    tools: Tools,
    *,
    minimize_steps: int = 0,
    closers: Sequence[ProofStep] = CHEAP_CLOSERS,
    stopped: Callable[[], bool] = never,
    keep_trees: bool = False,
) -> AttemptRecord | None:
    """Searches for a proof, shortens it within `minimize_steps`, with these `closers`, and has it certified.

    `keep_trees`: the record says what the search tried. None when `stopped` ended the search: such an attempt must not
    be recorded.
    """
    account = _Account(theorem, phase.source, keep_trees)
    try:
        with tools.open_session(theorem) as (session, root):
            found = account.search(session, root, phase, seed, stopped)
            if found is not None and minimize_steps:
                found = account.shorten(session, root, found, minimize_steps, closers)
        if account.ended is Ended.STOPPED:
            return None
        if account.ended is Ended.CRASHED:
            return account.record(AttemptStatus.ERROR, "the worker died during search")
        if found is None:
            return account.record(AttemptStatus.UNPROVED, str(account.ended))
        return account.record(AttemptStatus.PROVED, proof=account.certify(tools.verify, found))
    except Refused as error:
        return account.record(AttemptStatus.REJECTED, str(error))
    except (DojoCrashError, DojoInitError, NoWorker, Undecided) as error:
        return account.record(AttemptStatus.ERROR, f"{type(error).__name__}: {error}")


@dataclass(slots=True)
class _Account:
    """What one attempt has done and spent so far."""

    theorem: Theorem
    source: str
    keep_trees: bool = False
    trees: tuple[SearchTree, ...] = ()
    started: float = field(default_factory=time.monotonic)
    ended: Ended = Ended.EXHAUSTED
    times: Times = field(default_factory=Times)
    steps: int = 0
    heartbeats: int = 0
    nodes: int = 0
    wall_limit_hits: int = 0
    pruned: dict[str, int] = field(default_factory=dict)
    templates: dict[str, dict[str, int]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def search(
        self, session: ProofSession, root: TacticState, phase: Phase, seed: int, stopped: Callable[[], bool]
    ) -> tuple[ProofStep, ...] | None:
        before = phase.policy.waited_here
        result = phase.search.prove(session, root, self.theorem, phase.policy, phase.budget, seed=seed, stopped=stopped)
        # Seconds that this thread waited for a shared model are nobody's processor time.
        waited, times = phase.policy.waited_here - before, result.times
        self.times = replace(times, model=times.model - waited, other=times.other + waited, cpu=times.cpu - waited)
        self.ended = result.ended
        self.steps = result.steps
        self.heartbeats = result.heartbeats
        self.nodes = result.nodes
        self.wall_limit_hits = result.wall_limit_hits
        self.pruned = dict(result.pruned)
        self.templates = {template: asdict(counts) for template, counts in result.templates.items()}
        self.extra["waiting_seconds"] = waited
        if self.keep_trees:
            self.trees = (tree_of(result, self.source),)
        return result.proof

    def shorten(
        self,
        session: ProofSession,
        root: TacticState,
        found: tuple[ProofStep, ...],
        steps: int,
        closers: Sequence[ProofStep],
    ) -> tuple[ProofStep, ...]:
        started = time.monotonic()
        try:
            shortened = minimize(session, root, found, closers=closers, steps=steps)
        except DojoCrashError:
            return found
        self.extra |= {
            "found_length": len(found),
            "minimize_steps": shortened.steps,
            "minimize_seconds": time.monotonic() - started,
        }
        return shortened.proof

    def certify(self, verify: Verify, found: tuple[ProofStep, ...]) -> ProofRecord:
        started = time.monotonic()
        try:
            return verify(self.theorem, found, self.source)
        finally:
            self.extra["verify_seconds"] = time.monotonic() - started

    def record(self, status: AttemptStatus, reason: str = "", proof: ProofRecord | None = None) -> AttemptRecord:
        return AttemptRecord(
            theorem=self.theorem.name,
            status=status,
            steps=self.steps,
            heartbeats=self.heartbeats,
            lean_seconds=self.times.lean,
            model_seconds=self.times.model,
            wall_seconds=time.monotonic() - self.started,
            wall_limit_hits=self.wall_limit_hits,
            nodes=self.nodes,
            steps_to_proof=self.steps if status is AttemptStatus.PROVED else None,
            reason=reason,
            stats={
                "ended": str(self.ended),
                "cpu_seconds": self.times.cpu,
                "pruned": self.pruned,
                "templates": self.templates,
                **self.extra,
            },
            proof=proof,
            trees=self.trees,
        )
