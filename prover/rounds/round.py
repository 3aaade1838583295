"""One round: attempts for the pending theorems of a stored round, one search process a core, each stored as it ends.

    round = corpus.start_round(...)
    summary = run_round(corpus, round, plan, crew, verify)

Calling it again resumes: only theorems without a final attempt run. An attempt that ended in an error is tried twice
more and then left pending. The first Ctrl-C or SIGTERM lets running tactics end, keeps everything that was stored and
abandons the attempts under way; the second one interrupts at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from corpus.records import RoundRecord
from prover.rounds.attempt import Verify
from prover.rounds.coordinator import Coordinator, RoundLog
from prover.rounds.plan import Plan, RoundConfig
from prover.rounds.progress import Job, Progress
from prover.rounds.team import Team


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What one call of `run_round` did. `pending`: theorems that still have no final attempt; `interrupted`: somebody
    asked it to stop."""

    progress: Progress
    pending: int
    interrupted: bool


def run_round(
    log: RoundLog,
    round: RoundRecord,
    plan: Plan,
    crew: Team[Any],
    verify: Verify,
    config: RoundConfig | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> RoundSummary:
    """Runs what is pending of `round`; see the module's text. `stop`, once set, ends it like a first Ctrl-C.

    `verify` is called from several threads of this process. Raises RoundFailed, and whatever a policy raises: a fault
    in the program is no property of a theorem.
    """
    (summary,) = run_rounds(log, [Job(round, plan, on_progress)], crew, verify, config, stop=stop)
    return summary


def run_rounds(
    log: RoundLog,
    jobs: Iterable[Job],
    crew: Team[Any],
    verify: Verify,
    config: RoundConfig | None = None,
    *,
    stop: threading.Event | None = None,
) -> list[RoundSummary]:
    """Several rounds, one behind the other: the next one is taken up as soon as a search process has nothing to do, so
    that none waits for the last theorem of another. Of those that were taken up, what `run_round` returns and raises.
    """
    stop = stop or threading.Event()
    with stop_on_signals(stop):
        taken = Coordinator(log, iter(jobs), crew, verify, config or RoundConfig(), stop).run()
    summaries = []
    for job in taken:
        left = len(log.pending(job.round, ordinal=job.ordinal))
        if not left:
            log.finish_round(job.round)
        summaries.append(RoundSummary(job.progress, left, stop.is_set()))
    return summaries


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
