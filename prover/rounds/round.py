"""One round: attempts for the pending theorems of a stored round, on several threads, each result stored at once.

    round = corpus.start_round(...)
    summary = run_round(corpus, round, plan, tools, RoundConfig(threads=2))

Calling it again resumes: only theorems without a final attempt run. An attempt that ended in an error is tried twice
more and then left pending. The first Ctrl-C or SIGTERM lets running tactics end, keeps everything that was stored and
abandons the attempts under way; the second one interrupts at once.
"""

from __future__ import annotations

import hashlib
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import FrameType
from typing import Any, Protocol

from corpus.records import AttemptRecord, AttemptStatus, HeaderRecord, Recorded, RoundRecord, TheoremRecord
from lean_env.theorem import Environment, Theorem
from prover.rounds.attempt import Phase, Tools, attempt
from prover.search.budget import Budget
from prover.search.graph import ProofStep
from prover.search.minimize import CHEAP_CLOSERS
from prover.search.streams import stream_seed

#: Theorems of one environment go to a thread in groups of at most so many: its worker has the environment warm
#: (importing one takes 30-150 ms), and at the end of a round no thread sits on a long group alone.
GROUP = 8


class RoundFailed(Exception):
    """So many attempts in a row ended in an error that the machinery is at fault, not the theorems."""


class RoundLog(Protocol):
    """The part of `corpus.store.Corpus` that a round needs."""

    def pending(
        self, round: RoundRecord, *, ordinal: int = 0, max_errors: int | None = None
    ) -> list[TheoremRecord]: ...

    def record_attempt(self, round: RoundRecord, attempt: AttemptRecord) -> Recorded: ...

    def finish_round(self, round: RoundRecord) -> RoundRecord: ...


