"""The coordinator of a round: hands theorems to search processes, has claims certified, and alone writes the corpus.

One thread hands out, listens and stores. Beside it, one thread a process waits for the gate or for a policy that lives
here. What is ready at the same time is stored in one transaction. A process gets its next theorem when its attempt is
stored, so that a kill at any moment costs one attempt a process.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from corpus.records import AttemptRecord, AttemptStatus, Recorded, RoundRecord, TheoremRecord
from lean_env.theorem import Theorem
from prover.policies.batching import BatchingPolicy
from prover.policy import Policy
from prover.rounds.attempt import Searched, Verify, settle
from prover.rounds.messages import Answer, Ask, Done, Fault, Forget, Keep, Order, Stop, pack_policy
from prover.rounds.plan import RoundConfig, grouped_by_environment, theorem_of
from prover.rounds.progress import Job, RoundFailed
from prover.rounds.team import CrewLost, Member, Team
from prover.search.streams import stream_seed

#: A theorem under which so many search processes ended is not tried again by this call.
MAX_DEATHS = 3
#: Seconds after which a request to stop is seen at the latest.
_LOOK_UP = 0.1
#: Attempts that may wait for the gate, or searches for a policy that lives here, at a time.
_HELPERS = 64


class RoundLog(Protocol):
    """The part of `corpus.store.Corpus` that a round needs."""

    def pending(
        self, round: RoundRecord, *, ordinal: int = 0, max_errors: int | None = None
    ) -> list[TheoremRecord]: ...

    def record_attempts(self, attempts: Sequence[tuple[RoundRecord, AttemptRecord]]) -> list[Recorded]: ...

    def finish_round(self, round: RoundRecord) -> RoundRecord: ...


@dataclass(slots=True, eq=False)
class _Task:
    """A theorem to be tried, and what has gone wrong with it so far."""

    job: Job
    theorem: Theorem
    errors: int = 0
    deaths: int = 0


@dataclass(slots=True)
class _Numbered:
    """A policy as the search processes know it; `asked` if it stays here."""

    policy: Policy
    number: int
    pickled: bytes | None
    asked: BatchingPolicy | None


@dataclass(slots=True)
class Coordinator:
    """One call of `run_rounds`. `jobs` are taken up as they are needed."""

    log: RoundLog
    jobs: Iterator[Job]
    crew: Team[Any]
    verify: Verify
    config: RoundConfig
    stop: threading.Event
    taken: list[Job] = field(default_factory=list)
    groups: deque[deque[_Task]] = field(default_factory=deque)
    #: The rest of the group that a process is at.
    held: dict[Member, deque[_Task]] = field(default_factory=dict)
    #: What is searched for now, and by whom.
    searching: dict[Member, _Task] = field(default_factory=dict)
    #: What these have asked a policy that lives here, until they are told.
    asking: dict[Member, Ask] = field(default_factory=dict)
    asking_guard: threading.Lock = field(default_factory=threading.Lock)
    #: When these were last heard of. A process that waits for an answer from here is not among them.
    heard: dict[Member, float] = field(default_factory=dict)
    #: Processes whose attempt is with the gate, or waits to be stored.
    settling: set[Member] = field(default_factory=set)
    finished: queue.SimpleQueue[tuple[Member | None, _Task, AttemptRecord | BaseException]] = field(
        default_factory=queue.SimpleQueue
    )
    policies: dict[int, _Numbered] = field(default_factory=dict)
    helpers: ThreadPoolExecutor = field(init=False)
    #: The first thing that went wrong with the program or the machine; raised once nothing is under way.
    failure: BaseException | None = None
    #: Whether every job was taken up.
    dry: bool = False
    #: Attempts that are with the gate, or wait to be stored.
    unstored: int = 0

    def run(self) -> list[Job]:
        """Until nothing is left or somebody asks to stop; the jobs that were taken up. Raises RoundFailed, and the
        first exception of a policy, a search or the gate."""
        if not self.refill():
            return self.taken
        # Threads start as they are needed: one a process, and on a cluster more processes may join.
        self.helpers = ThreadPoolExecutor(max(self.crew.size, _HELPERS), "settle")
        try:
            self.crew.fill()
            while self.under_way:
                self.listen()
                self.store()
                if self.halted:
                    self.call_off()
                self.hand_out()
        except CrewLost as lost:
            raise RoundFailed(str(lost)) from lost
        finally:
            self.leave()
        if self.failure is not None:
            raise self.failure
        return self.taken

    @property
    def halted(self) -> bool:
        return self.stop.is_set() or self.failure is not None

    @property
    def under_way(self) -> bool:
        """Whether there is anything to hand out, to hear or to store."""
        waiting = bool(self.groups) or any(self.held.values()) or not (self.dry or self.halted)
        return waiting or bool(self.searching) or bool(self.unstored)

    def call_off(self) -> None:
        """Nothing new is handed out; searches end before their next tactic, also those that wait for a policy."""
        self.groups.clear()
        self.held.clear()
        for process in self.searching:
            process.say(Stop())
        with self.asking_guard:
            waiting = list(self.asking.items())
        for process, ask in waiting:
            self.tell(process, ask, Answer(None))
        self.give_up()

    def give_up(self) -> None:
        """No thread waits for a policy any longer, where it can be given up."""
        for known in list(self.policies.values()):
            if known.asked is not None:
                known.asked.give_up()

    # --- handing out ------------------------------------------------------------------------------------------------

    def hand_out(self) -> None:
        """Gives every idle process a theorem."""
        for process in self.crew.processes:
            if process.ready and process not in self.searching and process not in self.settling:
                if (task := self.next_task(process)) is None:
                    return
                self.searching[process] = task
                self.order(process, task)

    def next_task(self, process: Member) -> _Task | None:
        """The next of the process's own group, of a new one, or the last of the longest that another one has."""
        if not self.held.get(process) and self.refill():
            self.held[process] = self.groups.popleft()
        if mine := self.held.get(process):
            return mine.popleft()
        longest = max(self.held.values(), key=len, default=None)
        return longest.pop() if longest else None

    def refill(self) -> bool:
        """Whether there is a group; the next job is taken up where there was none."""
        while not (self.groups or self.dry or self.halted):
            if (job := next(self.jobs, None)) is None:
                self.dry = True
                break
            pending = self.log.pending(job.round, ordinal=job.ordinal)
            theorems = [job.plan.lent(theorem_of(record, job.round.benchmark)) for record in pending]
            job.progress.total = len(theorems)
            self.groups.extend(deque(_Task(job, t) for t in group) for group in grouped_by_environment(theorems))
            self.taken.append(job)
        return bool(self.groups)

    def order(self, process: Member, task: _Task) -> None:
        self.heard[process] = time.monotonic()
        seed, name = task.job.seed, task.theorem.name
        phase = task.job.plan.phase(task.theorem, seed)
        policy = self.numbered(phase.policy)
        if policy.number not in process.policies:
            process.policies.add(policy.number)
            process.say(Keep(policy.number, policy.pickled))
        process.say(
            Order(
                theorem=task.theorem,
                policy=policy.number,
                budget=phase.budget,
                search=phase.search,
                source=phase.source,
                seed=seed,
                minimize_steps=self.config.minimize_steps,
                closers=self.config.closers,
                keep_trees=stream_seed(seed, "search tree", name) < self.config.trees * 2**63,
                closed_goals=self.config.closed_goals,
            )
        )

    def numbered(self, policy: Policy) -> _Numbered:
        known = self.policies.get(id(policy))
        if known is None:
            pickled = pack_policy(policy)
            asked = BatchingPolicy(policy, self.config.deterministic) if pickled is None else None
            known = self.policies[id(policy)] = _Numbered(policy, self.crew.number(), pickled, asked)
        return known

    # --- listening --------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Hears whoever has something to say, at most `_LOOK_UP` seconds from now, and ends who has been silent."""
        spoken = self.crew.hear(_LOOK_UP)
        for hung in self.silent({process for process, _ in spoken}):
            self.bury(hung, f"silent for {self.config.silence:.0f} s, ")
        for process, message in spoken:
            if message is None:
                self.bury(process)
                continue
            self.heard[process] = time.monotonic()
            match message:
                case Ask():
                    del self.heard[process]
                    with self.asking_guard:
                        self.asking[process] = message
                    self.helpers.submit(self.answer, process, message)
                case Done(searched):
                    task = self.searching.pop(process)
                    if searched is not None:
                        self.settling.add(process)
                        self.settle(process, task, searched)
                case Fault(error, trace):
                    self.searching.pop(process, None)
                    fault = error or RuntimeError("a search process failed")
                    fault.add_note(f"In a search process:\n{trace}")
                    self.fail(fault)

    def silent(self, spoken: Set[Member]) -> list[Member]:
        """The processes that are at work and have said nothing for too long."""
        too_long = time.monotonic() - self.config.silence
        return [
            process
            for process in self.searching
            if process not in spoken and self.heard.get(process, too_long) < too_long
        ]

    def bury(self, process: Member, why: str = "") -> None:
        """A process died, or is ended for what `why` says. Its theorem is tried again, unless it has cost too many."""
        self.heard.pop(process, None)
        with self.asking_guard:
            self.asking.pop(process, None)
        self.settling.discard(process)
        task = self.searching.pop(process, None)
        if held := self.held.pop(process, None):
            self.groups.appendleft(held)
        how = why + self.crew.replace(process)
        if task is None or self.halted:
            return
        task.deaths += not process.machine_lost
        if task.deaths < MAX_DEATHS:
            self.groups.appendleft(deque([task]))
            return
        reason = f"crashed: {task.deaths} search processes ended under it, the last {how}"
        lost = AttemptRecord(task.theorem.name, AttemptStatus.ERROR, steps=0, heartbeats=0, reason=reason)
        self.unstored += 1
        self.finished.put((None, task, lost))

    def fail(self, error: BaseException) -> None:
        self.failure = self.failure or error

    # --- helpers' threads -------------------------------------------------------------------------------------------

    def answer(self, process: Member, ask: Ask) -> None:
        """Asks a policy that lives here."""
        (asked,) = (known.asked for known in list(self.policies.values()) if known.number == ask.policy)
        assert asked is not None
        try:
            proposals, seconds = asked.propose_timed(ask.queries)
        except BaseException as error:
            if self.asking.get(process) is ask:  # nobody's failure where nobody waits any longer
                self.fail(error)
            self.tell(process, ask, Answer(None))
        else:
            self.tell(process, ask, Answer(proposals, seconds))

    def tell(self, process: Member, ask: Ask, answer: Answer) -> bool:
        """Answers, unless that was done: whether somebody still waited."""
        with self.asking_guard:
            if self.asking.get(process) is not ask:
                return False
            del self.asking[process]
        self.heard[process] = time.monotonic()
        process.say(answer)
        return True

    def settle(self, process: Member, task: _Task, searched: Searched) -> None:
        """What needs no gate is settled at once, a claim in a thread of its own."""
        self.unstored += 1
        if searched.found is None or searched.trouble:
            self.finished.put((process, task, settle(searched, self.verify)))
        else:
            self.helpers.submit(self.certify, process, task, searched)

    def certify(self, process: Member, task: _Task, searched: Searched) -> None:
        try:
            self.finished.put((process, task, settle(searched, self.verify)))
        except BaseException as error:
            self.finished.put((process, task, error))
        self.crew.wake()

    # --- storing ----------------------------------------------------------------------------------------------------

    def store(self) -> None:
        """Everything that is settled, in one transaction; then its processes are free."""
        batch: list[tuple[_Task, AttemptRecord]] = []
        while not self.finished.empty():
            process, task, outcome = self.finished.get()
            self.unstored -= 1
            if process is not None:
                self.settling.discard(process)
            if isinstance(outcome, BaseException):
                self.fail(outcome)
            else:
                batch.append((task, outcome))
        if not batch:
            return
        stored = self.log.record_attempts(
            [(task.job.round, replace(record, ordinal=task.job.ordinal)) for task, record in batch]
        )
        for (task, record), recorded in zip(batch, stored, strict=True):
            if recorded.status is AttemptStatus.ERROR and task.deaths < MAX_DEATHS:
                task.errors += 1
                if task.errors <= self.config.retries:
                    self.groups.append(deque([task]))
            try:
                task.job.count(record, recorded.status, self.config.errors_in_a_row)
            except RoundFailed as failed:
                self.fail(failed)

    def leave(self) -> None:
        """The crew as the next round may find it: searches that are still under way end with their processes."""
        self.helpers.shutdown(wait=False, cancel_futures=True)
        self.give_up()
        for process in list(self.searching):
            if process in self.crew.processes:
                self.crew.retire(process)
        numbers = tuple(known.number for known in self.policies.values())
        for process in self.crew.processes:
            if process.policies:
                process.say(Forget(numbers))
                process.policies.clear()
