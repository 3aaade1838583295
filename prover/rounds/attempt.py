"""One attempt: a budgeted search for one theorem, and what becomes of the proof that it claims.

    search -> shorten                        in a search process (`search_for`), which sees no database and no gate
    replay elsewhere -> gate -> AttemptRecord     in the process that asked for it (`settle`)

Only a certificate makes a claim PROVED. Whatever went wrong around it (a worker died, none could be started, the gate
could not decide) is ERROR and says nothing about the theorem.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from corpus.closed_goals import CLOSED_GOALS
from corpus.records import AttemptRecord, AttemptStatus, ProofRecord, SearchTree
from lean_env.embedded.pool import NoWorker
from lean_env.session.leandojo import DojoCrashError, DojoInitError, TacticState
from lean_env.session.outcomes import OpenSession, ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy
from prover.rounds.samples import CERTIFIED, REJECTED, UNDECIDED, Verdict, with_verdicts
from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended, never
from prover.search.contract import Search, Times
from prover.search.graph import ProofStep
from prover.search.minimize import CHEAP_CLOSERS, minimize
from prover.search.samples import Sample
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

    policy: Policy
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
    """`search_for` and `settle` in this process. None when `stopped` ended the search."""
    searched = search_for(
        theorem,
        phase,
        seed,
        tools.open_session,
        minimize_steps=minimize_steps,
        closers=closers,
        stopped=stopped,
        keep_trees=keep_trees,
    )
    return settle(searched, tools.verify) if searched is not None else None


def search_for(
    theorem: Theorem,
    phase: Phase,
    seed: int,
    open_session: OpenSession,
    *,
    minimize_steps: int = 0,
    closers: Sequence[ProofStep] = CHEAP_CLOSERS,
    stopped: Callable[[], bool] = never,
    keep_trees: bool = False,
    closed_goals: int = 0,
) -> Searched | None:
    """Searches for a proof and shortens it within `minimize_steps`, with these `closers`.

    `keep_trees`: the record will say what the search tried, `closed_goals`: which goals it closed in vain, so many at
    most. None when `stopped` ended the search: such an attempt must not be recorded.
    """
    account = Searched(theorem, phase.source, keep_trees, closed_goals=closed_goals)
    started = time.monotonic()
    try:
        with open_session(theorem) as (session, root):
            account.search(session, root, phase, seed, stopped)
            if account.found is not None and minimize_steps:
                account.shorten(session, root, minimize_steps, closers)
    except (DojoCrashError, DojoInitError, NoWorker) as error:
        account.trouble = f"{type(error).__name__}: {error}"
    account.seconds = time.monotonic() - started
    return None if account.ended is Ended.STOPPED else account


def settle(searched: Searched, verify: Verify) -> AttemptRecord:
    """Has the proof that a search claims certified, if it claims one; the attempt as the corpus takes it. Of an attempt
    that sampled whole proofs, each sample comes with its verdict."""
    record = _settle(searched, verify)
    if not searched.samples or record.status is AttemptStatus.ERROR:
        return record
    started, known = time.monotonic(), {}
    if searched.found is not None:
        own = {AttemptStatus.PROVED: CERTIFIED, AttemptStatus.REJECTED: REJECTED}.get(record.status, UNDECIDED)
        known[tuple(step.tactic for step in searched.found)] = (own, record.reason)
    samples = with_verdicts(searched.samples, known, lambda tactics: _verdict(searched, tactics, verify))
    more = {"samples": samples, "state": searched.state, "samples_seconds": time.monotonic() - started}
    return replace(record, stats={**record.stats, **more})


def _verdict(searched: Searched, tactics: Sequence[str], verify: Verify) -> Verdict:
    """The kernel's on a sample that is not the one that was claimed."""
    try:
        verify(searched.theorem, [ProofStep(tactic) for tactic in tactics], searched.source)
    except Refused as error:
        return REJECTED, str(error)
    except (DojoCrashError, DojoInitError, NoWorker, Undecided) as error:
        return UNDECIDED, f"{type(error).__name__}: {error}"
    return CERTIFIED, ""