@dataclass(frozen=True, slots=True)
class RoundConfig:
    """How a round works, whatever it searches."""

    #: Searches at once: one a Lean worker, or one more than workers to keep them busy during model calls.
    threads: int = 2
    #: How often an attempt that ended in an error is repeated.
    retries: int = 2
    #: Tactic steps for shortening a found proof, 0 for none.
    minimize_steps: int = 64
    #: What shortening may put in a proof's place.
    closers: tuple[ProofStep, ...] = CHEAP_CLOSERS
    #: After so many the round gives up with RoundFailed.
    errors_in_a_row: int = 25
    #: The share of attempts whose search tree is kept, drawn by seed and name.
    trees: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Which search a theorem gets."""

    policy: Phase
    #: Budgets by theorem, from the matchmaker, in place of the phase's own.
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    #: What a share of the theorems, drawn by seed and name, gets in place of `policy`.
    portfolio: Phase | None = None
    portfolio_share: float = 0.0

    def phase(self, theorem: Theorem, seed: int) -> Phase:
        budget = self.budgets.get(theorem.name, self.policy.budget)
        drawn = stream_seed(seed, "portfolio share", theorem.name) < self.portfolio_share * 2**63
        if self.portfolio is not None and drawn:
            return replace(self.portfolio, budget=budget)
        return replace(self.policy, budget=budget)


@dataclass(slots=True)
class Progress:
    """Where a round stands; a fresh copy goes to the callback after each attempt. Seconds are this call's alone."""

    total: int
    done: int = 0
    solved: int = 0
    steps: int = 0
    lean_seconds: float = 0.0
    model_seconds: float = 0.0
    other_seconds: float = 0.0
    wall_seconds: float = 0.0
    statuses: Counter[AttemptStatus] = field(default_factory=Counter)

    @property
    def steps_per_second(self) -> float:
        return self.steps / self.wall_seconds if self.wall_seconds else 0.0

    @property
    def seconds_left(self) -> float:
        return self.wall_seconds / self.done * (self.total - self.done) if self.done else 0.0


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What one call of `run_round` did. `pending`: theorems that still have no final attempt; `interrupted`: somebody
    asked it to stop."""

    progress: Progress
    pending: int
    interrupted: bool


def theorem_of(record: TheoremRecord, benchmark: str = "") -> Theorem:
    """The theorem that a benchmark row describes. Raises ValueError where its header is not the one that it names."""
    return Theorem(
        name=record.name,
        statement=record.statement,
        environment=Environment.from_key(record.environment, record.header.text if record.header else None),
        module=record.module,
        expression_hash=record.statement_hash,
        benchmark=benchmark,
        split=record.split,
        stratum=record.stratum,
    )


def record_of(
    theorem: Theorem, family: str = "", extra: Mapping[str, Any] | None = None, header_ndjson: str = ""
) -> TheoremRecord:
    """The benchmark row that describes a theorem. `header_ndjson`: the declarations of its header, as two workers
    exported them (`CleanStatement.header_ndjson`)."""
    return TheoremRecord(
        name=theorem.name,
        statement=theorem.statement,
        statement_hash=theorem.expression_hash,
        environment=theorem.environment.key,
        module=theorem.module,
        split=theorem.split,
        stratum=theorem.stratum,
        family=family,
        extra=extra or {},
        header=_header(theorem.environment, header_ndjson),
    )


def _header(environment: Environment, ndjson: str) -> HeaderRecord | None:
    if (environment.header is None) != (ndjson == ""):
        raise ValueError(f"{environment.key} has a header and no declarations of it, or the reverse")
    if environment.header is None:
        return None
    return HeaderRecord(environment.key, environment.header.text, ndjson, hashlib.sha256(ndjson.encode()).hexdigest())


def run_round(
    log: RoundLog,
    round: RoundRecord,
    plan: Plan,
    tools: Tools,
    config: RoundConfig | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> RoundSummary:
    """Runs what is pending of `round`; see the module's text. `stop`, once set, ends it like a first Ctrl-C.

    `on_progress` is called from the searching threads, one call at a time. Raises RoundFailed, and whatever a policy
    raises: a fault in the program is no property of a theorem.
    """
    config = config or RoundConfig()
    stop = stop or threading.Event()
    searchers = _Searchers(log, round, plan, tools, config, stop, on_progress)
    with stop_on_signals(stop):
        for _ in range(1 + config.retries):
            pending = [theorem_of(record, round.benchmark) for record in log.pending(round)]
            if not pending or stop.is_set():
                break
            searchers.progress.total = searchers.progress.done + len(pending)
            searchers.run(pending)
    left = len(log.pending(round))
    if not left:
        log.finish_round(round)
    return RoundSummary(searchers.progress, left, stop.is_set())


@dataclass(slots=True)
class _Searchers:
    """The threads of a round and what they share."""

    log: RoundLog
    round: RoundRecord
    plan: Plan
    tools: Tools
    config: RoundConfig
    stop: threading.Event
    on_progress: Callable[[Progress], None] | None
    progress: Progress = field(default_factory=lambda: Progress(0))
    errors_in_a_row: int = 0
    groups: deque[list[Theorem]] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    started: float = field(default_factory=time.monotonic)

    def run(self, theorems: Sequence[Theorem]) -> None:
        """Attempts each theorem once. The first exception of a thread stops the others and is raised."""
        self.groups.extend(grouped_by_environment(theorems))
        # A search whose tactic is back waits for its turn behind another's arithmetic: 5 % more steps than with 5 ms.
        sys.setswitchinterval(0.0005)
        with ThreadPoolExecutor(self.config.threads, thread_name_prefix="search") as executor:
            threads = [executor.submit(self.work) for _ in range(self.config.threads)]
        for thread in threads:
            thread.result()

    def work(self) -> None:
        """One thread: group after group until there is none."""
        try:
            while group := self.next_group():
                for theorem in group:
                    if self.stop.is_set():
                        return
                    self.one(theorem)
        except BaseException:
            self.stop.set()
            raise

    def next_group(self) -> list[Theorem]:
        with self.lock:
            return self.groups.popleft() if self.groups else []

    def one(self, theorem: Theorem) -> None:
        seed = self.round.seed
        record = attempt(
            theorem,
            self.plan.phase(theorem, seed),
            seed,
            self.tools,
            minimize_steps=self.config.minimize_steps,
            closers=self.config.closers,
            stopped=self.stop.is_set,
            keep_trees=stream_seed(seed, "search tree", theorem.name) < self.config.trees * 2**63,
        )
        if record is not None:
            status = self.log.record_attempt(self.round, record).status
            with self.lock:
                self.count(record, status)

    def count(self, record: AttemptRecord, status: AttemptStatus) -> None:
        progress = self.progress
        progress.statuses[status] += 1
        progress.done += status is not AttemptStatus.ERROR
        progress.solved += status is AttemptStatus.PROVED
        progress.steps += record.steps
        progress.lean_seconds += record.lean_seconds
        progress.model_seconds += record.model_seconds
        progress.other_seconds += record.wall_seconds - record.lean_seconds - record.model_seconds
        progress.wall_seconds = time.monotonic() - self.started
        if self.on_progress:
            self.on_progress(replace(progress, statuses=Counter(progress.statuses)))
        self.errors_in_a_row = self.errors_in_a_row + 1 if status is AttemptStatus.ERROR else 0
        if self.errors_in_a_row >= self.config.errors_in_a_row:
            raise RoundFailed(
                f"{self.errors_in_a_row} attempts in a row ended in an error; the last, on {record.theorem}: "
                f"{record.reason} No theorem counts as failed by this. `flywheel doctor` says what is wrong; "
                "then run the same command again to resume."
            )


def grouped_by_environment(theorems: Sequence[Theorem]) -> list[list[Theorem]]:
    """The theorems in groups of at most GROUP of one environment; groups of one environment follow each other."""
    by_environment = sorted(theorems, key=lambda theorem: theorem.environment.key)
    groups = []
    for _, same in groupby(by_environment, key=lambda theorem: theorem.environment.key):
        members = list(same)
        groups += [members[start : start + GROUP] for start in range(0, len(members), GROUP)]
    return groups


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Inside, the first SIGINT or SIGTERM sets `stop`, and a second one does what it did before. Only the main thread
    can do this; elsewhere signals are left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, request_stop)
    try:
        yield
    finally:
        restore()