def _settle(searched: Searched, verify: Verify) -> AttemptRecord:
    if searched.trouble:
        return searched.record(AttemptStatus.ERROR, searched.trouble)
    if searched.ended is Ended.CRASHED:
        return searched.record(AttemptStatus.ERROR, "the worker died during search")
    if searched.found is None:
        return searched.record(AttemptStatus.UNPROVED, str(searched.ended))
    try:
        return searched.record(AttemptStatus.PROVED, proof=searched.certify(verify, searched.found))
    except Refused as error:
        return searched.record(AttemptStatus.REJECTED, str(error))
    except (DojoCrashError, DojoInitError, NoWorker, Undecided) as error:
        return searched.record(AttemptStatus.ERROR, f"{type(error).__name__}: {error}")


@dataclass(slots=True)
class Searched:
    """What one search has done and spent, and what it claims. A claim is not believed before `settle`."""

    theorem: Theorem
    source: str
    keep_trees: bool = False
    trees: tuple[SearchTree, ...] = ()
    #: The claimed proof.
    found: tuple[ProofStep, ...] | None = None
    #: Why the search could not be made or finished.
    trouble: str = ""
    ended: Ended = Ended.EXHAUSTED
    times: Times = field(default_factory=Times)
    #: Wall seconds, opening and shortening included.
    seconds: float = 0.0
    steps: int = 0
    heartbeats: int = 0
    nodes: int = 0
    wall_limit_hits: int = 0
    pruned: dict[str, int] = field(default_factory=dict)
    templates: dict[str, dict[str, int]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    #: Goals that the search closed without proving the theorem, if they are wanted: so many at most.
    closed_goals: int = 0
    #: Whole proofs that the policy wrote for the printed `state` of the theorem.
    samples: tuple[Sample, ...] = ()
    state: str = ""

    def search(
        self, session: ProofSession, root: TacticState, phase: Phase, seed: int, stopped: Callable[[], bool]
    ) -> None:
        before = _waited(phase.policy)
        result = phase.search.prove(session, root, self.theorem, phase.policy, phase.budget, seed=seed, stopped=stopped)
        # Seconds that this search waited for a shared model are nobody's processor time.
        waited, times = _waited(phase.policy) - before, result.times
        self.times = replace(times, model=times.model - waited, other=times.other + waited, cpu=times.cpu - waited)
        self.found = result.proof
        self.ended = result.ended
        self.steps = result.steps
        self.heartbeats = result.heartbeats
        self.nodes = result.nodes
        self.wall_limit_hits = result.wall_limit_hits
        self.pruned = dict(result.pruned)
        self.templates = {template: asdict(counts) for template, counts in result.templates.items()}
        self.extra["waiting_seconds"] = waited
        self.samples, self.state = result.samples, root.pp
        if closed := result.closed[: self.closed_goals]:
            self.extra[CLOSED_GOALS] = [[one.goal, list(one.tactics)] for one in closed]
        if self.keep_trees:
            self.trees = (tree_of(result, self.source),)

    def shorten(self, session: ProofSession, root: TacticState, steps: int, closers: Sequence[ProofStep]) -> None:
        assert self.found is not None
        started = time.monotonic()
        try:
            shortened = minimize(session, root, self.found, closers=closers, steps=steps)
        except DojoCrashError:
            return
        self.extra |= {
            "found_length": len(self.found),
            "minimize_steps": shortened.steps,
            "minimize_seconds": time.monotonic() - started,
        }
        self.found = shortened.proof

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
            wall_seconds=self.seconds + self.extra.get("verify_seconds", 0.0),
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


def _waited(policy: Policy) -> float:
    """Seconds that this thread has waited for a policy that others use, too; 0 for one that nobody shares."""
    waited: float = getattr(policy, "waited_here", 0.0)
    return waited
